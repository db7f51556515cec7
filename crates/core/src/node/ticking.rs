//! What the passing of time calls for.

use std::time::Duration;

use zeekwire_types::{Instant, TrafficClass};

use super::{Link, LinkEnd, LinkKey, Node, Output};
use crate::session::{Liveness, Offered, Pulse};
use crate::wire::Reason;

/// A peer that routes must have told all it knows, and have announced the link, within this time.
const JOINING_MAX: Duration = Duration::from_secs(30);
/// How often to look while an answer is awaited.
const PENDING_TICK: Duration = Duration::from_millis(100);

impl Node {
    /// How often to call [`Node::tick`] while there are links.
    #[must_use]
    pub fn tick_interval(&self) -> Duration {
        let liveness = &self.config.session.liveness;
        let pending = self.is_probing() || !self.confirmations.is_idle();
        Liveness::tick_interval(liveness)
            .min(self.config.stall_max / 2)
            .min(if pending { PENDING_TICK } else { Duration::MAX })
            .max(Duration::from_millis(1))
    }

    /// Whether [`Node::tick`] has anything to do.
    #[must_use]
    pub fn needs_ticks(&self) -> bool {
        !self.links.is_empty() || self.membership.up().next().is_some() || self.is_probing()
    }

    /// Sends heartbeats that are due, gives up silent peers, reports drops, frees waiting origins.
    ///
    /// One tick serves all links, so that a thousand idle ones cost a thousand glances and no
    /// wake-ups of their own.
    pub fn tick(&mut self, now: Instant) {
        self.now = now;
        self.tick_members();
        self.report_own_losses();
        let keys: Vec<LinkKey> = self.links.iter().map(|(_, link)| link.key).collect();
        let mut stalled = false;
        for key in keys {
            let Some(link) = self.link_mut(key) else {
                continue;
            };
            if link.ended {
                continue;
            }
            let up = link.is_up();
            let joining = link.mesh.as_ref().is_some_and(|mesh| !mesh.active);
            let open_for = now.since(link.opened_at);
            if up && joining && open_for >= JOINING_MAX {
                // It would keep everybody waiting who subscribes here.
                self.give_up(key, LinkEnd::HandshakeTimeout(open_for));
                continue;
            }
            match link.session.liveness.pulse(now, up) {
                Pulse::Fine => {}
                Pulse::Speak => self.speak(key),
                Pulse::Silent(silent) if up => {
                    self.give_up(key, LinkEnd::Silent(silent));
                    continue;
                }
                Pulse::Silent(after) => {
                    self.give_up(key, LinkEnd::HandshakeTimeout(after));
                    continue;
                }
            }
            self.report_link_losses(key);
            if let Some(link) = self.link_mut(key) {
                stalled |= link.look(now) | link.is_congested();
            }
        }
        if stalled {
            self.outputs.push_back(Output::Relaxed);
        }
        self.settle();
    }

    /// Answers a heartbeat, unless this side spoke not long ago.
    pub(super) fn answer_heartbeat(&mut self, key: LinkKey) {
        let link = self.link_mut(key);
        if link.is_some_and(|link| link.session.liveness.heartbeat_received()) {
            self.speak(key);
        }
    }

    /// Sends a heartbeat. All are alike, so one was built beforehand.
    fn speak(&mut self, key: LinkKey) {
        let heartbeat = std::mem::take(&mut self.heartbeat);
        // What waits already will show that we live as soon as the socket takes it.
        let silent =
            |link: &&mut Link| link.session.outgoing.queued_messages(TrafficClass::Control) == 0;
        if let Some(link) = self.link_mut(key).filter(silent) {
            let outgoing = &mut link.session.outgoing;
            let fits = outgoing.enqueue(TrafficClass::Control, &heartbeat) == Offered::Queued;
            self.dirty.push(key);
            if !fits {
                self.overflow(key);
            }
        }
        self.heartbeat = heartbeat;
    }

    fn give_up(&mut self, key: LinkKey, end: LinkEnd) {
        if let Some(link) = self.link_mut(key) {
            link.session.close(Reason::Unspecified, &end.to_string());
        }
        self.dirty.push(key);
        self.end_link(key, end);
    }
}
