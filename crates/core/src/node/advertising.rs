//! Which topics may leave the node over which link.

use zeekwire_types::TopicFilter;

use super::{LinkKey, Node};
use crate::topics::FilterIndex;

/// Stands for every link, present and future.
const EVERY_LINK: u32 = u32::MAX;

/// What was advertised. Links that advertise everything by themselves are not asked about here.
#[derive(Debug)]
pub(super) struct Advertisements {
    index: FilterIndex<u32>,
    found: Vec<u32>,
    /// Changes with what may leave.
    pub(super) generation: u64,
}

impl Advertisements {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            index: FilterIndex::new(seed),
            found: Vec::new(),
            generation: 0,
        }
    }

    /// Whether `topic` may leave over the link with this index.
    pub(super) fn allow(&mut self, topic: &[u8], link: u32) -> bool {
        if topic.starts_with(b".node.") {
            return true;
        }
        self.index.matches(topic, &mut self.found);
        self.found
            .iter()
            .any(|found| matches!(*found, EVERY_LINK) || *found == link)
    }

    pub(super) fn remove_link(&mut self, link: u32) {
        self.index.remove_key(link);
    }
}

impl Node {
    /// Lets topics that match leave over `link`, or over all present and future links. A link that
    /// is over takes no advertisement.
    pub fn advertise(&mut self, filter: &TopicFilter, link: Option<LinkKey>) {
        let Some(slot) = self.advertising_slot(link) else {
            return;
        };
        self.advertised.index.insert(filter, slot);
        self.advertised.generation += 1;
        self.routed.forget();
    }

    /// Takes an advertisement back. Returns whether there was one.
    pub fn unadvertise(&mut self, filter: &TopicFilter, link: Option<LinkKey>) -> bool {
        let Some(slot) = self.advertising_slot(link) else {
            return false;
        };
        self.routed.forget();
        self.advertised.generation += 1;
        self.advertised.index.remove(filter, slot)
    }

    /// A slot is used again after its link, so only a link that is alive has one.
    fn advertising_slot(&self, link: Option<LinkKey>) -> Option<u32> {
        match link {
            None => Some(EVERY_LINK),
            Some(key) => self
                .link(key)
                .filter(|link| !link.ended)
                .map(|link| link.key.slot()),
        }
    }
}
