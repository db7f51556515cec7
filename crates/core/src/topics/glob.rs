//! One filter, compiled: its literal runs of bytes and where its stars are.

use memchr::{memchr, memmem};
use zeekwire_types::TopicFilter;
use zeekwire_types::limits::FILTER_STAR_COUNT_MAX;

/// A filter, ready to be matched with topics.
///
/// The literals between the stars are found leftmost, one after the other, in one pass over the
/// topic: where a literal is found early, what follows has the longest possible rest to match in,
/// so no choice is ever taken back. The work is linear in topic plus filter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Glob {
    filter: TopicFilter,
    /// The filter's bytes without escapes, if it has any; otherwise its own bytes serve.
    unescaped: Option<Box<[u8]>>,
    /// Where the stars are in the bytes without escapes.
    stars: [u16; FILTER_STAR_COUNT_MAX],
    star_count: u8,
}

/// What kind of filter it is, which decides how an index finds it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// No star: it matches one topic.
    Exact,
    /// One star, at the end: it matches what starts with its literal, which may be empty.
    Prefix,
    /// Any other.
    Inner,
}

impl Glob {
    /// Compiles a filter. Copies its bytes only if they hold escapes.
    #[must_use]
    pub fn new(filter: TopicFilter) -> Self {
        let text = filter.as_bytes();
        let escaped = memchr(b'\\', text).is_some();
        let mut plain = Vec::with_capacity(if escaped { text.len() } else { 0 });
        let mut stars = [0; FILTER_STAR_COUNT_MAX];
        let mut star_count = 0;
        let mut len = 0;
        let mut bytes = text.iter();
        while let Some(&byte) = bytes.next() {
            let byte = match byte {
                b'*' => {
                    stars[usize::from(star_count)] = len;
                    star_count += 1;
                    byte
                }
                b'\\' => *bytes
                    .next()
                    .expect("a filter was checked for whole escapes"),
                _ => byte,
            };
            if escaped {
                plain.push(byte);
            }
            len += 1;
        }
        let unescaped = escaped.then(|| plain.into_boxed_slice());
        Self {
            filter,
            unescaped,
            stars,
            star_count,
        }
    }

    /// The filter that was compiled.
    #[must_use]
    pub const fn filter(&self) -> &TopicFilter {
        &self.filter
    }

    /// What kind of filter it is.
    #[must_use]
    pub fn form(&self) -> Form {
        match self.star_count {
            0 => Form::Exact,
            1 if self.segment(1).is_empty() => Form::Prefix,
            _ => Form::Inner,
        }
    }

    /// Whether the filter matches a topic.
    ///
    /// A filter that does not start with `.` matches no topic that does.
    #[must_use]
    pub fn matches(&self, topic: &[u8]) -> bool {
        if self.star_count == 0 {
            return self.bytes() == topic;
        }
        let prefix = self.prefix();
        if prefix.is_empty() && topic.first() == Some(&b'.') {
            return false;
        }
        topic.starts_with(prefix) && self.matches_rest(topic)
    }

    /// The literal before the first star.
    pub(super) fn prefix(&self) -> &[u8] {
        self.segment(0)
    }

    /// The literals after the first star. All but the last, which may be empty, float.
    pub(super) fn later_literals(&self) -> impl Iterator<Item = &[u8]> {
        (1..=self.star_count).map(|at| self.segment(at))
    }

    /// The literal after the last star, with which matching topics end.
    pub(super) fn tail(&self) -> &[u8] {
        self.segment(self.star_count)
    }

    /// The bytes without escapes. Of the stars in it, [`Self::stars`] tells which are meant so.
    pub(super) fn bytes(&self) -> &[u8] {
        self.unescaped.as_deref().unwrap_or(self.filter.as_bytes())
    }

    /// What an index hashes to find the filter: the first literal if there is no other.
    pub(super) fn hashed_bytes(&self) -> &[u8] {
        match self.form() {
            Form::Exact | Form::Prefix => self.prefix(),
            Form::Inner => self.bytes(),
        }
    }

    /// Whether what follows the prefix matches, in a topic that starts with the prefix.
    #[inline]
    pub(super) fn matches_rest(&self, topic: &[u8]) -> bool {
        debug_assert!(self.star_count > 0 && topic.starts_with(self.prefix()));
        let tail = self.tail();
        let Some(middle) = topic[self.prefix().len()..].strip_suffix(tail) else {
            return false;
        };
        self.star_count == 1 || self.matches_middle(middle, find)
    }

    fn matches_middle(
        &self,
        middle: &[u8],
        mut find: impl FnMut(&[u8], &[u8]) -> Option<usize>,
    ) -> bool {
        let mut rest = middle;
        for at in 1..self.star_count {
            let literal = self.segment(at);
            let Some(found) = find(rest, literal) else {
                return false;
            };
            rest = &rest[found + literal.len()..];
        }
        true
    }

    /// The literal after star number `at`, or the first literal for 0.
    fn segment(&self, at: u8) -> &[u8] {
        let bytes = self.bytes();
        let start = at.checked_sub(1).map_or(0, |before| self.star(before) + 1);
        let end = if at < self.star_count {
            self.star(at)
        } else {
            bytes.len()
        };
        &bytes[start..end]
    }

    fn star(&self, at: u8) -> usize {
        self.stars[usize::from(at)].into()
    }
}

/// The leftmost place of `literal`. Linear in the sum of both lengths, also in the worst case.
fn find(bytes: &[u8], literal: &[u8]) -> Option<usize> {
    match literal {
        [byte] => memchr(*byte, bytes),
        _ => memmem::find(bytes, literal),
    }
}

#[cfg(test)]
mod tests;
