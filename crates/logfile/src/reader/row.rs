//! A row that was read, in buffers that the next row uses again.

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use zeekwire_types::Cell;
use zeekwire_types::LogField;
use zeekwire_types::LogRow;
use zeekwire_types::LogType;
use zeekwire_types::log::ElementSource;
use zeekwire_types::log::Elements;
use zeekwire_types::value::Port;
use zeekwire_types::value::Subnet;

/// One row of a file, borrowed from its reader.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    fields: &'a Arc<[LogField]>,
    buffer: &'a RowBuffer,
}

impl<'a> Row<'a> {
    pub(super) const fn new(fields: &'a Arc<[LogField]>, buffer: &'a RowBuffer) -> Self {
        Self { fields, buffer }
    }

    /// The fields, one for each cell. They stay the same object while the file does not change
    /// them.
    #[must_use]
    pub const fn fields(&self) -> &'a Arc<[LogField]> {
        self.fields
    }

    /// The cells, one for each field.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = Cell<'a>> + Clone + use<'a> {
        let buffer = self.buffer;
        buffer.slots.iter().map(|slot| buffer.cell(*slot))
    }

    /// The cell of the field with this index; unset where there is none.
    #[must_use]
    pub fn cell(&self, index: usize) -> Cell<'a> {
        let slot = self.buffer.slots.get(index);
        slot.map_or(Cell::Unset, |slot| self.buffer.cell(*slot))
    }

    /// The row, copied.
    #[must_use]
    pub fn to_owned(&self) -> LogRow {
        self.cells().map(|cell| cell.to_value()).collect()
    }
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.fields.iter().map(|field| &field.name);
        f.debug_map().entries(names.zip(self.cells())).finish()
    }
}

/// The memory of one row.
#[derive(Debug, Default)]
pub(crate) struct RowBuffer {
    /// What texts are ranges of.
    pub(super) text: Vec<u8>,
    pub(super) slots: Vec<Slot>,
    /// Of all sets and vectors, one after the other.
    pub(super) elements: Vec<Slot>,
}

/// A cell that does not borrow.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slot {
    Unset,
    Bool(bool),
    Int(i64),
    Count(u64),
    Double(f64),
    Time(f64),
    Interval(f64),
    String(Span),
    Enum(Span),
    Function(Span),
    File(Span),
    Port(Port),
    Addr(IpAddr),
    Subnet(Subnet),
    Set(Span),
    Vector(Span),
}

/// A range of a row's text or elements.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    start: u32,
    count: u32,
}

impl Span {
    /// # Panics
    /// When the range ends beyond 32 bits; lines are far shorter.
    pub(super) fn new(range: Range<usize>) -> Self {
        let number = |n: usize| u32::try_from(n).expect("lines are shorter");
        Self {
            start: number(range.start),
            count: number(range.len()),
        }
    }

    const fn range(self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.count as usize
    }
}

impl Slot {
    /// A text of the type, or `None` where the type's values are no texts.
    pub(super) const fn text(kind: LogType, span: Span) -> Option<Self> {
        Some(match kind {
            LogType::String => Self::String(span),
            LogType::Enum => Self::Enum(span),
            LogType::Function => Self::Function(span),
            LogType::File => Self::File(span),
            _ => return None,
        })
    }

    /// A set or vector of these elements.
    pub(super) const fn container(kind: LogType, span: Span) -> Self {
        match kind {
            LogType::Set => Self::Set(span),
            _ => Self::Vector(span),
        }
    }
}

impl RowBuffer {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.slots.clear();
        self.elements.clear();
    }

    #[inline]
    fn cell(&self, slot: Slot) -> Cell<'_> {
        let text = |span: Span| &self.text[span.range()];
        match slot {
            Slot::Unset => Cell::Unset,
            Slot::Bool(value) => Cell::Bool(value),
            Slot::Int(value) => Cell::Int(value),
            Slot::Count(value) => Cell::Count(value),
            Slot::Double(value) => Cell::Double(value),
            Slot::Time(value) => Cell::Time(value),
            Slot::Interval(value) => Cell::Interval(value),
            Slot::String(span) => Cell::String(text(span)),
            Slot::Enum(span) => Cell::Enum(text(span)),
            Slot::Function(span) => Cell::Function(text(span)),
            Slot::File(span) => Cell::File(text(span)),
            Slot::Port(value) => Cell::Port(value),
            Slot::Addr(value) => Cell::Addr(value),
            Slot::Subnet(value) => Cell::Subnet(value),
            Slot::Set(span) => Cell::Set(Elements::of(self, span.start, span.count)),
            Slot::Vector(span) => Cell::Vector(Elements::of(self, span.start, span.count)),
        }
    }
}

impl ElementSource for RowBuffer {
    fn element<'a>(&'a self, cursor: &mut u32) -> Cell<'a> {
        let slot = self.elements.get(*cursor as usize);
        *cursor = cursor.wrapping_add(1);
        slot.map_or(Cell::Unset, |slot| self.cell(*slot))
    }
}
