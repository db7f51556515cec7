//! Short runs of bytes that a filter with inner stars cannot match without: what its list is
//! searched by.
//!
//! A *gram* is a run of 2 to 8 bytes. Every filter in a table is filed under one gram of its
//! literals: the end of its tail, which a topic can only have at its own end, or any gram of a
//! literal that floats, of which one with few filters is taken. A topic looks up its own end, and
//! whatever grams it has anywhere.
//!
//! The latter would be a look-up for each byte. Instead, the topic is sampled: of a gram of 7
//! bytes, wherever it is in a topic, 4 bytes begin at a multiple of 4. So a bloom filter holds the
//! samples that each gram may show, and the topic asks it at every fourth place.

use std::ops::ControlFlow;

use hashbrown::HashTable;
use memchr::memmem;

use super::bloom::Bloom;
use super::glob::Glob;
use super::hash::TopicHasher;

/// Where a row is filed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Gram {
    word: u64,
    class: Class,
}

/// How long a gram is, and whether it is tied to the end of the topic.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
enum Class {
    Tail2,
    Tail4,
    Tail8,
    /// Sampled at each byte, all of it.
    Float2,
    /// Sampled at each second byte, by 3.
    Float4,
    /// Sampled at each third byte, by 3.
    Float5,
    /// Sampled at each fourth byte, by 4.
    Float7,
}

/// One filter in a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Row {
    /// The inner filter.
    pub(super) id: u32,
    /// The bytes its literals need; see [`byte_mask`].
    pub(super) mask: u64,
}

/// Rows by gram.
#[derive(Debug)]
pub(super) struct GramTable {
    buckets: HashTable<Bucket>,
    /// The samples of the grams of all buckets.
    bloom: Bloom<1>,
    sample_count: usize,
    /// Buckets in each class.
    bucket_counts: [usize; CLASS_COUNT],
}

#[derive(Debug)]
struct Bucket {
    gram: Gram,
    rows: Vec<Row>,
}

/// A topic on its way through the lists, with what is worked out about it only once.
#[derive(Debug)]
pub(super) struct Probe<'a> {
    pub(super) topic: &'a [u8],
    mask: Option<u64>,
}

impl GramTable {
    pub(super) fn new() -> Self {
        Self {
            buckets: HashTable::new(),
            bloom: Bloom::new(),
            sample_count: 0,
            bucket_counts: [0; CLASS_COUNT],
        }
    }

    /// The gram to file a filter under, or `None` when its literals are too short.
    pub(super) fn choose(&self, glob: &Glob, hasher: &TopicHasher) -> Option<Gram> {
        let mut best = None;
        let _ = each_gram(glob, |class| self.has(class), |gram| {
            let rows = self.bucket(gram, hasher).map_or(0, |bucket| bucket.rows.len());
            if best.is_none_or(|(fewest, _)| rows < fewest) {
                best = Some((rows, gram));
            }
            if rows < BUCKET_ROW_COUNT_GOOD {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        best.map(|(_, gram)| gram)
    }

    /// Files a row and returns its position under the gram.
    pub(super) fn insert(&mut self, gram: Gram, row: Row, hasher: &TopicHasher) -> usize {
        let hash = gram.hash(hasher);
        let rehash = |bucket: &Bucket| bucket.gram.hash(hasher);
        let entry = self.buckets.entry(hash, |bucket| bucket.gram == gram, rehash);
        if let hashbrown::hash_table::Entry::Occupied(mut bucket) = entry {
            bucket.get_mut().rows.push(row);
            return bucket.get().rows.len() - 1;
        }
        entry.or_insert_with(|| Bucket { gram, rows: Vec::from([row]) });
        self.bucket_counts[gram.class as usize] += 1;
        self.sample_count += gram.class.stride();
        gram.samples().for_each(|sample| self.bloom.add(sample_hash(gram.class, sample, hasher)));
        self.rebuild_worn_bloom(hasher);
        0
    }

    /// Removes the row at a position under a gram. Returns the row that took the position, if any.
    pub(super) fn remove(&mut self, gram: Gram, at: usize, hasher: &TopicHasher) -> Option<Row> {
        let hash = gram.hash(hasher);
        let mut entry = self
            .buckets
            .find_entry(hash, |bucket| bucket.gram == gram)
            .expect("a row is where it was filed");
        let rows = &mut entry.get_mut().rows;
        rows.swap_remove(at);
        if rows.capacity() > 4 * rows.len() {
            rows.shrink_to(2 * rows.len());
        }
        if let Some(moved) = rows.get(at).copied() {
            return Some(moved);
        }
        if rows.is_empty() {
            entry.remove();
            self.bucket_counts[gram.class as usize] -= 1;
            self.sample_count -= gram.class.stride();
            self.bloom.forget(gram.class.stride());
            if self.bloom.is_worn(self.sample_count) {
                let twice = 2 * self.buckets.len();
                self.buckets.shrink_to(twice, |bucket| bucket.gram.hash(hasher));
            }
            self.rebuild_worn_bloom(hasher);
        }
        None
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.buckets.iter().flat_map(|bucket| &bucket.rows)
    }

    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = &mut Row> {
        self.buckets.iter_mut().flat_map(|bucket| &mut bucket.rows)
    }

    /// Visits the rows whose gram a topic has after its first `from` bytes, each once.
    pub(super) fn visit(
        &self,
        probe: &mut Probe<'_>,
        from: usize,
        hasher: &TopicHasher,
        visit: &mut impl FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let rest = &probe.topic[from..];
        for class in [Class::Tail8, Class::Tail4, Class::Tail2] {
            if !self.has(class) || rest.len() < class.bytes() {
                continue;
            }
            let gram = Gram::new(class, &rest[rest.len() - class.bytes()..]);
            if self.may_have(class, gram.word, hasher)
                && let Some(bucket) = self.bucket(gram, hasher)
            {
                visit_rows(&bucket.rows, probe, visit)?;
            }
        }
        if self.has(Class::Float7) {
            for (at, bytes) in rest.as_chunks().0.iter().enumerate() {
                if self.may_have(Class::Float7, u32::from_le_bytes(*bytes).into(), hasher) {
                    self.visit_around(4 * at, Class::Float7, rest, probe, hasher, visit)?;
                }
            }
        }
        for (class, stride) in [(Class::Float5, 3), (Class::Float4, 2)] {
            if !self.has(class) {
                continue;
            }
            // Samples have three bytes, and are read with the fourth, which the last may lack.
            let mut at = 0;
            while let Some(bytes) = rest[at..].first_chunk() {
                let sample = u32::from_le_bytes(*bytes) & 0xff_ffff;
                if self.may_have(class, sample.into(), hasher) {
                    self.visit_around(at, class, rest, probe, hasher, visit)?;
                }
                at += stride;
                if at > rest.len() {
                    break;
                }
            }
            if let Some(&[first, second, third]) = rest.get(at..) {
                let sample = u32::from_le_bytes([first, second, third, 0]);
                if self.may_have(class, sample.into(), hasher) {
                    self.visit_around(at, class, rest, probe, hasher, visit)?;
                }
            }
        }
        if self.has(Class::Float2) {
            for (at, bytes) in rest.windows(2).enumerate() {
                if self.may_have(Class::Float2, Gram::new(Class::Float2, bytes).word, hasher) {
                    self.visit_around(at, Class::Float2, rest, probe, hasher, visit)?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Visits the rows of those grams that begin at `at` or so shortly before that they are sampled
    /// there.
    #[inline(never)]
    fn visit_around(
        &self,
        at: usize,
        class: Class,
        rest: &[u8],
        probe: &mut Probe<'_>,
        hasher: &TopicHasher,
        visit: &mut impl FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for start in (at + 1).saturating_sub(class.stride())..=at {
            let Some(bytes) = rest.get(start..start + class.bytes()) else { break };
            let Some(bucket) = self.bucket(Gram::new(class, bytes), hasher) else { continue };
            // A gram that repeats in the topic counts where it comes first. Otherwise a topic of
            // one byte, repeated, would multiply the work.
            if memmem::find(rest, bytes) == Some(start) {
                visit_rows(&bucket.rows, probe, visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn bucket(&self, gram: Gram, hasher: &TopicHasher) -> Option<&Bucket> {
        self.buckets.find(gram.hash(hasher), |bucket| bucket.gram == gram)
    }

    const fn has(&self, class: Class) -> bool {
        self.bucket_counts[class as usize] > 0
    }

    #[inline]
    fn may_have(&self, class: Class, sample: u64, hasher: &TopicHasher) -> bool {
        self.bloom.may_have(sample_hash(class, sample, hasher))
    }

    fn rebuild_worn_bloom(&mut self, hasher: &TopicHasher) {
        if !self.bloom.is_worn(self.sample_count) {
            return;
        }
        self.bloom.reset(self.sample_count);
        for Bucket { gram, .. } in &self.buckets {
            gram.samples()
                .for_each(|sample| self.bloom.add(sample_hash(gram.class, sample, hasher)));
        }
    }
}

/// Visits the rows that a topic has the bytes for.
#[inline]
pub(super) fn visit_rows(
    rows: &[Row],
    probe: &mut Probe<'_>,
    visit: &mut impl FnMut(u32) -> ControlFlow<()>,
) -> ControlFlow<()> {
    // For a few rows it is cheaper to try them than to look at all bytes of the topic.
    let missing = if rows.len() <= UNMASKED_ROW_COUNT_MAX { 0 } else { !probe.mask() };
    for row in rows {
        if row.mask & missing == 0 {
            visit(row.id)?;
        }
    }
    ControlFlow::Continue(())
}

impl<'a> Probe<'a> {
    pub(super) const fn new(topic: &'a [u8]) -> Self {
        Self { topic, mask: None }
    }

    fn mask(&mut self) -> u64 {
        *self.mask.get_or_insert_with(|| byte_mask(self.topic))
    }
}

impl Row {
    pub(super) fn new(id: u32, glob: &Glob) -> Self {
        Self { id, mask: glob.later_literals().fold(0, |mask, bytes| mask | byte_mask(bytes)) }
    }
}

impl Gram {
    #[inline]
    fn new(class: Class, bytes: &[u8]) -> Self {
        debug_assert_eq!(bytes.len(), class.bytes());
        let word = match class {
            Class::Tail4 | Class::Float4 => u32_of(bytes).into(),
            _ => bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
        };
        Self { word, class }
    }

    /// What a topic may show of the gram where it is sampled.
    fn samples(self) -> impl Iterator<Item = u64> {
        let bytes = self.class.bytes() + 1 - self.class.stride();
        let mask = u64::MAX >> (64 - 8 * bytes);
        (0..self.class.stride()).map(move |at| self.word >> (8 * at) & mask)
    }

    #[inline]
    fn hash(self, hasher: &TopicHasher) -> u64 {
        hasher.word(self.class as u8, self.word)
    }
}

impl Class {
    const fn bytes(self) -> usize {
        match self {
            Self::Tail2 | Self::Float2 => 2,
            Self::Tail4 | Self::Float4 => 4,
            Self::Float5 => 5,
            Self::Float7 => 7,
            Self::Tail8 => 8,
        }
    }

    /// From one sample to the next, and how many samples of a gram there may be.
    const fn stride(self) -> usize {
        match self {
            Self::Tail2 | Self::Tail4 | Self::Tail8 | Self::Float2 => 1,
            Self::Float4 => 2,
            Self::Float5 => 3,
            Self::Float7 => 4,
        }
    }
}

/// Gives the grams that a filter may be filed under, the cheapest to look up first. `has` tells
/// which classes are looked up anyway.
fn each_gram(
    glob: &Glob,
    has: impl Fn(Class) -> bool,
    mut give: impl FnMut(Gram) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let tail = glob.tail();
    for class in [Class::Tail8, Class::Tail4, Class::Tail2] {
        if let Some(start) = tail.len().checked_sub(class.bytes()) {
            give(Gram::new(class, &tail[start..]))?;
            break;
        }
    }
    let longest = glob.later_literals().map(<[u8]>::len).max().unwrap_or(0);
    let fits = |class: &Class| class.bytes() <= longest;
    let floats = [Class::Float7, Class::Float5, Class::Float4, Class::Float2];
    let class = floats.into_iter().find(|class| has(*class) && fits(class) && *class != Class::Float2);
    let Some(class) = class.or_else(|| floats.into_iter().find(fits)) else {
        return ControlFlow::Continue(());
    };
    for bytes in glob.later_literals().flat_map(|literal| literal.windows(class.bytes())) {
        give(Gram::new(class, bytes))?;
    }
    ControlFlow::Continue(())
}

/// Which bytes occur, folded into 64 bits: small letters (with capitals) in the lower half; digits
/// and the usual separators in the upper one.
fn byte_mask(bytes: &[u8]) -> u64 {
    let bit = |byte: u8| if byte & 0x40 == 0 { 0x20 | byte & 0x1f } else { byte & 0x1f };
    bytes.iter().fold(0, |mask, &byte| mask | 1 << bit(byte))
}

/// A hash for the bloom filter only: one multiplication, as there are many samples.
#[inline]
fn sample_hash(class: Class, sample: u64, hasher: &TopicHasher) -> u64 {
    sample.wrapping_add(class as u64 + 1).wrapping_mul(hasher.factor())
}

#[inline]
fn u32_of(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("there are four"))
}

const CLASS_COUNT: usize = 7;

/// With fewer rows than this under a gram, no better one is looked for.
const BUCKET_ROW_COUNT_GOOD: usize = 8;

/// At most this many rows are visited without asking their masks.
const UNMASKED_ROW_COUNT_MAX: usize = 8;
