//! What the encoder has open: runs of values that are still being filled.

use super::super::layout::{VALUE, VALUE_POINTER};
use crate::Step;

/// Values that come one after the other, and where the next of them goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    kind: Kind,
    /// Byte of the next value.
    pub slot: usize,
    /// Byte of the value after it.
    after: usize,
    /// Bytes from one value to the second next.
    stride: usize,
    /// Values that may follow at once. None means that something else is due first, or nothing.
    pub ready: usize,
    /// Values in front of which a name or an id must come.
    pub later: usize,
    /// Values in all.
    count: usize,
    /// Byte of what stands beside the next value: the pointer to a field's name, or an entry of
    /// the metadata.
    pub beside: usize,
}

/// What the values belong to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// No event was begun.
    Idle,
    /// The event is complete, or a fault ended it.
    Done,
    Args,
    Metadata,
    Elements,
    Entries,
    Fields,
    Captures,
    Data,
    Any,
}

impl Open {
    /// Nothing fits.
    pub(super) const fn closed(kind: Kind) -> Self {
        Self {
            kind,
            slot: 0,
            after: 0,
            stride: 0,
            ready: 0,
            later: 0,
            count: 0,
            beside: 0,
        }
    }

    /// `count` values, the first at byte `slot` and each behind the one before.
    #[inline]
    pub(super) const fn run(kind: Kind, slot: usize, count: usize) -> Self {
        Self {
            kind,
            slot,
            after: slot + VALUE.bytes(),
            stride: 2 * VALUE.bytes(),
            ready: count,
            later: 0,
            count,
            beside: 0,
        }
    }

    /// `count` keys at byte `keys` and their values at byte `values`, in turn.
    #[inline]
    pub(super) const fn entries(keys: usize, values: usize, count: usize) -> Self {
        Self {
            after: values,
            stride: VALUE.bytes(),
            ..Self::run(Kind::Entries, keys, 2 * count)
        }
    }

    /// As [`Open::run`], with something at byte `beside` due before each value.
    #[inline]
    pub(super) const fn announced(kind: Kind, slot: usize, count: usize, beside: usize) -> Self {
        Self {
            ready: 0,
            later: count,
            beside,
            ..Self::run(kind, slot, count)
        }
    }

    /// What the values belong to.
    #[inline]
    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    /// Goes on to the next value.
    #[inline]
    pub(super) const fn step(&mut self) {
        let next = self.after;
        self.after = self.slot + self.stride;
        self.slot = next;
        self.ready -= 1;
    }

    /// Lets one value follow, with what stands beside it `bytes` further on.
    #[inline]
    pub(super) const fn unlock(&mut self, bytes: usize) {
        self.later -= 1;
        self.ready = 1;
        self.beside += bytes;
    }

    /// Whether a name or an id is due.
    #[inline]
    pub(super) fn awaits(&self, kind: Kind) -> bool {
        self.kind == kind && self.ready == 0 && self.later > 0
    }

    /// Byte of the next value's pointer.
    #[inline]
    pub(super) const fn pointer(&self) -> usize {
        self.slot + VALUE_POINTER
    }

    /// The step to the value that comes next, or to the one before it.
    pub(super) fn path(&self, is_before: bool) -> Option<Step> {
        let index = self.count - self.ready - self.later - usize::from(is_before);
        Some(match self.kind {
            Kind::Idle | Kind::Done => return None,
            Kind::Args => Step::Arg(index),
            Kind::Metadata => Step::Metadata(index),
            Kind::Elements => Step::Element(index),
            Kind::Entries if index.is_multiple_of(2) => Step::Key(index / 2),
            Kind::Entries => Step::Value(index / 2),
            Kind::Fields => Step::Field(index),
            Kind::Captures => Step::Capture(index),
            Kind::Data => Step::Data,
            Kind::Any => Step::Any,
        })
    }
}
