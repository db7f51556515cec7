//! Subscriptions that a group of nodes shares: one of the group gets each message.
//!
//! Node `n` shares filter `f` in group `g` by subscribing to `.share/g/n/f`. Where a message about
//! topic `t` enters the cluster, one node of each group whose filter matches is chosen, and gets a
//! copy on `.share/g/n/t`.

use std::collections::BTreeMap;

use slab::Slab;
use zeekwire_types::TopicFilter;

use super::MemberSlot;
use crate::topics::TopicTable;

/// What topics and filters of shared subscriptions begin with.
pub(crate) const PREFIX: &[u8] = b".share/";

/// Group, node and the rest of a topic or filter that is shared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Shared<'a> {
    pub(crate) group: &'a [u8],
    pub(crate) node: &'a [u8],
    pub(crate) rest: &'a [u8],
}

impl<'a> Shared<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut parts = bytes.strip_prefix(PREFIX)?.splitn(3, |byte| *byte == b'/');
        let shared = Self {
            group: parts.next()?,
            node: parts.next()?,
            rest: parts.next()?,
        };
        let whole = !shared.group.is_empty() && !shared.node.is_empty() && !shared.rest.is_empty();
        whole.then_some(shared)
    }
}

/// Who shares what.
#[derive(Debug)]
pub(super) struct Shares {
    holders: Slab<Holder>,
    by_filter: BTreeMap<(MemberSlot, TopicFilter), u32>,
    table: TopicTable<u32>,
}

/// One node's part in one group's subscription.
#[derive(Clone, Debug)]
struct Holder {
    group: Box<[u8]>,
    node: Box<[u8]>,
    member: MemberSlot,
    filter: TopicFilter,
}

impl Shares {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            holders: Slab::new(),
            by_filter: BTreeMap::new(),
            table: TopicTable::new(seed),
        }
    }

    pub(super) fn insert(&mut self, filter: &TopicFilter, member: MemberSlot) {
        let Some(shared) = Shared::parse(filter.as_bytes()) else {
            return;
        };
        let Ok(inner) = TopicFilter::new(shared.rest) else {
            return;
        };
        let holder = Holder {
            group: shared.group.into(),
            node: shared.node.into(),
            member,
            filter: inner.clone(),
        };
        let id = u32::try_from(self.holders.insert(holder)).expect("filters are bounded");
        self.table.insert(&inner, id);
        self.by_filter.insert((member, filter.clone()), id);
    }

    pub(super) fn remove(&mut self, filter: &TopicFilter, member: MemberSlot) {
        if filter.as_bytes().starts_with(PREFIX)
            && let Some(id) = self.by_filter.remove(&(member, filter.clone()))
        {
            let holder = self.holders.remove(id as usize);
            self.table.remove(&holder.filter, id);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.holders.is_empty()
    }

    /// By group, the nodes that share a filter which matches `topic`, and the members to which
    /// they belong.
    pub(super) fn matching<'a>(
        &'a mut self,
        topic: &[u8],
    ) -> impl Iterator<Item = (&'a [u8], &'a [u8], MemberSlot)> {
        let Self { table, holders, .. } = self;
        let found = table.targets(topic).iter();
        found.filter_map(|id| {
            let holder = holders.get(*id as usize)?;
            Some((&*holder.group, &*holder.node, holder.member))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_topic_is_taken_apart() {
        let shared = Shared::parse(b".share/g/worker-1/zeek/a/b").expect("it is shared");
        assert_eq!((shared.group, shared.node), (&b"g"[..], &b"worker-1"[..]));
        assert_eq!(shared.rest, b"zeek/a/b");
        for other in [
            &b".share/g/n/"[..],
            b".share/g/n",
            b".share//n/t",
            b"share/g/n/t",
        ] {
            assert_eq!(Shared::parse(other), None);
        }
    }

    #[test]
    fn holders_come_and_go() {
        let mut shares = Shares::new(0);
        let filter = |text: &str| TopicFilter::new(text).expect("a filter");
        shares.insert(&filter(".share/g/a/zeek/*"), 1);
        shares.insert(&filter(".share/g/b/zeek/x"), 2);
        shares.insert(&filter("zeek/*"), 3);
        let found: Vec<_> = shares
            .matching(b"zeek/x")
            .map(|(_, node, at)| (node.to_vec(), at))
            .collect();
        assert_eq!(found, [(b"a".to_vec(), 1), (b"b".to_vec(), 2)]);
        shares.remove(&filter(".share/g/a/zeek/*"), 1);
        assert_eq!(shares.matching(b"zeek/x").count(), 1);
        shares.remove(&filter(".share/g/b/zeek/x"), 2);
        assert!(shares.is_empty());
    }
}
