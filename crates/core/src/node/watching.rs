//! Telling the driver which filters anybody in the cluster subscribes to.

use std::collections::{BTreeMap, BTreeSet};

use zeekwire_types::{NodeId, TopicFilter};

use super::{Node, Output};
use crate::routing::Database;

/// Filters that somebody subscribed to, as last told. Empty unless asked for.
#[derive(Debug, Default)]
pub(super) struct TopicWatch {
    on: bool,
    /// A record or a path changed since.
    stale: bool,
    /// By member, the version of its record that was looked at, and the filters therein.
    seen: BTreeMap<NodeId, (u64, BTreeSet<TopicFilter>)>,
    /// How many members have each filter in their records.
    holders: BTreeMap<TopicFilter, usize>,
}

impl TopicWatch {
    pub(super) fn new(on: bool) -> Self {
        Self {
            on,
            stale: on,
            ..Self::default()
        }
    }

    /// Something changed.
    pub(super) const fn touch(&mut self) {
        self.stale = self.on;
    }

    pub(super) const fn is_stale(&self) -> bool {
        self.stale
    }

    /// Compares with what was seen before. Returns filters whose first holder came, or whose last
    /// one went, and which of it.
    fn look(&mut self, db: &Database) -> Vec<(TopicFilter, bool)> {
        self.stale = false;
        let Self { seen, holders, .. } = self;
        // What changed, with how many held it before.
        let mut before: BTreeMap<TopicFilter, usize> = BTreeMap::new();
        let mut share = |filter: &TopicFilter, more: bool| {
            let count = holders.entry(filter.clone()).or_default();
            before.entry(filter.clone()).or_insert(*count);
            *count = if more { *count + 1 } else { *count - 1 };
        };
        let is_here = |id: &NodeId| db.find(id).is_some_and(|record| record.hops.is_some());
        seen.retain(|id, (_, filters)| {
            let here = is_here(id);
            if !here {
                filters.iter().for_each(|filter| share(filter, false));
            }
            here
        });
        for record in db.records().filter(|record| record.hops.is_some()) {
            let known = seen.entry(record.id.clone()).or_default();
            if known.0 == record.version {
                continue;
            }
            let filters = record
                .filters()
                .filter(|filter| !filter.as_bytes().starts_with(b"."));
            let filters: BTreeSet<TopicFilter> = filters.cloned().collect();
            let gone = known.1.difference(&filters);
            gone.for_each(|filter| share(filter, false));
            let new = filters.difference(&known.1);
            new.for_each(|filter| share(filter, true));
            *known = (record.version, filters);
        }
        let mut changes = Vec::new();
        for (filter, was) in before {
            let is = holders.get(&filter).copied().unwrap_or_default();
            if is == 0 {
                holders.remove(&filter);
            }
            if (was == 0) != (is == 0) {
                changes.push((filter, is > 0));
            }
        }
        changes
    }
}

impl Node {
    /// Tells what changed, if the driver wants to know.
    #[cold]
    pub(super) fn tell_topics(&mut self) {
        for (filter, subscribed) in self.watch.look(&self.db) {
            self.outputs
                .push_back(Output::TopicChanged { filter, subscribed });
        }
    }
}
