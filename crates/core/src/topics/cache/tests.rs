//! The cache holds what it was given, within its bounds, until it is told otherwise.

use super::*;
use crate::topics::TopicHasher;

/// A cache with its hasher, filled with the length of each topic as its only target.
struct Filled {
    cache: TargetCache<usize>,
    hasher: TopicHasher,
}

impl Filled {
    fn new() -> Self {
        Self {
            cache: TargetCache::new(),
            hasher: TopicHasher::new(11),
        }
    }

    fn find(&mut self, topic: &str) -> Option<Vec<usize>> {
        let slot = self
            .cache
            .find(self.hasher.bytes(topic.as_bytes()), topic.as_bytes())?;
        assert!(self.cache.holds(slot, topic.as_bytes()));
        Some(self.cache.targets(slot).to_vec())
    }

    fn insert(&mut self, topic: &str, targets: &[usize]) -> Option<Slot> {
        self.cache.insert(
            self.hasher.bytes(topic.as_bytes()),
            topic.as_bytes(),
            targets,
        )
    }

    fn up_to_date_count(&self) -> usize {
        let epochs = self.cache.sets.iter().flat_map(|set| set.epochs);
        epochs.filter(|epoch| *epoch == self.cache.epoch).count()
    }

    fn assert_bytes_add_up(&self) {
        let held: usize = self.cache.entries.iter().map(Entry::held_bytes).sum();
        assert_eq!(self.cache.held_bytes, held);
        assert!(held <= TOPIC_CACHE_BYTES_MAX, "{held}");
    }
}

#[test]
fn what_was_inserted_is_found() {
    let mut filled = Filled::new();
    assert_eq!(filled.find("a"), None);
    filled.insert("a", &[1, 2]);
    filled.insert("b", &[]);
    assert_eq!(filled.find("a"), Some(vec![1, 2]));
    assert_eq!(filled.find("b"), Some(vec![]));
    assert_eq!(filled.find("c"), None);
}

#[test]
fn nothing_is_found_after_invalidation() {
    let mut filled = Filled::new();
    let slot = filled.insert("a", &[1]).unwrap();
    assert!(filled.cache.holds(slot, b"a"));
    filled.cache.invalidate();
    assert_eq!(filled.find("a"), None);
    assert!(!filled.cache.holds(slot, b"a"));
    filled.insert("a", &[2]);
    assert_eq!(filled.find("a"), Some(vec![2]));
}

#[test]
fn an_old_epoch_does_not_come_back() {
    let mut filled = Filled::new();
    filled.insert("a", &[1]);
    filled.cache.epoch = u32::MAX;
    filled.insert("b", &[1]);
    filled.cache.invalidate();
    assert_eq!((filled.find("a"), filled.find("b")), (None, None));
    assert_eq!(filled.up_to_date_count(), 0);
}

#[test]
fn topics_in_use_outlast_a_flood() {
    let mut filled = Filled::new();
    // The flood makes the cache as large as it gets.
    for number in 0..50_000 {
        filled.insert(&format!("warm/{number}"), &[number]);
    }
    let hot: Vec<String> = (0..100).map(|number| format!("hot/{number}")).collect();
    let mut lost = 0;
    for number in 0..100_000 {
        let topic = &hot[number % hot.len()];
        if filled.find(topic).is_none() {
            lost += 1;
            filled.insert(topic, &[1]);
        }
        filled.insert(&format!("cold/{number}"), &[number]);
    }
    assert!(lost < 2 * hot.len(), "{lost} look-ups of hot topics failed");
    assert_eq!(filled.up_to_date_count(), TOPIC_CACHE_COUNT_MAX);
    filled.assert_bytes_add_up();
}

#[test]
fn entries_change_their_shape() {
    let mut filled = Filled::new();
    let long = "x".repeat(512);
    for topic in ["a", &long, &long[..62], &long[..63]] {
        for targets in [&[][..], &[1], &[1, 2], &[1; 1000], &[3], &[]] {
            filled.cache.invalidate();
            filled.insert(topic, targets);
            assert_eq!(filled.find(topic).as_deref(), Some(targets));
            // A second topic takes the same places after the next invalidation.
            filled.cache.invalidate();
            filled.insert("b", &[7, 8]);
            assert_eq!(
                (filled.find("b"), filled.find(topic)),
                (Some(vec![7, 8]), None)
            );
            filled.assert_bytes_add_up();
        }
    }
}

/// Topics that come once replace each other; what is held does not grow with their number.
#[test]
fn a_flood_uses_few_places() {
    let mut filled = Filled::new();
    for number in 0..60_000 {
        filled.insert(&format!("cold/{number:06}"), &[number, number]);
    }
    let slots: std::collections::BTreeSet<_> = (0..10_000)
        .map(|number| {
            filled
                .insert(&format!("late/{number:06}"), &[number, number])
                .unwrap()
                .0
        })
        .collect();
    assert!(slots.len() <= 2 * SET_COUNT_MAX, "{} places", slots.len());
    filled.assert_bytes_add_up();
}

#[test]
fn long_entries_keep_within_their_bytes() {
    let mut filled = Filled::new();
    let targets = vec![7; ENTRY_BYTES_MAX / size_of::<usize>() - 64];
    for number in 0..100 {
        let topic = format!("{number}");
        assert!(filled.insert(&topic, &targets).is_some());
        assert_eq!(filled.find(&topic).as_ref(), Some(&targets));
        filled.assert_bytes_add_up();
    }
    for number in 0..20_000 {
        filled.insert(&format!("short/{number}"), &targets[..number % 50]);
    }
    filled.assert_bytes_add_up();
}

#[test]
fn an_entry_too_long_is_not_kept() {
    let mut filled = Filled::new();
    filled.insert("b", &[1]);
    let targets = vec![7; ENTRY_BYTES_MAX];
    assert_eq!(filled.insert("a", &targets), None);
    assert_eq!((filled.find("a"), filled.find("b")), (None, Some(vec![1])));
}

#[test]
fn equal_hashes_are_told_apart() {
    let mut cache = TargetCache::new();
    for number in 0..3 {
        assert_eq!(cache.find(5, &[number]), None);
        cache.insert(5, &[number], &[number]);
    }
    for number in 0..3 {
        let slot = cache.find(5, &[number]).unwrap();
        assert_eq!(cache.targets(slot), [number]);
    }
}

#[test]
fn a_default_slot_holds_nothing() {
    let mut cache = TargetCache::<u32>::new();
    assert!(!cache.holds(Slot::default(), b""));
    cache.insert(u64::MAX, b"x", &[]);
    assert!(!cache.holds(Slot::default(), b""));
}
