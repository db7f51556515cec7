//! What the passing of time calls for.

use std::time::Duration;

use zeekwire_types::{Instant, TrafficClass};

use super::{LinkEnd, LinkKey, Node, Output};
use crate::session::{Liveness, Offered, Pulse};
use crate::wire::{Control, Reason};

impl Node {
    /// How often to call [`Node::tick`] while there are links.
    #[must_use]
    pub fn tick_interval(&self) -> Duration {
        let liveness = &self.config.session.liveness;
        Liveness::tick_interval(liveness)
            .min(self.config.stall_max / 2)
            .max(Duration::from_millis(1))
    }

    /// Sends heartbeats that are due, gives up silent peers, reports drops, frees waiting origins.
    ///
    /// One tick serves all links, so that a thousand idle ones cost a thousand glances and no
    /// wake-ups of their own.
    pub fn tick(&mut self, now: Instant) {
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
            match link.session.liveness.pulse(now, up) {
                Pulse::Fine => {}
                // What waits already will show that we live as soon as the socket takes it.
                Pulse::Speak
                    if link.session.outgoing.queued_messages(TrafficClass::Control) > 0 => {}
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
            self.report_drops(key);
            if let Some(link) = self.link_mut(key) {
                stalled |= link.look(now) | link.is_congested();
            }
        }
        if stalled {
            self.outputs.push_back(Output::Relaxed);
        }
    }

    /// Sends a heartbeat. All are alike, so one was built beforehand.
    fn speak(&mut self, key: LinkKey) {
        let heartbeat = std::mem::take(&mut self.heartbeat);
        if let Some(link) = self.link_mut(key) {
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

    fn report_drops(&mut self, key: LinkKey) {
        for class in TrafficClass::ALL {
            let Some(link) = self.link_mut(key) else {
                return;
            };
            let (messages, bytes) = std::mem::take(&mut link.inbox_drops[class.index()]);
            if messages > 0 && link.is_up() {
                self.send_control(
                    key,
                    &Control::Dropped {
                        class,
                        messages,
                        bytes,
                    },
                );
            }
        }
    }
}
