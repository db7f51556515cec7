//! Prefixes are found at every length, and give their memory back.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A table with its hasher.
struct Table {
    table: PrefixTable,
    hasher: TopicHasher,
}

impl Table {
    fn new() -> Self {
        Self {
            table: PrefixTable::new(),
            hasher: TopicHasher::new(6),
        }
    }

    fn set(&mut self, prefix: &[u8], number: u32) {
        self.table.set(
            prefix,
            Content {
                prefix: number,
                list: NONE,
            },
            &self.hasher,
        );
    }

    fn remove(&mut self, prefix: &[u8]) {
        self.table.set(prefix, Content::EMPTY, &self.hasher);
    }

    fn number(&self, prefix: &[u8]) -> u32 {
        self.table.content(prefix, &self.hasher).prefix
    }

    fn walk(&self, topic: &[u8]) -> Vec<(usize, u32)> {
        let mut found = Vec::new();
        let ended = self.table.walk(topic, &self.hasher, |len, content| {
            found.push((len, content.prefix));
            ControlFlow::Continue(())
        });
        assert!(ended.is_continue());
        found
    }
}

#[test]
fn a_topic_passes_all_its_prefixes_in_order() {
    let mut table = Table::new();
    for (number, prefix) in (0..).zip(["zeek/a", "", "zeek/", "zeek/abc", "zeek/b", "x"]) {
        table.set(prefix.as_bytes(), number);
    }
    assert_eq!(table.walk(b"zeek/abc"), [(0, 1), (5, 2), (6, 0), (8, 3)]);
    assert_eq!(table.walk(b"zeek/ab"), [(0, 1), (5, 2), (6, 0)]);
    assert_eq!(table.walk(b"zeek"), [(0, 1)]);
    assert_eq!(table.walk(b""), [(0, 1)]);
}

#[test]
fn a_walk_ends_when_told() {
    let mut table = Table::new();
    table.set(b"a", 1);
    table.set(b"ab", 2);
    let mut visits = 0;
    let ended = table.table.walk(b"abc", &table.hasher, |_, _| {
        visits += 1;
        ControlFlow::Break(())
    });
    assert!(ended.is_break());
    assert_eq!(visits, 1);
}

#[test]
fn the_empty_prefix_is_not_for_reserved_topics() {
    let mut table = Table::new();
    table.set(b"", 1);
    table.set(b".", 2);
    assert_eq!(table.walk(b".node.x"), [(1, 2)]);
    assert_eq!(table.walk(b"node"), [(0, 1)]);
}

#[test]
fn prefixes_of_every_length_are_found() {
    let topic: Vec<u8> = (0..512).map(|at| b"zeek/cluster"[at % 12]).collect();
    let mut table = Table::new();
    for len in 1..=topic.len() {
        table.set(&topic[..len], u32::try_from(len).unwrap());
    }
    let found = table.walk(&topic);
    assert_eq!(found.len(), topic.len());
    assert!(found.iter().all(|&(len, number)| len == number as usize));
    assert_eq!(table.walk(&topic[..100]).len(), 100);
    assert_eq!(table.walk(&topic[1..]), []);
}

#[test]
fn nothing_is_left_of_many_prefixes() {
    let mut table = Table::new();
    let prefixes: Vec<String> = (0..5000)
        .map(|number| format!("zeek/table/{number}/"))
        .collect();
    for (number, prefix) in (0..).zip(&prefixes) {
        table.set(prefix.as_bytes(), number);
    }
    for (number, prefix) in (0..).zip(&prefixes) {
        assert_eq!(table.walk(prefix.as_bytes()), [(prefix.len(), number)]);
        table.remove(prefix.as_bytes());
        assert_eq!(table.walk(prefix.as_bytes()), []);
    }
    assert_eq!((table.table.len(), table.table.lengths.len()), (0, 0));
    assert!(
        table.table.prefixes.capacity() < 100,
        "{}",
        table.table.prefixes.capacity()
    );
}

fn prefixes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"aab.\0".to_vec()), 0..12)
}

proptest! {
    #[test]
    fn the_table_agrees_with_a_map(
        steps in prop::collection::vec((prop::bool::weighted(0.6), prefixes()), 1..200),
        topics in prop::collection::vec(prefixes(), 1..8),
    ) {
        let (mut table, mut map) = (Table::new(), BTreeMap::new());
        for (number, (add, prefix)) in (0..).zip(steps) {
            if add {
                table.set(&prefix, number);
                map.insert(prefix, number);
            } else {
                table.remove(&prefix);
                map.remove(&prefix);
            }
            prop_assert_eq!(table.table.len(), map.len());
            for (prefix, number) in &map {
                prop_assert_eq!(table.number(prefix), *number);
            }
            for topic in &topics {
                let expected: Vec<_> = (0..=topic.len())
                    .filter(|len| *len > 0 || topic.first() != Some(&b'.'))
                    .filter_map(|len| Some((len, *map.get(&topic[..len])?)))
                    .collect();
                prop_assert_eq!(table.walk(topic), expected);
            }
        }
    }
}
