//! The index against a plain list of filters.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::topics::naive;

fn filter(text: impl AsRef<[u8]>) -> TopicFilter {
    TopicFilter::new(text).unwrap()
}

fn index(pairs: &[(&str, u32)]) -> FilterIndex<u32> {
    let mut index = FilterIndex::new(1);
    for &(text, key) in pairs {
        assert!(index.insert(&filter(text), key), "{text} for {key}");
    }
    index
}

fn matching(index: &FilterIndex<u32>, topic: impl AsRef<[u8]>) -> Vec<u32> {
    let mut keys = vec![99];
    index.matches(topic.as_ref(), &mut keys);
    assert_eq!(index.any_match(topic.as_ref()), !keys.is_empty());
    keys
}

/// Nothing but the empty structures is left.
fn assert_holds_nothing(index: &FilterIndex<u32>) {
    assert!(index.is_empty());
    assert_eq!(
        (index.len(), index.filter_count(), index.exact_count),
        (0, 0, 0)
    );
    assert_eq!(index.store.inners.len(), 0);
    assert_eq!(
        (
            index.store.lists.len(),
            index.by_filter.len(),
            index.prefixes.len()
        ),
        (0, 0, 0)
    );
}

#[test]
fn each_key_comes_once_and_in_order() {
    let index = index(&[
        ("a/*", 3),
        ("*", 2),
        ("a/b", 3),
        ("*/b", 1),
        ("a/*b", 3),
        ("a/b", 2),
    ]);
    assert_eq!(matching(&index, "a/b"), [1, 2, 3]);
    assert_eq!(matching(&index, "a/c"), [2, 3]);
    assert_eq!(matching(&index, ".a/b"), []);
}

#[test]
fn a_second_insertion_is_not_new() {
    let mut index = index(&[("a*", 1)]);
    assert!(!index.insert(&filter("a*"), 1));
    assert!(!index.insert(&filter("a**"), 1), "runs of stars are one");
    assert!(index.insert(&filter("a*"), 2));
    assert_eq!((index.len(), index.filter_count()), (2, 1));
    assert_eq!(index.keys_of(&filter("a*")), [1, 2]);
    assert!(index.contains(&filter("a*"), 2) && !index.contains(&filter("a"), 2));
}

#[test]
fn what_is_not_held_cannot_be_removed() {
    let mut index = index(&[("a*", 1)]);
    assert!(!index.remove(&filter("a*"), 2));
    assert!(!index.remove(&filter("a"), 1));
    assert_eq!(index.remove_key(2), 0);
    assert!(index.remove(&filter("a*"), 1));
    assert!(!index.remove(&filter("a*"), 1));
    assert_holds_nothing(&index);
}

#[test]
fn an_escaped_filter_differs_from_the_star() {
    let mut index = index(&[
        (r"a\*", 1),
        ("a*", 2),
        (r"a\*b*c", 3),
        (r"a*b*c", 4),
        (r"\\*", 5),
    ]);
    assert_eq!(matching(&index, "a*"), [1, 2]);
    assert_eq!(matching(&index, "ab"), [2]);
    assert_eq!(matching(&index, "a*bc"), [2, 3, 4]);
    assert_eq!(matching(&index, "abc"), [2, 4]);
    assert_eq!(matching(&index, r"\x"), [5]);
    assert!(index.remove(&filter(r"a\*"), 1));
    assert_eq!(matching(&index, "a*"), [2]);
    assert_eq!(matching(&index, r"a\*"), [2]);
}

#[test]
fn a_key_knows_its_filters() {
    let mut index = index(&[("a*", 1), ("b", 1), ("*c*", 1), ("b", 2)]);
    let mut filters: Vec<_> = index
        .filters_of(1)
        .map(|filter| filter.to_string())
        .collect();
    filters.sort_unstable();
    assert_eq!(filters, ["*c*", "a*", "b"]);
    assert_eq!(index.remove_key(1), 3);
    assert_eq!(index.filters_of(1).count(), 0);
    assert_eq!(index.filters_of(2).count(), 1);
    assert_eq!(matching(&index, "b"), [2]);
}

#[test]
fn many_keys_share_a_filter() {
    let mut index = FilterIndex::new(1);
    for key in (0..1000).rev() {
        index.insert(&filter("zeek/*"), key);
        index.insert(&filter("zeek/a*"), key);
        index.insert(&filter("*a"), key);
    }
    assert_eq!(matching(&index, "zeek/a"), (0..1000).collect::<Vec<_>>());
    for key in 0..1000 {
        assert_eq!(index.remove_key(key), 3);
    }
    assert_holds_nothing(&index);
}

/// Filters of every kind that a table of grams tells apart, many under one prefix each.
fn numbered(number: usize) -> [String; 12] {
    [
        format!("zeek/*/x{number}"),
        format!("zeek/*/node-{number:08}"),
        format!("zeek/*worker{number}*"),
        format!("zeek/*w*{number}*"),
        format!("*foo{number}*"),
        format!("*/bar{number}"),
        format!("*{number}"),
        format!("*{number}*"),
        format!("zeek/table/{number}/*"),
        format!("zeek/table/{number}"),
        format!("zeek.cluster.nodeid.{:064x}.*", number * 0x9e37_79b9),
        format!("*a*b*c*{number}*d"),
    ]
}

#[test]
fn long_lists_agree_with_the_oracle_while_they_grow_and_shrink() {
    const NUMBERS: usize = 100;
    let mut index = FilterIndex::new(3);
    let mut held = BTreeMap::new();
    let topics: Vec<String> = (0..NUMBERS)
        .step_by(23)
        .flat_map(|number| numbered(number).map(|filter| filter.replace('*', "abc")))
        .chain(numbered(12345).map(|filter| filter.replace('*', "")))
        .collect();
    let check = |index: &FilterIndex<u32>, held: &BTreeMap<u32, String>| {
        for topic in &topics {
            let expected: Vec<u32> = held
                .iter()
                .filter(|(_, text)| naive::matches(text.as_bytes(), topic.as_bytes()))
                .map(|(key, _)| *key)
                .collect();
            assert_eq!(
                matching(index, topic),
                expected,
                "{topic} with {} filters",
                held.len()
            );
        }
    };
    let all = (0..NUMBERS).flat_map(numbered);
    for (key, text) in (0..).zip(all) {
        assert!(index.insert(&filter(&text), key));
        held.insert(key, text);
        if key % 199 == 0 {
            check(&index, &held);
        }
    }
    check(&index, &held);
    // Not in the order of insertion.
    let last = u32::try_from(held.len()).unwrap();
    for step in 0..last {
        let key = step * 7 % last;
        let text = held
            .remove(&key)
            .unwrap_or_else(|| panic!("{key} comes once"));
        assert!(index.remove(&filter(&text), key));
        if step % 199 == 0 || step + 20 > last {
            check(&index, &held);
        }
    }
    assert_holds_nothing(&index);
}

fn slot_count(index: &FilterIndex<u32>) -> usize {
    let store = &index.store;
    store.records.slot_count() + store.lists.slot_count() + store.inners.slot_count()
}

#[test]
fn memory_follows_what_is_held() {
    let mut index = FilterIndex::new(3);
    for text in (0..5000).flat_map(numbered) {
        index.insert(&filter(&text), 1);
    }
    index.insert(&filter("zeek/*/x1"), 2);
    let full = slot_count(&index);
    assert!(full > 50_000);
    assert_eq!(index.remove_key(1), 60_000);
    let left = slot_count(&index);
    assert!(left < 200, "{left} slots for one filter");
    assert!(index.by_filter.capacity() < 200);
    assert_eq!(matching(&index, "zeek/y/x1"), [2]);
}

fn content(index: &FilterIndex<u32>, prefix: &[u8]) -> Content {
    index.prefixes.content(prefix, &index.store.hasher)
}

/// What a topic costs in the lists: candidates that were tried, whatever peers choose.
#[test]
fn filters_that_differ_in_their_grams_are_not_tried() {
    let mut index = FilterIndex::new(3);
    for text in (0..10_000).map(|number| format!("zeek/*/x{number}")) {
        index.insert(&filter(&text), 1);
    }
    let content = content(&index, b"zeek/");
    for (topic, most) in [
        ("zeek/abc/x77", 1),
        ("zeek/abc/x7777", 4),
        ("zeek/abc/y7", 0),
    ] {
        let mut tried = 0;
        let mut probe = Probe::new(topic.as_bytes());
        let _ =
            index.store.lists[content.list].visit(&mut probe, 5, &index.store.hasher, &mut |_| {
                tried += 1;
                ControlFlow::Continue(())
            });
        assert!(tried <= most, "{tried} tried for {topic}");
    }
}

/// A gram that repeats in a topic leads to its bucket once.
#[test]
fn a_repeating_topic_tries_no_filter_twice() {
    let mut index = FilterIndex::new(3);
    for text in (0..200).map(|number| format!("*aaaa*{number}*")) {
        index.insert(&filter(&text), 1);
    }
    let topic = [b'a'; 512];
    let list = content(&index, b"").list;
    let mut tried = 0;
    let _ =
        index.store.lists[list].visit(&mut Probe::new(&topic), 0, &index.store.hasher, &mut |_| {
            tried += 1;
            ControlFlow::Continue(())
        });
    assert!(tried <= 200, "{tried} tries");
}

#[test]
fn seeds_change_no_answer() {
    let build = |seed| {
        let mut index = FilterIndex::new(seed);
        for (key, text) in (0..).zip((0..50).flat_map(numbered)) {
            index.insert(&filter(&text), key % 9);
        }
        index
    };
    let (one, two) = (build(1), build(u64::MAX));
    for text in (0..50).flat_map(numbered) {
        let topic = text.replace('*', "abcd");
        assert_eq!(matching(&one, &topic), matching(&two, &topic));
    }
    for key in 0..9 {
        assert!(
            one.filters_of(key).eq(two.filters_of(key)),
            "the order has no seed in it"
        );
    }
}

/// Runs of few different bytes, so that topics have many of them by chance, at any place.
fn runs(len: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"aab/1".to_vec()), len)
}

proptest! {
    /// More filters than are simply tried, with literals of each length that grams have.
    #[test]
    fn crowded_lists_agree_with_the_oracle(
        parts in prop::collection::vec((any::<bool>(), runs(1..10), runs(0..10)), 20..80),
        topics in prop::collection::vec(runs(1..60), 1..20),
    ) {
        let mut index = FilterIndex::new(8);
        let mut texts = Vec::new();
        for (key, (prefixed, first, second)) in (0..).zip(parts) {
            let prefix: &[u8] = if prefixed { b"a" } else { b"" };
            let text = [prefix, b"*", &first, b"*", &second].concat();
            index.insert(&filter(&text), key);
            texts.push(text);
        }
        // Topics of chance match little, so each filter is also turned into one.
        let made = texts.iter().map(|text| {
            let stars = text.iter().map(|&byte| if byte == b'*' { b'b' } else { byte });
            stars.collect::<Vec<u8>>()
        });
        for topic in topics.iter().cloned().chain(made) {
            let keys = (0..).zip(&texts).filter(|(_, text)| naive::matches(text, &topic));
            let expected: Vec<u32> = keys.map(|(key, _)| key).collect();
            prop_assert_eq!(matching(&index, &topic), expected, "{:?}", topic);
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert(Vec<u8>, u32),
    Remove(usize),
    RemoveKey(u32),
    Match(Vec<u8>),
}

fn texts() -> impl Strategy<Value = Vec<u8>> {
    let part = prop::sample::select(vec![
        &b"a"[..],
        b"b",
        b"ab",
        b"abcd",
        b"abcdefgh",
        b"/",
        b".",
        b"*",
        b"*",
        b"*",
        br"\*",
        br"\\",
    ]);
    prop::collection::vec(part, 1..10)
        .prop_map(|parts| parts.concat())
        .prop_filter("at most 8 stars", |text| TopicFilter::new(text).is_ok())
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (texts(), 0..6u32).prop_map(|(text, key)| Step::Insert(text, key)),
        2 => any::<usize>().prop_map(Step::Remove),
        1 => (0..6u32).prop_map(Step::RemoveKey),
        3 => texts().prop_map(Step::Match),
    ]
}

proptest! {
    #[test]
    fn the_index_agrees_with_a_list(steps in prop::collection::vec(steps(), 1..300)) {
        let mut index = FilterIndex::new(5);
        let mut list: Vec<(TopicFilter, u32)> = Vec::new();
        for step in steps {
            match step {
                Step::Insert(text, key) => {
                    let pair = (filter(&text), key);
                    let new = !list.contains(&pair);
                    prop_assert_eq!(index.insert(&pair.0, key), new);
                    if new {
                        list.push(pair);
                    }
                }
                Step::Remove(at) if !list.is_empty() => {
                    let (filter, key) = list.swap_remove(at % list.len());
                    prop_assert!(index.remove(&filter, key));
                }
                Step::Remove(_) => {}
                Step::RemoveKey(key) => {
                    let before = list.len();
                    list.retain(|pair| pair.1 != key);
                    prop_assert_eq!(index.remove_key(key), before - list.len());
                }
                Step::Match(topic) => {
                    let mut expected: Vec<u32> = list
                        .iter()
                        .filter(|pair| naive::matches(pair.0.as_bytes(), &topic))
                        .map(|pair| pair.1)
                        .collect();
                    expected.sort_unstable();
                    expected.dedup();
                    prop_assert_eq!(matching(&index, &topic), expected);
                }
            }
            prop_assert_eq!(index.len(), list.len());
        }
        for key in 0..6 {
            let own = list.iter().filter(|pair| pair.1 == key);
            let mut held: Vec<_> = own.map(|pair| pair.0.clone()).collect();
            let mut filters: Vec<_> = index.filters_of(key).collect();
            held.sort_unstable();
            filters.sort_unstable();
            prop_assert_eq!(filters, held);
            index.remove_key(key);
        }
        assert_holds_nothing(&index);
    }
}
