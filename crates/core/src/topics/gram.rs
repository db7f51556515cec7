//! Grams: short runs of bytes that a filter with inner stars cannot match without.
//!
//! A gram is a run of 2 to 8 bytes of one of the filter's literals: the end of its tail, which a
//! topic can only have at its own end, or some part of any literal, which floats. Of a floating
//! gram a topic is first asked for a sample: of a gram of 7 bytes, for example, 4 lie together
//! behind a multiple of 4, wherever the gram is in the topic.

use std::ops::ControlFlow;

use super::glob::Glob;
use super::hash::TopicHasher;

/// A run of bytes under which filters are filed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Gram {
    pub(super) word: u64,
    pub(super) class: Class,
}

/// How long a gram is, and whether it is tied to the end of the topic.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(super) enum Class {
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

impl Gram {
    #[inline]
    pub(super) fn new(class: Class, bytes: &[u8]) -> Self {
        debug_assert_eq!(bytes.len(), class.bytes());
        let word = match class {
            Class::Tail4 | Class::Float4 => u32_of(bytes).into(),
            _ => bytes
                .iter()
                .rev()
                .fold(0, |word, &byte| word << 8 | u64::from(byte)),
        };
        Self { word, class }
    }

    /// What a topic may show of the gram where it is sampled.
    pub(super) fn samples(self) -> impl Iterator<Item = u64> {
        let bytes = self.class.bytes() + 1 - self.class.stride();
        let mask = u64::MAX >> (64 - 8 * bytes);
        (0..self.class.stride()).map(move |at| self.word >> (8 * at) & mask)
    }

    #[inline]
    pub(super) fn hash(self, hasher: &TopicHasher) -> u64 {
        hasher.word(self.class as u8, self.word)
    }
}

impl Class {
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Tail2 | Self::Float2 => 2,
            Self::Tail4 | Self::Float4 => 4,
            Self::Float5 => 5,
            Self::Float7 => 7,
            Self::Tail8 => 8,
        }
    }

    /// From one sample to the next, and how many samples of a gram there may be.
    pub(super) const fn stride(self) -> usize {
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
pub(super) fn each_gram(
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
    let class = floats
        .into_iter()
        .find(|class| has(*class) && fits(class) && *class != Class::Float2);
    let Some(class) = class.or_else(|| floats.into_iter().find(fits)) else {
        return ControlFlow::Continue(());
    };
    for bytes in glob
        .later_literals()
        .flat_map(|literal| literal.windows(class.bytes()))
    {
        give(Gram::new(class, bytes))?;
    }
    ControlFlow::Continue(())
}

/// A hash for the bloom filter only: one multiplication, as there are many samples.
#[inline]
pub(super) fn sample_hash(class: Class, sample: u64, hasher: &TopicHasher) -> u64 {
    sample.wrapping_mul(sample_factor(class, hasher))
}

#[inline]
pub(super) const fn sample_factor(class: Class, hasher: &TopicHasher) -> u64 {
    hasher.factor().wrapping_add((class as u64) << 33)
}

#[inline]
fn u32_of(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("there are four"))
}

/// How many classes there are.
pub(super) const CLASS_COUNT: usize = 7;
