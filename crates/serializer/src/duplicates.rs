//! Finds elements of a set that have become the same bytes.
//!
//! Different values may be the same in a Broker format: a list and a vector, or two times within
//! a nanosecond. A receiver refuses a whole event for that, so an encoder must notice.

use std::collections::HashSet;
use std::ops::Range;

/// Up to this many are compared pairwise.
const PAIRWISE_COUNT_MAX: usize = 8;

/// The place of the first of `ranges` whose bytes are those of one before it.
pub(crate) fn first_repeated(bytes: &[u8], ranges: &[Range<usize>]) -> Option<usize> {
    let slice = |range: &Range<usize>| &bytes[range.clone()];
    if ranges.len() <= PAIRWISE_COUNT_MAX {
        let repeated = |i: usize| ranges[..i].iter().any(|b| slice(b) == slice(&ranges[i]));
        return (0..ranges.len()).find(|i| repeated(*i));
    }
    let mut seen = HashSet::with_capacity(ranges.len());
    ranges.iter().position(|range| !seen.insert(slice(range)))
}
