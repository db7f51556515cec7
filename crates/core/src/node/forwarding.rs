//! Passing messages on.

use std::ops::Range;
use std::time::Duration;

use zeekwire_types::limits::{FRAGMENT_BYTES_MAX, HOP_LIMIT_MAX};
use zeekwire_types::{Instant, Role, TrafficClass};

use super::{LinkKey, Node};
use crate::session::Offered;
use crate::wire::{FrameHeader, LossCause};

/// Whether and how a member passes on what others published.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Forwarding {
    /// To wherever it is wanted.
    #[default]
    Routed,
    /// As the rules say, and nothing else: see [`Node::add_rule`]. Routing ends at this node.
    Rules,
    /// Not at all. Routing ends at this node.
    Off,
}

/// What became of a message that was passed on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Forwarded {
    /// Links that took it.
    pub links: u32,
    /// Links that dropped it.
    pub dropped: u32,
    /// Bytes were staged: write them before the source changes.
    pub staged: bool,
    /// A link that should have it is behind, and nothing may be lost: keep its bytes back from
    /// the credit of whoever sent it until [`Node::is_behind`] says otherwise of its class.
    pub hold: bool,
}

/// How a message goes on from here.
#[derive(Debug, Default)]
pub(super) struct Onward {
    /// Links by number, each once.
    pub(super) links: Vec<u32>,
    /// Whose tree it follows from here on.
    pub(super) tree: u32,
    /// Why it does not reach all who want it.
    pub(super) lost: Option<LossCause>,
}

/// How long a node that must not lose what it passes on waits for a queue that does not move.
pub const LOSSLESS_PATIENCE: Duration = Duration::from_secs(10);

impl Onward {
    /// Whether nothing is to be done.
    pub(super) const fn is_idle(&self) -> bool {
        self.links.is_empty() && self.lost.is_none()
    }
}

impl Node {
    /// Whether this node passes on what others published, by its routes.
    pub(super) fn forwards(&self) -> bool {
        self.config.role == Role::Member && self.config.forwarding == Forwarding::Routed
    }

    /// Whether the peer of a link does not route, or is gone.
    pub(super) fn is_edge(&self, key: LinkKey) -> bool {
        self.link(key).is_none_or(|link| link.mesh.is_none())
    }

    /// Finds where a message that came over `from` goes on.
    pub(super) fn find_onward(
        &mut self,
        from: LinkKey,
        tree: u32,
        topic: &[u8],
        onward: &mut Onward,
    ) {
        onward.links.clear();
        onward.lost = None;
        onward.tree = tree;
        if self.config.forwarding == Forwarding::Rules {
            self.find_by_rules(from, topic, &mut onward.links);
            return;
        }
        if !self.forwards() {
            return;
        }
        self.settle();
        if self.is_edge(from) {
            // It enters the members' component here.
            onward.tree = self.own.tree();
        }
        self.find_edges(topic, &mut onward.links);
        let known = self.db.links_towards(topic, onward.tree, &mut onward.links);
        if !known && self.db.is_wanted(topic) {
            onward.lost = Some(LossCause::NoRoute);
        }
        onward.links.retain(|link| *link != from.slot());
        onward.links.sort_unstable();
        onward.links.dedup();
    }

    /// The header with which a message goes on; `None` if it goes nowhere.
    pub(super) fn onward_header(
        &mut self,
        from: LinkKey,
        header: &FrameHeader,
        onward: &Onward,
        message: &[u8],
    ) -> Option<[u8; zeekwire_types::limits::FRAME_HEADER_BYTES]> {
        if let Some(cause) = onward.lost {
            self.drops.count(message, cause);
        }
        if onward.links.is_empty() {
            return None;
        }
        let enters = header.tree != onward.tree || self.is_edge(from);
        let hop_limit = if enters {
            HOP_LIMIT_MAX
        } else {
            header.hop_limit.saturating_sub(1)
        };
        if hop_limit == 0 {
            self.drops.count(message, LossCause::HopLimit);
            return None;
        }
        let header = FrameHeader {
            hop_limit,
            tree: onward.tree,
            ..*header
        };
        Some(header.encode())
    }

    /// Passes the message received last on, to the links that want it.
    ///
    /// `source[range]` is the message, whole, with the header that [`super::Message::forward`]
    /// gave it. What is staged must be written before `source` changes; links are named by
    /// [`Node::take_dirty`].
    pub fn forward(
        &mut self,
        now: Instant,
        class: TrafficClass,
        source: &[u8],
        range: Range<usize>,
    ) -> Forwarded {
        let mut forwarded = Forwarded::default();
        let lossless = self.config.lossless;
        let targets = std::mem::take(&mut self.forward_targets);
        for target in &targets {
            let Some(link) = self.links.get_mut(*target as usize) else {
                continue;
            };
            if !link.is_up() || link.ended {
                continue;
            }
            let key = link.key;
            // A queue that stands still for too long may be one of a ring of nodes that wait for
            // each other: it loses, so that the others go on.
            let gave_up = link.congestion[class.index()].stands_still(now, LOSSLESS_PATIENCE);
            let outgoing = &mut link.session.outgoing;
            let was_staging = outgoing.staged_bytes() > 0;
            let offered = if lossless && !gave_up {
                outgoing.offer_lossless(class, source, range.clone())
            } else {
                outgoing.offer(class, source, range.clone())
            };
            match offered {
                Offered::Staged => {
                    forwarded.links += 1;
                    forwarded.staged = true;
                    if !was_staging {
                        self.dirty.push(key);
                    }
                    continue;
                }
                Offered::Queued => forwarded.links += 1,
                Offered::Dropped => forwarded.dropped += 1,
                Offered::Overflow => {
                    forwarded.dropped += 1;
                    self.overflow(key);
                    continue;
                }
            }
            // What was dropped changes nothing, and what lacks credit goes out when that comes.
            let first_bytes = range.len().min(FRAGMENT_BYTES_MAX) as u64;
            let goes_out = offered == Offered::Queued
                && outgoing.is_writable()
                && outgoing.credit_left(class) >= first_bytes;
            if goes_out && self.dirty.last() != Some(&key) {
                self.dirty.push(key);
            }
            let congestion = &mut link.congestion[class.index()];
            if !congestion.is_full() {
                congestion.look(now, outgoing, class);
            }
            forwarded.hold |= lossless && congestion.is_full() && !gave_up;
        }
        self.forward_targets = targets;
        forwarded
    }

    /// Whether any link of a node that must not lose what it passes on is behind with a class.
    #[must_use]
    pub fn is_behind(&self, class: TrafficClass) -> bool {
        let waits = |link: &super::Link| {
            let congestion = &link.congestion[class.index()];
            congestion.is_full() && !congestion.stands_still(self.now, LOSSLESS_PATIENCE)
        };
        self.config.lossless && self.links().any(waits)
    }
}
