//! `zeek-bin-serializer`: what Zeek sends over ZeroMQ.
//!
//! All numbers are big-endian. A text or string is its length in 32 bits and its bytes.
//!
//! A batch is the stream's id, writer, filter and path as texts; the number of fields in 32 bits;
//! the fields; the number of rows in 32 bits; and the values, row by row. A field is a byte that
//! says whether a secondary name follows, that name, its name, the numbers of its type and of its
//! elements' type (0 for none) in 32 bits each, and a byte for optional.
//!
//! A value is the numbers of its type and of its elements' type (Zeek always writes 0) in 32 bits
//! each, a byte that is 1 if it is set, and if so:
//!
//! | type | bytes |
//! |---|---|
//! | bool, int, count | 64 bits |
//! | double, time, interval | IEEE 754, 64 bits |
//! | string, enum, func, file | a string |
//! | port | 64 bits of number, 32 bits of protocol |
//! | addr | 4 and 4 bytes, or 6 and 16 bytes |
//! | subnet | a byte of length, of 128 bits for IPv4 too, and the prefix as an addr |
//! | set, vector | 64 bits of size, and as many values |
//!
//! A set or vector does not say the type of its elements, which each has; they must be of the
//! field's.

mod decode;
mod encode;

use zeekwire_types::log::{LogRow, LogStream, LogType, LogValue};

use super::{LogBatch, LogDecodeError, LogEncodeError, LogEncodeFault, LogSerializer};
pub use decode::ZeekBinBatch;
pub use encode::ZeekBinEncoder;

/// The format's name.
pub const NAME: &str = "zeek-bin-serializer";

/// Bytes in front of each value: its type, its elements' type, and whether it is set.
const HEAD_BYTES: usize = 9;
/// The numbers in a subnet of IPv4 count from here.
const MAPPED_BITS: u8 = 96;

/// The format. To write many batches, or to read without copying, use [`ZeekBinEncoder`] and
/// [`ZeekBinBatch`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ZeekBin;

impl LogSerializer for ZeekBin {
    fn name(&self) -> &'static str {
        NAME
    }

    fn encode(
        &self,
        stream: &LogStream,
        rows: &[LogRow],
        out: &mut Vec<u8>,
    ) -> Result<(), LogEncodeError> {
        let mut encoder = ZeekBinEncoder::open(stream)?;
        for (index, row) in rows.iter().enumerate() {
            let fault = |error| LogEncodeError::new(NAME, LogEncodeFault::Row(index, error));
            encoder.append(&LogValue::cells(row)).map_err(fault)?;
        }
        out.extend_from_slice(encoder.finish());
        Ok(())
    }

    fn decode(&self, bytes: &[u8]) -> Result<LogBatch, LogDecodeError> {
        let batch = ZeekBinBatch::new(bytes)?;
        let field_count = batch.stream().fields.len();
        let mut rows: Vec<LogRow> = Vec::new();
        let mut row = Vec::new();
        batch.for_each(|cell| {
            row.push(LogValue::from(cell));
            if row.len() == field_count {
                rows.push(std::mem::take(&mut row));
            }
        })?;
        let stream = batch.into_stream();
        Ok(LogBatch { stream, rows })
    }
}

/// The head of a set value of that type: the bytes of the two numbers, and 1.
const fn head(kind: LogType) -> [u8; HEAD_BYTES] {
    [0, 0, 0, kind.number(), 0, 0, 0, 0, 1]
}
