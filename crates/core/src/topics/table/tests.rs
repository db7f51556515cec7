//! A table forgets its answers with every change.

use proptest::prelude::*;

use super::*;
use crate::topics::naive;

fn filter(text: &str) -> TopicFilter {
    TopicFilter::new(text).unwrap()
}

#[test]
fn every_change_reaches_the_answers() {
    let mut table = TopicTable::new(1);
    assert_eq!(table.targets(b"a/b"), []);
    table.insert(&filter("a/*"), 2);
    assert_eq!(table.targets(b"a/b"), [2]);
    table.insert(&filter("*b"), 1);
    assert_eq!(table.targets(b"a/b"), [1, 2]);
    table.insert(&filter("a/b"), 2);
    table.remove(&filter("a/*"), 2);
    assert_eq!(table.targets(b"a/b"), [1, 2]);
    table.remove_key(2);
    assert_eq!(table.targets(b"a/b"), [1]);
    table.remove(&filter("*b"), 1);
    assert_eq!(table.targets(b"a/b"), []);
}

#[test]
fn what_changes_nothing_leaves_the_cache_alone() {
    let mut table = TopicTable::new(1);
    table.insert(&filter("a*"), 1);
    assert_eq!(table.targets(b"a"), [1]);
    let slot = table.last;
    assert!(!table.insert(&filter("a*"), 1) && !table.remove(&filter("a*"), 2));
    assert_eq!(table.remove_key(2), 0);
    assert!(table.cache.holds(slot, b"a"));
    assert!(table.insert(&filter("b*"), 1));
    assert!(!table.cache.holds(slot, b"a"));
}

#[test]
fn targets_that_are_too_many_to_keep_are_told_all_the_same() {
    let mut table = TopicTable::new(1);
    for key in 0..100_000_u32 {
        table.insert(&filter("a*"), key);
    }
    for _ in 0..2 {
        assert!(table.targets(b"a").iter().copied().eq(0..100_000));
    }
}

proptest! {
    #[test]
    fn the_table_agrees_with_the_oracle(
        steps in prop::collection::vec((0..4u8, 0..8usize, 0..3u32), 1..200),
    ) {
        let texts = ["a/*", "*", "a/b", "*b", "a*c", ".a*", "*/*", r"\**"];
        let topics = ["a/b", "a/b", "a/c", "b", ".ab", "*", "a", "x/"];
        let mut table = TopicTable::new(9);
        let mut list = Vec::new();
        for (kind, at, key) in steps {
            match kind {
                0 => {
                    table.insert(&filter(texts[at]), key);
                    list.push((at, key));
                }
                1 if at == 0 => {
                    table.remove_key(key);
                    list.retain(|pair| pair.1 != key);
                }
                1 => {
                    table.remove(&filter(texts[at]), key);
                    list.retain(|pair| *pair != (at, key));
                }
                _ => {
                    let topic = topics[at].as_bytes();
                    let mut expected: Vec<u32> = list
                        .iter()
                        .filter(|pair| naive::matches(texts[pair.0].as_bytes(), topic))
                        .map(|pair| pair.1)
                        .collect();
                    expected.sort_unstable();
                    expected.dedup();
                    prop_assert_eq!(table.targets(topic), expected);
                }
            }
        }
    }
}
