//! Rows to bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use zeekwire_buffer::copy_short;
use zeekwire_types::limits::{LOG_FIELD_COUNT_MAX, PAYLOAD_BYTES_MAX};
use zeekwire_types::log::{Cell, Elements, LogField, LogStream, LogType, RowError, RowFault};
use zeekwire_types::value::{Port, Subnet};

use super::{HEAD_BYTES, NAME, head};
use crate::log::{LogEncodeError, LogEncodeFault};

/// At least as long as any value, strings and elements aside.
const VALUE_BYTES_MAX: usize = HEAD_BYTES + 18;

/// Writes batches of one stream, reusing its memory.
///
/// ```
/// use zeekwire_serializer::log::zeek_bin::{ZeekBinBatch, ZeekBinEncoder};
/// use zeekwire_types::log::{Cell, LogField, LogStream, LogType};
///
/// let stream = LogStream::new("Test::LOG", "test", [LogField::new("n", LogType::Count)]);
/// let mut encoder = ZeekBinEncoder::open(&stream)?;
/// encoder.append(&[Cell::Count(5)])?;
/// let batch = ZeekBinBatch::new(encoder.finish())?;
/// assert_eq!(batch.stream(), &stream);
/// batch.for_each(|cell| assert_eq!(cell, Cell::Count(5)))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ZeekBinEncoder {
    stream: LogStream,
    /// The batch, and room for more behind `used`.
    buffer: Vec<u8>,
    used: usize,
    /// Where the rows start, behind their number.
    rows_start: usize,
    row_count: u32,
}

impl ZeekBinEncoder {
    /// An empty batch of that stream.
    ///
    /// # Errors
    /// [`LogEncodeError`] when no row can fit the stream's fields.
    pub fn open(stream: &LogStream) -> Result<Self, LogEncodeError> {
        let refuse = |fault| Err(LogEncodeError::new(NAME, fault));
        let count = stream.fields.len();
        if count == 0 || count > LOG_FIELD_COUNT_MAX {
            return refuse(LogEncodeFault::FieldCount(count));
        }
        if let Some(field) = stream.fields.iter().find(|field| !field.is_loggable()) {
            let (name, kind) = (field.name.clone(), field.type_name());
            return refuse(LogEncodeFault::NotLoggable(name, kind));
        }
        let mut buffer = header(stream);
        if buffer.len() > PAYLOAD_BYTES_MAX / 2 {
            return refuse(LogEncodeFault::TooLarge);
        }
        buffer.extend_from_slice(&[0; 4]);
        Ok(Self {
            stream: stream.clone(),
            used: buffer.len(),
            rows_start: buffer.len(),
            buffer,
            row_count: 0,
        })
    }

    /// Rows in the batch.
    #[must_use]
    pub const fn row_count(&self) -> usize {
        self.row_count as usize
    }

    /// Adds a row: one cell for each field, unset or of the field's type.
    ///
    /// # Errors
    /// [`RowError`] names the field that is wrong, and the batch is as it was.
    #[inline]
    pub fn append(&mut self, row: &[Cell<'_>]) -> Result<(), RowError> {
        loop {
            let room = self.buffer.get_mut(self.used..).unwrap_or_default();
            let room_bytes = room.len();
            if let Some(left) = write_row(&self.stream.fields, row, room) {
                self.used += room_bytes - left.len();
                self.row_count += 1;
                return Ok(());
            }
            // Either the row is wrong, or there was no room for it.
            self.stream.check(row)?;
            self.grow(row)?;
        }
    }

    /// The batch, until the next call.
    pub fn finish(&mut self) -> &[u8] {
        let count_at = self.rows_start - 4;
        self.buffer[count_at..self.rows_start].copy_from_slice(&self.row_count.to_be_bytes());
        &self.buffer[..self.used]
    }

    /// Forgets the rows and keeps the memory.
    pub const fn clear(&mut self) {
        self.used = self.rows_start;
        self.row_count = 0;
    }

    /// Makes room for a row that fits the stream.
    #[cold]
    fn grow(&mut self, row: &[Cell<'_>]) -> Result<(), RowError> {
        let bytes = |cell: &Cell<'_>| match cell.elements() {
            None => VALUE_BYTES_MAX + cell.bytes().map_or(0, <[u8]>::len),
            Some(elements) => {
                let bytes = |cell: Cell<'_>| VALUE_BYTES_MAX + cell.bytes().map_or(0, <[u8]>::len);
                VALUE_BYTES_MAX + elements.iter().map(bytes).sum::<usize>()
            }
        };
        let end = self.used + row.iter().map(bytes).sum::<usize>();
        if end <= PAYLOAD_BYTES_MAX {
            self.buffer.resize(end.next_power_of_two().max(4096), 0);
            return Ok(());
        }
        Err(RowError::of_row(match self.row_count {
            0 => RowFault::TooLarge,
            _ => RowFault::BatchFull,
        }))
    }
}

/// Everything in front of the number of rows.
fn header(stream: &LogStream) -> Vec<u8> {
    let mut out = Vec::new();
    let length = |len: usize| u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
    let text = |out: &mut Vec<u8>, text: &str| {
        out.extend_from_slice(&length(text.len()));
        out.extend_from_slice(text.as_bytes());
    };
    for name in [&stream.stream, &stream.writer, &stream.filter, &stream.path] {
        text(&mut out, name);
    }
    out.extend_from_slice(&length(stream.fields.len()));
    for field in &stream.fields {
        out.push(u8::from(field.secondary_name.is_some()));
        if let Some(name) = &field.secondary_name {
            text(&mut out, name);
        }
        text(&mut out, &field.name);
        out.extend_from_slice(&u32::from(field.kind.number()).to_be_bytes());
        let element = field.element.map_or(0, LogType::number);
        out.extend_from_slice(&u32::from(element).to_be_bytes());
        out.push(u8::from(field.optional));
    }
    out
}

/// Writes a row, and gives the room that is left. `None` if the row does not fit the fields, or
/// the room is too small. What is wrong is found out elsewhere, so that here nothing else is done
/// but writing.
fn write_row<'a>(
    fields: &[LogField],
    row: &[Cell<'_>],
    room: &'a mut [u8],
) -> Option<&'a mut [u8]> {
    if fields.len() != row.len() {
        return None;
    }
    let mut to = Room(room);
    for (field, cell) in fields.iter().zip(row) {
        if cell.type_number() == field.kind.number() {
            to.value(cell, field.element)?;
        } else if cell.is_unset() {
            to.unset(field.kind)?;
        } else {
            return None;
        }
    }
    Some(to.0)
}

/// The room that is left for values.
struct Room<'a>(&'a mut [u8]);

impl Room<'_> {
    /// The next `N` bytes: one comparison for all of a value.
    #[inline(always)]
    fn take<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        let (taken, rest) = std::mem::take(&mut self.0).split_first_chunk_mut::<N>()?;
        self.0 = rest;
        Some(taken)
    }

    /// A value that is set.
    #[inline(always)]
    fn value(&mut self, cell: &Cell<'_>, element: Option<LogType>) -> Option<()> {
        match cell {
            Cell::Int(x) => self.word(LogType::Int, x.cast_unsigned()),
            Cell::Count(x) => self.word(LogType::Count, *x),
            Cell::Double(x) => self.word(LogType::Double, x.to_bits()),
            Cell::Time(x) => self.word(LogType::Time, x.to_bits()),
            Cell::Interval(x) => self.word(LogType::Interval, x.to_bits()),
            Cell::Bool(x) => self.word(LogType::Bool, u64::from(*x)),
            Cell::String(x) => self.text(LogType::String, x),
            Cell::Enum(x) => self.text(LogType::Enum, x),
            Cell::Function(x) => self.text(LogType::Function, x),
            Cell::File(x) => self.text(LogType::File, x),
            Cell::Port(port) => self.port(*port),
            Cell::Addr(IpAddr::V4(v4)) => self.v4(*v4),
            Cell::Addr(IpAddr::V6(v6)) => self.v6(v6),
            Cell::Subnet(subnet) => self.subnet(subnet),
            Cell::Set(elements) => self.elements(LogType::Set, element, elements),
            Cell::Vector(elements) => self.elements(LogType::Vector, element, elements),
            // Unset cells are not set, and cells of types to come are of no field's type.
            _ => None,
        }
    }

    #[inline(always)]
    fn unset(&mut self, kind: LogType) -> Option<()> {
        let to = self.take::<HEAD_BYTES>()?;
        *to = head(kind);
        to[HEAD_BYTES - 1] = 0;
        Some(())
    }

    #[inline(always)]
    fn word(&mut self, kind: LogType, word: u64) -> Option<()> {
        let to = self.take::<{ HEAD_BYTES + 8 }>()?;
        to[..HEAD_BYTES].copy_from_slice(&head(kind));
        to[HEAD_BYTES..].copy_from_slice(&word.to_be_bytes());
        Some(())
    }

    #[inline(always)]
    fn text(&mut self, kind: LogType, text: &[u8]) -> Option<()> {
        let length = u32::try_from(text.len()).ok()?;
        let to = self.take::<{ HEAD_BYTES + 4 }>()?;
        to[..HEAD_BYTES].copy_from_slice(&head(kind));
        to[HEAD_BYTES..].copy_from_slice(&length.to_be_bytes());
        let (to, rest) = std::mem::take(&mut self.0).split_at_mut_checked(text.len())?;
        self.0 = rest;
        copy_short(to, text);
        Some(())
    }

    #[inline(always)]
    fn port(&mut self, port: Port) -> Option<()> {
        let to = self.take::<{ HEAD_BYTES + 12 }>()?;
        to[..HEAD_BYTES].copy_from_slice(&head(LogType::Port));
        to[HEAD_BYTES..HEAD_BYTES + 8].copy_from_slice(&u64::from(port.number).to_be_bytes());
        to[HEAD_BYTES + 8..].copy_from_slice(&u32::from(port.protocol as u8).to_be_bytes());
        Some(())
    }

    #[inline(always)]
    fn v4(&mut self, v4: Ipv4Addr) -> Option<()> {
        let to = self.take::<{ HEAD_BYTES + 5 }>()?;
        to[..HEAD_BYTES].copy_from_slice(&head(LogType::Addr));
        to[HEAD_BYTES] = 4;
        to[HEAD_BYTES + 1..].copy_from_slice(&v4.octets());
        Some(())
    }

    #[inline]
    fn v6(&mut self, v6: &Ipv6Addr) -> Option<()> {
        if let Some(v4) = v6.to_ipv4_mapped() {
            return self.v4(v4);
        }
        let to = self.take::<{ HEAD_BYTES + 17 }>()?;
        to[..HEAD_BYTES].copy_from_slice(&head(LogType::Addr));
        to[HEAD_BYTES] = 6;
        to[HEAD_BYTES + 1..].copy_from_slice(&v6.octets());
        Some(())
    }

    #[inline(never)]
    fn subnet(&mut self, subnet: &Subnet) -> Option<()> {
        *self.take()? = head(LogType::Subnet);
        let raw = subnet.address_raw();
        if subnet.is_ipv4() {
            *self.take()? = [subnet.length_raw(), 4];
            self.take::<4>()?.copy_from_slice(&raw[12..]);
        } else {
            *self.take()? = [subnet.length_raw(), 6];
            *self.take()? = raw;
        }
        Some(())
    }

    #[inline(never)]
    fn elements(
        &mut self,
        kind: LogType,
        element: Option<LogType>,
        elements: &Elements<'_>,
    ) -> Option<()> {
        self.word(kind, elements.len() as u64)?;
        let element = element?;
        for cell in elements.iter() {
            match cell.kind() {
                None => self.unset(element)?,
                Some(found) if found == element && !found.is_container() => {
                    self.value(&cell, None)?;
                }
                Some(_) => return None,
            }
        }
        Some(())
    }
}
