//! Filters in a list, tried one after the other unless a topic lacks bytes that they need.

use std::ops::ControlFlow;

use super::glob::Glob;

/// One filter in a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Row {
    /// The inner filter.
    pub(super) id: u32,
    /// The bytes its literals need; see [`byte_mask`].
    pub(super) mask: u64,
}

/// A topic on its way through the lists, with what is worked out about it only once.
#[derive(Debug)]
pub(super) struct Probe<'a> {
    pub(super) topic: &'a [u8],
    mask: Option<u64>,
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
        Self {
            id,
            mask: glob
                .later_literals()
                .fold(0, |mask, bytes| mask | byte_mask(bytes)),
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
    let missing = if rows.len() <= UNMASKED_ROW_COUNT_MAX {
        0
    } else {
        !probe.mask()
    };
    for row in rows {
        if row.mask & missing == 0 {
            visit(row.id)?;
        }
    }
    ControlFlow::Continue(())
}

/// Which bytes occur, folded into 64 bits: small letters (with capitals) in the lower half; digits
/// and the usual separators in the upper one.
#[inline]
pub(super) fn byte_mask(bytes: &[u8]) -> u64 {
    let bit = |byte: u8| {
        if byte & 0x40 == 0 {
            0x20 | byte & 0x1f
        } else {
            byte & 0x1f
        }
    };
    bytes.iter().fold(0, |mask, &byte| mask | 1 << bit(byte))
}

/// At most this many rows are visited without asking their masks.
const UNMASKED_ROW_COUNT_MAX: usize = 8;
