//! The filter index and its cache, against a matcher that is obviously right.

use std::collections::BTreeSet;

use zeekwire_core::topics::{FilterIndex, Form, Glob, TopicTable};
use zeekwire_types::TopicFilter;
use zeekwire_types::limits::TOPIC_BYTES_MAX;

use crate::oracle;

/// Pairs of key and filter that one input may hold at a time: the oracle is slow.
const PAIR_COUNT_MAX: usize = 100;
/// Topics that one input may look up.
const TOPIC_COUNT_MAX: usize = 50;

/// Runs commands, one on each line: `+` or `-`, a key and a filter to add or remove it; `x` and a
/// key to remove all of its filters; anything else is a topic to look up.
pub fn filters(data: &[u8]) {
    let mut world = World::default();
    let mut asked: Vec<&[u8]> = Vec::new();
    for line in data.split(|byte| *byte == b'\n').take(300) {
        match line {
            [b'+', key, filter @ ..] if world.oracle.len() < PAIR_COUNT_MAX => {
                world.insert(*key, filter);
            }
            [b'-', key, filter @ ..] => world.remove(*key, filter),
            [b'x', key] => world.remove_key(*key),
            topic if topic.len() <= TOPIC_BYTES_MAX && asked.len() < TOPIC_COUNT_MAX => {
                world.ask(topic);
                asked.push(topic);
            }
            _ => {}
        }
    }
    // What the cache remembers must not outlive a change.
    asked.truncate(8);
    asked.iter().for_each(|topic| world.ask(topic));
    world.check();
}

struct World {
    table: TopicTable<u8>,
    index: FilterIndex<u8>,
    oracle: BTreeSet<(u8, TopicFilter)>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            table: TopicTable::new(1),
            index: FilterIndex::new(2),
            oracle: BTreeSet::new(),
        }
    }
}

impl World {
    fn insert(&mut self, key: u8, filter: &[u8]) {
        let Ok(filter) = TopicFilter::new(filter) else {
            return;
        };
        let new = self.oracle.insert((key, filter.clone()));
        assert_eq!(self.index.insert(&filter, key), new);
        assert_eq!(self.table.insert(&filter, key), new);
    }

    fn remove(&mut self, key: u8, filter: &[u8]) {
        let Ok(filter) = TopicFilter::new(filter) else {
            return;
        };
        let held = self.oracle.remove(&(key, filter.clone()));
        assert_eq!(self.index.remove(&filter, key), held);
        assert_eq!(self.table.remove(&filter, key), held);
        assert!(!self.index.contains(&filter, key));
    }

    fn remove_key(&mut self, key: u8) {
        let before = self.oracle.len();
        self.oracle.retain(|(other, _)| *other != key);
        assert_eq!(self.index.remove_key(key), before - self.oracle.len());
        assert_eq!(self.table.remove_key(key), before - self.oracle.len());
    }

    fn ask(&mut self, topic: &[u8]) {
        let mut expected = BTreeSet::new();
        for (key, filter) in &self.oracle {
            let matches = oracle::matches(filter.as_bytes(), topic);
            let glob = Glob::new(filter.clone());
            assert_eq!(glob.matches(topic), matches, "{filter} and {topic:?}");
            expected.extend(matches.then_some(*key));
        }
        let expected: Vec<u8> = expected.into_iter().collect();
        let mut found = vec![0; 3];
        self.index.matches(topic, &mut found);
        assert_eq!(found, expected, "of {topic:?}");
        assert_eq!(self.index.any_match(topic), !expected.is_empty());
        assert_eq!(self.table.targets(topic), expected);
        assert_eq!(self.table.targets(topic), expected, "asked again");
    }

    fn check(&self) {
        assert_eq!(self.index.len(), self.oracle.len());
        assert_eq!(self.index.is_empty(), self.oracle.is_empty());
        let different: BTreeSet<_> = self.oracle.iter().map(|(_, filter)| filter).collect();
        assert_eq!(self.index.filter_count(), different.len());
        for filter in different {
            let keys = self.oracle.iter().filter(|(_, other)| other == filter);
            assert!(keys.map(|(key, _)| key).eq(self.index.keys_of(filter)));
            let stars = Glob::new(filter.clone()).form() != Form::Exact;
            assert!(!stars || filter.as_bytes().contains(&b'*'));
        }
        let keys: BTreeSet<u8> = self.oracle.iter().map(|(key, _)| *key).collect();
        for key in keys {
            let held: BTreeSet<_> = self.index.filters_of(key).collect();
            let expected = self.oracle.iter().filter(|(other, _)| *other == key);
            assert!(expected.map(|(_, filter)| filter).eq(&held));
        }
    }
}
