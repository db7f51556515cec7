//! Choosing who of a group gets a message.

use std::collections::BTreeMap;

use zeekwire_types::limits::TOPIC_BYTES_MAX;

use super::Node;
use crate::routing::{SHARE_PREFIX, Shared};

/// Whose turn it is, by group.
#[derive(Debug, Default)]
pub(super) struct Turns {
    by_group: BTreeMap<Box<[u8]>, usize>,
}

/// Groups whose turn is remembered; beyond it all start again.
const GROUP_COUNT_MAX: usize = 4096;

impl Turns {
    fn next(&mut self, group: &[u8], count: usize) -> usize {
        if self.by_group.len() >= GROUP_COUNT_MAX && !self.by_group.contains_key(group) {
            self.by_group.clear();
        }
        match self.by_group.get_mut(group) {
            Some(turn) => {
                *turn = (*turn + 1) % count;
                *turn
            }
            None => {
                self.by_group.insert(group.into(), 0);
                0
            }
        }
    }
}

impl Node {
    /// Whether any group shares anything.
    #[must_use]
    pub fn has_shares(&self) -> bool {
        self.forwards() && self.db.has_shares()
    }

    /// The topics on which copies of a message about `topic`, which enters the cluster here, go to
    /// one node of each group that shares it. Nodes take turns.
    ///
    /// This node itself takes part where the message is not its own.
    pub fn shared_topics(&mut self, topic: &[u8], is_own: bool) -> Vec<Vec<u8>> {
        if !self.has_shares() || topic.starts_with(SHARE_PREFIX) {
            return Vec::new();
        }
        self.settle();
        let groups = self.db.sharing(topic);
        let turns = &mut self.turns;
        let own = self.config.id.name.as_str().as_bytes();
        let chosen = groups.into_iter().filter_map(|(group, mut nodes)| {
            nodes.retain(|node| !is_own || **node != *own);
            if nodes.is_empty() {
                return None;
            }
            let node = &nodes[turns.next(&group, nodes.len())];
            let shared = [SHARE_PREFIX, &group, b"/", node, b"/", topic].concat();
            (shared.len() <= TOPIC_BYTES_MAX).then_some(shared)
        });
        chosen.collect()
    }
}

/// Whether copies on a topic that [`Node::shared_topics`] gave go to `node`.
#[must_use]
pub fn is_share_of(topic: &[u8], node: &zeekwire_types::NodeName) -> bool {
    Shared::parse(topic).is_some_and(|shared| shared.node == node.as_str().as_bytes())
}

/// What a message about `topic` is about to those who share it: how many bytes to skip.
#[must_use]
pub fn shared_prefix_bytes(topic: &[u8]) -> usize {
    Shared::parse(topic).map_or(0, |shared| topic.len() - shared.rest.len())
}
