//! From a publication to the links that want it.

use std::ops::Range;
use std::time::Duration;

use zeekwire_types::{Instant, TrafficClass};

use super::congestion::Verdict;
use super::{LOSSLESS_PATIENCE, LinkKey, Node};
use crate::session::Offered;

/// Where a publication went.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Published {
    /// Links that took it.
    pub links: u32,
    /// Links that dropped it.
    pub dropped: u32,
    /// Its origin should wait before it publishes on this topic again.
    pub hold: bool,
    /// So much is staged for a link that it should be written before more is published: the
    /// socket may take what the queue could not.
    pub crowded: bool,
}

/// The targets of one topic at one moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Routed {
    /// Nobody wants it.
    Nobody,
    /// Exactly one link wants it, and that link has nothing waiting.
    OneIdleLink(LinkKey),
    /// Anything else.
    Others,
}

/// The topic routed last, whose targets still lie in `Node::targets`.
#[derive(Debug, Default)]
pub(super) struct LastRoute {
    topic: Vec<u8>,
    remote_generation: u64,
    loopback_generation: u64,
    paths_epoch: u64,
    known: bool,
}

impl LastRoute {
    pub(super) const fn forget(&mut self) {
        self.known = false;
    }
}

impl Node {
    /// Sends one whole message, `source[range]`, to every link that subscribed to `topic`.
    ///
    /// What is staged must be written in this turn, with the same `source`; links are named by
    /// [`Node::take_dirty`]. Local subscribers to this node's own publications are named by
    /// [`Node::loopback_targets`] until the next call.
    pub fn publish(
        &mut self,
        now: Instant,
        class: TrafficClass,
        topic: &[u8],
        source: &[u8],
        range: Range<usize>,
    ) -> Published {
        self.find_targets(topic);
        let verdict = self.verdict(now, class);
        let mut published = Published {
            hold: verdict.hold(),
            ..Published::default()
        };
        let stall_max = self.stall_max();
        for at in 0..self.targets.len() {
            let Some(link) = self.links.get_mut(self.targets[at] as usize) else {
                continue;
            };
            let key = link.key;
            let outgoing = &mut link.session.outgoing;
            let was_staging = outgoing.staged_bytes() > 0;
            let congestion = &mut link.congestion[class.index()];
            let policy = outgoing.limits().policy;
            let taker = congestion.taker(now, class, policy, stall_max);
            if !verdict.offers_to(taker) {
                outgoing.refuse(&source[range.clone()]);
                published.dropped += 1;
                continue;
            }
            match outgoing.offer(class, source, range.clone()) {
                Offered::Staged => {
                    published.links += 1;
                    published.crowded |= outgoing.is_congested(class);
                    if !was_staging {
                        self.dirty.push(key);
                    }
                    continue;
                }
                Offered::Queued => published.links += 1,
                Offered::Dropped => published.dropped += 1,
                Offered::Overflow => {
                    published.dropped += 1;
                    self.overflow(key);
                    continue;
                }
            }
            if outgoing.is_writable() {
                self.dirty.push(key);
            }
            if !congestion.is_full() {
                congestion.look(now, outgoing, class);
                published.hold |= congestion.is_full() && self.verdict(now, class).hold();
            }
        }
        published
    }

    /// For how long a taker that does not move makes publishers wait.
    fn stall_max(&self) -> Duration {
        match self.config.lossless {
            true => self.config.stall_max.max(LOSSLESS_PATIENCE),
            false => self.config.stall_max,
        }
    }

    /// Whether publishers of `class` on the topic routed last should wait.
    fn verdict(&mut self, now: Instant, class: TrafficClass) -> Verdict {
        let stall_max = self.stall_max();
        let mut verdict = Verdict::new(self.config.lossless);
        for target in &self.targets {
            if let Some(link) = self.links.get_mut(*target as usize) {
                verdict.add(link.taker(now, class, stall_max));
            }
        }
        verdict
    }

    /// Whether publishers of `class` on `topic` should still wait.
    pub fn is_held(&mut self, now: Instant, class: TrafficClass, topic: &[u8]) -> bool {
        self.find_targets(topic);
        self.verdict(now, class).hold()
    }

    /// Who would get a message about `topic` now.
    pub fn route(&mut self, topic: &[u8]) -> Routed {
        if self.forwards() && self.db.is_shared(topic) {
            return Routed::Others;
        }
        self.find_targets(topic);
        match (&self.targets[..], &self.loopback_targets[..]) {
            ([], []) => Routed::Nobody,
            ([only], []) => match self.links.get(*only as usize) {
                Some(link) if link.session.outgoing.is_idle() => Routed::OneIdleLink(link.key),
                _ => Routed::Others,
            },
            _ => Routed::Others,
        }
    }

    /// The links of all who would get a message about `topic` now.
    pub(super) fn targets_of(&mut self, topic: &[u8]) -> Vec<u32> {
        self.find_targets(topic);
        self.targets.clone()
    }

    /// Names, in [`Node::local_targets`], the local subscribers that want what arrives on `topic`.
    pub fn find_local(&mut self, topic: &[u8]) {
        self.local_targets.clear();
        self.local_targets
            .extend_from_slice(self.local.targets(topic));
    }

    /// Local subscribers to this node's own publications that wanted the last one.
    #[must_use]
    pub fn loopback_targets(&self) -> &[u32] {
        &self.loopback_targets
    }

    /// Takes note that the queues of a link may have room again. Call after each write.
    pub fn relax(&mut self, now: Instant, key: LinkKey) {
        self.go_on_syncing(key);
        if self.link_mut(key).is_some_and(|link| link.look(now)) {
            self.outputs.push_back(super::Output::Relaxed);
        }
    }

    fn find_targets(&mut self, topic: &[u8]) {
        self.settle();
        let last = &self.routed;
        if last.known
            && last.topic == topic
            && last.remote_generation == self.remote.generation()
            && last.loopback_generation == self.loopback.generation()
            && last.paths_epoch == self.db.epoch()
        {
            return;
        }
        let mut targets = std::mem::take(&mut self.targets);
        targets.clear();
        self.find_edges(topic, &mut targets);
        if self.forwards() {
            self.db.links_towards(topic, self.own.tree(), &mut targets);
            targets.sort_unstable();
            targets.dedup();
        }
        self.targets = targets;
        self.loopback_targets.clear();
        self.loopback_targets
            .extend_from_slice(self.loopback.targets(topic));
        self.routed = LastRoute {
            topic: {
                let mut known = std::mem::take(&mut self.routed.topic);
                known.clear();
                known.extend_from_slice(topic);
                known
            },
            remote_generation: self.remote.generation(),
            loopback_generation: self.loopback.generation(),
            paths_epoch: self.db.epoch(),
            known: true,
        };
    }

    /// Finds the links whose peers asked for a topic themselves, but for those that it may not
    /// leave over, and one link at most to each peer.
    pub(super) fn find_edges(&mut self, topic: &[u8], targets: &mut Vec<u32>) {
        targets.clear();
        targets.extend_from_slice(self.remote.targets(topic));
        let Self {
            links,
            advertised,
            twins,
            ..
        } = self;
        targets.retain(|target| {
            links.get(*target as usize).is_some_and(|link| {
                let open = link.is_up() && !link.ended;
                open && (link.config.auto_advertise || advertised.allow(topic, *target))
            })
        });
        if *twins > 0 {
            let mut seen = std::collections::BTreeSet::new();
            targets.retain(|target| {
                let peer = links.get(*target as usize).and_then(|link| link.peer());
                peer.is_some_and(|peer| seen.insert(peer.node.clone()))
            });
        }
    }
}
