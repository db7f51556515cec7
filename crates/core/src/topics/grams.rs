//! Filters with inner stars, filed by a gram that each needs.
//!
//! Of the grams of a filter, the end of its tail is taken or one that few others are filed under.
//! A topic looks up its own end, and each gram that it has anywhere. The latter would be a look-up
//! for each byte; instead a bloom filter holds the samples of all grams, and the topic asks it in
//! steps of a few bytes.

use std::ops::ControlFlow;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use memchr::memmem;

use super::bloom::Bloom;
use super::glob::Glob;
use super::gram::{CLASS_COUNT, Class, Gram, each_gram, sample_factor, sample_hash};
use super::hash::{TopicHasher, word_at};
use super::rows::{Probe, Row, visit_rows};

/// Rows by gram.
#[derive(Debug)]
pub(super) struct GramTable {
    buckets: HashTable<Bucket>,
    /// The samples of the grams of all buckets.
    samples: Bloom<1>,
    sample_count: usize,
    /// Buckets in each class.
    bucket_counts: [usize; CLASS_COUNT],
}

#[derive(Debug)]
struct Bucket {
    gram: Gram,
    rows: Vec<Row>,
}

impl GramTable {
    pub(super) fn new() -> Self {
        Self {
            buckets: HashTable::new(),
            samples: Bloom::new(),
            sample_count: 0,
            bucket_counts: [0; CLASS_COUNT],
        }
    }

    /// The gram to file a filter under, or `None` when its literals are too short.
    pub(super) fn choose(&self, glob: &Glob, hasher: &TopicHasher) -> Option<Gram> {
        let mut best = None;
        let consider = |gram| {
            let rows = self
                .bucket(gram, hasher)
                .map_or(0, |bucket| bucket.rows.len());
            if best.is_none_or(|(fewest, _)| rows < fewest) {
                best = Some((rows, gram));
            }
            if rows < BUCKET_ROW_COUNT_GOOD {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        };
        let _ = each_gram(glob, |class| self.has(class), consider);
        best.map(|(_, gram)| gram)
    }

    /// Files a row and returns its position under the gram.
    pub(super) fn insert(&mut self, gram: Gram, row: Row, hasher: &TopicHasher) -> usize {
        let hash = gram.hash(hasher);
        let rehash = |bucket: &Bucket| bucket.gram.hash(hasher);
        let entry = self
            .buckets
            .entry(hash, |bucket| bucket.gram == gram, rehash);
        if let Entry::Occupied(mut bucket) = entry {
            bucket.get_mut().rows.push(row);
            return bucket.get().rows.len() - 1;
        }
        entry.or_insert_with(|| Bucket {
            gram,
            rows: Vec::from([row]),
        });
        self.bucket_counts[gram.class as usize] += 1;
        self.sample_count += gram.class.stride();
        gram.samples()
            .for_each(|sample| self.samples.add(sample_hash(gram.class, sample, hasher)));
        self.rebuild_worn_samples(hasher);
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
            self.samples.forget(gram.class.stride());
            if self.samples.is_worn(self.sample_count) {
                let twice = 2 * self.buckets.len();
                self.buckets
                    .shrink_to(twice, |bucket| bucket.gram.hash(hasher));
            }
            self.rebuild_worn_samples(hasher);
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
            self.visit_floating::<4, 4>(Class::Float7, rest, probe, hasher, visit)?;
        }
        if self.has(Class::Float5) {
            self.visit_floating::<3, 3>(Class::Float5, rest, probe, hasher, visit)?;
        }
        if self.has(Class::Float4) {
            self.visit_floating::<3, 2>(Class::Float4, rest, probe, hasher, visit)?;
        }
        if self.has(Class::Float2) {
            self.visit_floating::<2, 1>(Class::Float2, rest, probe, hasher, visit)?;
        }
        ControlFlow::Continue(())
    }

    /// Visits the rows of a class that is sampled by so many bytes at each so many bytes.
    #[inline]
    fn visit_floating<const BYTES: usize, const STRIDE: usize>(
        &self,
        class: Class,
        rest: &[u8],
        probe: &mut Probe<'_>,
        hasher: &TopicHasher,
        visit: &mut impl FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let factor = sample_factor(class, hasher);
        let mask = u64::MAX >> (64 - 8 * BYTES);
        // Of each 8 bytes that are read, the samples that lie wholly in them are taken. All are
        // asked before any is acted upon: most often, none is there.
        let count = (8 - BYTES) / STRIDE + 1;
        let sample = |word: u64, number: usize| {
            let bytes = word >> (8 * STRIDE * number) & mask;
            self.samples.bit(bytes.wrapping_mul(factor))
        };
        let mut at = 0;
        while at < rest.len() {
            // Samples beyond the end read zeros and find nothing.
            let word = match rest[at..].first_chunk() {
                Some(word) => u64::from_le_bytes(*word),
                None => word_at(rest, at),
            };
            if (0..count).fold(0, |any, number| any | sample(word, number)) != 0 {
                for number in (0..count).filter(|number| sample(word, *number) != 0) {
                    let at = at + number * STRIDE;
                    self.visit_around(at, class, rest, probe, hasher, visit)?;
                }
            }
            at += count * STRIDE;
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
            let Some(bytes) = rest.get(start..start + class.bytes()) else {
                break;
            };
            let Some(bucket) = self.bucket(Gram::new(class, bytes), hasher) else {
                continue;
            };
            // A gram that repeats in the topic counts where it comes first. Otherwise a topic of
            // one byte, repeated, would multiply the work.
            if memmem::find(rest, bytes) == Some(start) {
                visit_rows(&bucket.rows, probe, visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn bucket(&self, gram: Gram, hasher: &TopicHasher) -> Option<&Bucket> {
        self.buckets
            .find(gram.hash(hasher), |bucket| bucket.gram == gram)
    }

    const fn has(&self, class: Class) -> bool {
        self.bucket_counts[class as usize] > 0
    }

    #[inline]
    fn may_have(&self, class: Class, sample: u64, hasher: &TopicHasher) -> bool {
        self.samples.may_have(sample_hash(class, sample, hasher))
    }

    fn rebuild_worn_samples(&mut self, hasher: &TopicHasher) {
        if !self.samples.is_worn(self.sample_count) {
            return;
        }
        self.samples.reset(self.sample_count);
        for Bucket { gram, .. } in &self.buckets {
            gram.samples()
                .for_each(|sample| self.samples.add(sample_hash(gram.class, sample, hasher)));
        }
    }
}

/// With fewer rows than this under a gram, no better one is looked for.
const BUCKET_ROW_COUNT_GOOD: usize = 8;
