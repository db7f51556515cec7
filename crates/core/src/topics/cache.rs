//! The targets of topics that were seen lately.

use zeekwire_types::limits::{TOPIC_CACHE_BYTES_MAX, TOPIC_CACHE_COUNT_MAX};

/// Topics and their targets, at most [`TOPIC_CACHE_COUNT_MAX`] topics and
/// [`TOPIC_CACHE_BYTES_MAX`] bytes besides the places of short ones.
///
/// A topic's hash chooses a set of a few places, one of which it may have. A newcomer takes a
/// place that is out of date, or else one that was not asked for since it was filled. So topics in
/// use outlast any number of topics that come once, and each of those costs the same.
///
/// The cache does not know when targets change: its owner says so with [`Self::invalidate`].
#[derive(Debug)]
pub struct TargetCache<K> {
    /// A power of two of sets, or none yet.
    sets: Vec<Set>,
    /// The entries of all sets, [`WAYS`] for each.
    entries: Vec<Entry<K>>,
    /// Entries of another epoch are out of date. Never 0, which marks empty places.
    epoch: u32,
    held_bytes: usize,
    /// The entry to be asked next when bytes run short.
    hand: usize,
    /// Entries that were replaced while up to date, since the cache has its size.
    replaced_count: usize,
}

/// The place of an entry, good until the next insertion.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Slot(usize);

#[derive(Clone, Debug, Default)]
struct Set {
    tags: [u32; WAYS],
    epochs: [u32; WAYS],
    /// One bit for each way: whether it was asked for.
    used: u8,
    /// The way to be replaced next, if it is not in use.
    hand: u8,
    /// Ways that were replaced while up to date, since the uses were forgotten.
    replaced: u8,
}

/// A topic and its targets, where they fit in one place, so that little memory is touched.
#[derive(Debug)]
struct Entry<K> {
    topic: Topic,
    targets: Targets<K>,
}

#[derive(Debug)]
enum Topic {
    Inline {
        len: u8,
        bytes: [u8; TOPIC_INLINE_BYTES_MAX],
    },
    Heap(Box<[u8]>),
}

#[derive(Debug)]
enum Targets<K> {
    One([K; 1]),
    /// None is many, too: it needs no memory either.
    Many(Vec<K>),
}

impl<K: Copy> TargetCache<K> {
    /// An empty cache, which holds no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            sets: Vec::new(),
            entries: Vec::new(),
            epoch: 1,
            held_bytes: 0,
            hand: 0,
            replaced_count: 0,
        }
    }

    /// Puts all entries out of date, at no cost.
    pub fn invalidate(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            // After so many changes an entry could pass for one of the first.
            self.sets.iter_mut().for_each(|set| set.epochs = [0; WAYS]);
            self.epoch = 1;
        }
    }

    /// Finds a topic by itself and its hash.
    #[inline]
    pub fn find(&mut self, hash: u64, topic: &[u8]) -> Option<Slot> {
        let at = self.set_of(hash)?;
        let set = &mut self.sets[at];
        for way in 0..WAYS {
            if set.tags[way] == tag(hash)
                && set.epochs[way] == self.epoch
                && self.entries[at * WAYS + way].topic.is(topic)
            {
                set.used |= 1 << way;
                return Some(Slot(at * WAYS + way));
            }
        }
        None
    }

    /// Whether a place holds a topic that is up to date. Any slot may be asked for.
    #[inline]
    #[must_use]
    pub fn holds(&self, slot: Slot, topic: &[u8]) -> bool {
        self.sets.get(slot.0 / WAYS).is_some_and(|set| {
            set.epochs[slot.0 % WAYS] == self.epoch && self.entries[slot.0].topic.is(topic)
        })
    }

    /// The targets of the entry that was found or inserted last at a place.
    ///
    /// # Panics
    /// If the slot is not one of this cache's.
    #[inline]
    #[must_use]
    pub fn targets(&self, slot: Slot) -> &[K] {
        match &self.entries[slot.0].targets {
            Targets::One(target) => target,
            Targets::Many(targets) => targets,
        }
    }

    /// Remembers the targets of a topic that [`Self::find`] did not find. Returns `None` if they
    /// are too many to be kept.
    pub fn insert(&mut self, hash: u64, topic: &[u8], targets: &[K]) -> Option<Slot> {
        if topic.len() + size_of_val(targets) > ENTRY_BYTES_MAX {
            return None;
        }
        if self.replaced_count >= self.entries.len() && self.entries.len() < TOPIC_CACHE_COUNT_MAX {
            self.grow();
        }
        let at = self.set_of(hash)?;
        let way = self.vacate(at);
        let slot = at * WAYS + way;
        let set = &mut self.sets[at];
        set.tags[way] = tag(hash);
        set.epochs[way] = self.epoch;
        set.used &= !(1 << way);
        let entry = &mut self.entries[slot];
        self.held_bytes -= entry.held_bytes();
        entry.topic.set(topic);
        entry.targets.set(targets);
        self.held_bytes += entry.held_bytes();
        self.shed(slot);
        Some(Slot(slot))
    }

    /// Chooses the way of a set that a newcomer gets.
    fn vacate(&mut self, at: usize) -> usize {
        let set = &mut self.sets[at];
        if let Some(way) = (0..WAYS).find(|way| set.epochs[*way] != self.epoch) {
            return way;
        }
        self.replaced_count += 1;
        set.replaced += 1;
        if set.used == ALL_USED || set.replaced == REPLACED_COUNT_MAX {
            // Nobody is preferred any more; those still in use will soon be marked again.
            set.used = 0;
            set.replaced = 0;
            set.hand = (set.hand + 1) % WAY_COUNT;
        }
        // Topics that come once replace each other in one place, and so stay out of the way of
        // the others here, and of much else in the processor's cache.
        let mut way = usize::from(set.hand);
        while set.used & (1 << way) != 0 {
            way = (way + 1) % WAYS;
        }
        way
    }

    /// Frees entries, but not `kept`, until all fit in their bytes. Each freed entry was filled
    /// once, so the cost for each insertion is constant but for the steps over empty entries.
    fn shed(&mut self, kept: usize) {
        while self.held_bytes > TOPIC_CACHE_BYTES_MAX {
            let slot = self.hand;
            self.hand = (slot + 1) % self.entries.len();
            if slot != kept {
                self.sets[slot / WAYS].epochs[slot % WAYS] = 0;
                self.held_bytes -= self.entries[slot].held_bytes();
                self.entries[slot] = Entry::EMPTY;
            }
        }
    }

    /// Doubles the number of entries. The old ones are forgotten: they are soon found out again.
    fn grow(&mut self) {
        let sets = (2 * self.sets.len()).clamp(SET_COUNT_MIN, SET_COUNT_MAX);
        self.sets = vec![Set::default(); sets];
        self.entries.clear();
        self.entries.resize_with(sets * WAYS, || Entry::EMPTY);
        self.held_bytes = 0;
        self.hand = 0;
        self.replaced_count = 0;
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the mask keeps what fits")]
    fn set_of(&self, hash: u64) -> Option<usize> {
        let mask = self.sets.len().checked_sub(1)?;
        Some(hash as usize & mask)
    }
}

impl<K: Copy> Default for TargetCache<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K> Entry<K> {
    const EMPTY: Self = Self {
        topic: Topic::Inline {
            len: 0,
            bytes: [0; TOPIC_INLINE_BYTES_MAX],
        },
        targets: Targets::Many(Vec::new()),
    };

    /// The bytes it holds beside itself.
    const fn held_bytes(&self) -> usize {
        let topic = match &self.topic {
            Topic::Inline { .. } => 0,
            Topic::Heap(bytes) => bytes.len(),
        };
        let targets = match &self.targets {
            Targets::One(_) => 0,
            Targets::Many(targets) => targets.capacity() * size_of::<K>(),
        };
        topic + targets
    }
}

impl Topic {
    #[inline]
    fn is(&self, topic: &[u8]) -> bool {
        match self {
            Self::Inline { len, bytes } => &bytes[..usize::from(*len)] == topic,
            Self::Heap(bytes) => **bytes == *topic,
        }
    }

    fn set(&mut self, topic: &[u8]) {
        if topic.len() > TOPIC_INLINE_BYTES_MAX {
            *self = Self::Heap(topic.into());
            return;
        }
        if let Self::Heap(_) = self {
            *self = Self::Inline {
                len: 0,
                bytes: [0; TOPIC_INLINE_BYTES_MAX],
            };
        }
        if let Self::Inline { len, bytes } = self {
            *len = u8::try_from(topic.len()).expect("it was compared");
            bytes[..topic.len()].copy_from_slice(topic);
        }
    }
}

impl<K: Copy> Targets<K> {
    fn set(&mut self, targets: &[K]) {
        match (targets, self) {
            ([only], targets) => *targets = Self::One([*only]),
            // A buffer is used again if it is not far too large.
            (_, Self::Many(held)) if held.capacity() <= 4 * targets.len() + TARGET_COUNT_KEPT => {
                held.clear();
                held.extend_from_slice(targets);
            }
            (_, held) => *held = Self::Many(targets.to_vec()),
        }
    }
}

/// The part of the hash that does not choose the set.
const fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// Places that a topic may have.
const WAYS: usize = WAY_COUNT as usize;
const WAY_COUNT: u8 = 4;
/// After so many newcomers in a set, entries must show again that they are in use.
const REPLACED_COUNT_MAX: u8 = 32;
const ALL_USED: u8 = (1 << WAYS) - 1;
const SET_COUNT_MIN: usize = 16;
const SET_COUNT_MAX: usize = TOPIC_CACHE_COUNT_MAX / WAYS;

/// A longer entry is not kept, so that a few never push out all others.
const ENTRY_BYTES_MAX: usize = TOPIC_CACHE_BYTES_MAX / 16;

/// The longest topic that needs no memory of its own. Those with a UUID are among them.
const TOPIC_INLINE_BYTES_MAX: usize = 62;

/// Room for so many targets stays, even if fewer are needed.
const TARGET_COUNT_KEPT: usize = 16;

const _: () = assert!(SET_COUNT_MAX.is_power_of_two() && SET_COUNT_MIN.is_power_of_two());

#[cfg(test)]
mod tests;
