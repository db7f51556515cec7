//! `capnp-v1` read in place: views that borrow the payload and allocate nothing.

mod value;

use zeekwire_types::limits::VALUE_DEPTH_MAX;

use super::NAME;
use super::payload::Payload;
use super::reader::{List, Struct};
use crate::{DecodeError, Fault, Step};

pub use value::{RecordView, ValueRef, ValueView, ValueVisitor};

/// Pointers on the way to the innermost value: three for each table around it, and the event's own.
const POINTER_DEPTH_MAX: u8 = 104;

const _: () = assert!(POINTER_DEPTH_MAX as usize == 3 * VALUE_DEPTH_MAX + 8);

/// A payload whose frame was checked. Keeps the budget for reading it.
pub struct EventMessage<'a>(Payload<'a>);

impl<'a> EventMessage<'a> {
    /// Checks the payload's frame: its segments are there, and nothing else is.
    ///
    /// # Errors
    /// [`DecodeError`]; [`Fault::Misaligned`] when `bytes` does not start at a multiple of eight.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Payload::new(bytes).map(Self)
    }

    /// The event.
    ///
    /// # Errors
    /// [`DecodeError`] when its name or lists are damaged.
    #[inline]
    pub fn event(&self) -> Result<EventView<'_>, DecodeError> {
        let root = Struct::root(&self.0, POINTER_DEPTH_MAX)?;
        Ok(EventView {
            name: root.text(0)?,
            args: ValueList(root.structs(1)?),
            metadata: root.structs(2)?,
        })
    }
}

/// An event inside a payload.
#[derive(Clone, Copy)]
pub struct EventView<'m> {
    name: &'m str,
    args: ValueList<'m>,
    metadata: List<'m>,
}

impl<'m> EventView<'m> {
    /// The event's fully qualified name.
    #[inline]
    #[must_use]
    pub const fn name(&self) -> &'m str {
        self.name
    }

    /// Its arguments.
    #[inline]
    #[must_use]
    pub const fn args(&self) -> ValueList<'m> {
        self.args
    }

    /// The argument at `index`.
    ///
    /// # Errors
    /// [`Fault::NoSuchArg`] when there are not as many.
    pub fn arg(&self, index: usize) -> Result<ValueView<'m>, DecodeError> {
        let missing = || fault(Fault::NoSuchArg).inside(Step::Arg(index));
        self.args.get(index).ok_or_else(missing)
    }

    /// Its metadata: ids and values.
    pub fn metadata(
        &self,
    ) -> impl ExactSizeIterator<Item = Result<(u64, ValueView<'m>), DecodeError>> + use<'m> {
        let entries = self.metadata.iter().enumerate();
        entries.map(|(index, fact)| entry(fact, index))
    }

    /// How many facts the metadata has.
    #[inline]
    #[must_use]
    pub fn metadata_len(&self) -> usize {
        self.metadata.len()
    }

    /// The id and the value of the metadata's entry at `index`, if there is one.
    ///
    /// # Errors
    /// [`DecodeError`] when the entry is damaged.
    pub fn metadata_at(&self, index: usize) -> Result<Option<(u64, ValueView<'m>)>, DecodeError> {
        let fact = self.metadata.get(index);
        fact.map(|fact| entry(fact, index)).transpose()
    }

    /// Words of the whole payload.
    pub(super) const fn words(&self) -> usize {
        self.metadata.payload().words()
    }
}

/// The id and the value of the metadata's entry at `index`.
fn entry(entry: Struct<'_>, index: usize) -> Result<(u64, ValueView<'_>), DecodeError> {
    match entry.structure(0) {
        Ok(value) => Ok((entry.word(0), ValueView(value))),
        Err(damage) => Err(DecodeError::from(damage).inside(Step::Metadata(index))),
    }
}

/// A run of values inside a payload.
#[derive(Clone, Copy)]
pub struct ValueList<'m>(List<'m>);

impl<'m> ValueList<'m> {
    /// How many there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The one at `index`.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<ValueView<'m>> {
        self.0.get(index).map(ValueView)
    }

    /// One after the other.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ValueView<'m>> + use<'m> {
        self.0.iter().map(ValueView)
    }
}

/// The names of a record's fields inside a payload.
#[derive(Clone, Copy)]
pub struct FieldNames<'m>(List<'m>);

impl<'m> FieldNames<'m> {
    /// How many there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The one at `index`, if there are as many.
    ///
    /// # Errors
    /// [`DecodeError`] when the name is damaged.
    pub fn get(&self, index: usize) -> Result<Option<&'m str>, DecodeError> {
        Ok(self.0.text(index).transpose()?)
    }
}

#[cold]
pub(super) fn fault(fault: Fault) -> DecodeError {
    DecodeError::new(NAME, fault)
}
