//! Batches of rows of a real conn.log, in both formats, and the loops over them.

use std::hint::black_box;
use std::net::IpAddr;
use std::sync::Arc;

use zeekwire_buffer::AlignedBytes;
use zeekwire_logfile::{ReadError, ReadOptions, Reader};
use zeekwire_logging::{BatchBuilder, BatchId, Encoder, Frame, Message};
use zeekwire_serializer::log::zeek_bin::{ZeekBinBatch, ZeekBinEncoder};
use zeekwire_types::log::{Cell, LogRow, LogStream, LogValue, StreamHash};
use zeekwire_types::{Incarnation, NodeId, NodeName};

use crate::failure::{Failure, Result};

/// Connections that a real Zeek saw.
const LOG: &[u8] = include_bytes!("../../../crates/cli/data/conn.log.gz");
/// Rows of a batch, as Zeek sends them.
pub(crate) const BATCH_ROW_COUNT: usize = 1000;

/// The stream and its rows: whole batches only.
pub(crate) struct Log {
    stream: Arc<LogStream>,
    hash: StreamHash,
    rows: Vec<LogRow>,
}

impl Log {
    pub(crate) fn load() -> Result<Self> {
        let failure = |error: ReadError| Failure::new(error.to_string());
        let reader = Reader::new("conn.log", LOG, ReadOptions::default());
        let mut reader = reader.map_err(failure)?;
        let mut rows = Vec::new();
        while let Some(row) = reader.next_row().map_err(failure)? {
            rows.push(row.to_owned());
        }
        rows.truncate(rows.len() / BATCH_ROW_COUNT * BATCH_ROW_COUNT);
        let fields = reader.fields().iter().cloned();
        let stream = LogStream::new("Conn::LOG", "conn", fields);
        Ok(Self {
            hash: stream.hash(),
            stream: Arc::new(stream),
            rows,
        })
    }

    /// The cells of each batch, row by row.
    fn batches(&self) -> Vec<Vec<Cell<'_>>> {
        let batches = self.rows.chunks(BATCH_ROW_COUNT);
        batches
            .map(|rows| rows.iter().flat_map(|row| LogValue::cells(row)).collect())
            .collect()
    }

    /// Encodes `count` batches, over and over, and hands each to `each`.
    pub(crate) fn encode_ours(&self, count: u64, mut each: impl FnMut(&[u8])) -> Result<()> {
        let batches = self.batches();
        let mut builder = BatchBuilder::open(Arc::clone(&self.stream)).map_err(failure)?;
        let mut encoder = Encoder::new();
        let id = batch_id()?;
        for (_, cells) in (0..count).zip(batches.iter().cycle()) {
            builder.clear();
            builder.append_all(black_box(cells)).map_err(failure)?;
            each(encoder.batch(&id, &builder).map_err(failure)?);
        }
        Ok(())
    }

    /// The same in the format of Zeek.
    pub(crate) fn encode_zeek_bin(&self, count: u64, mut each: impl FnMut(&[u8])) -> Result<()> {
        let batches = self.batches();
        let mut encoder = ZeekBinEncoder::open(&self.stream).map_err(failure)?;
        let width = self.stream.fields.len();
        for (_, cells) in (0..count).zip(batches.iter().cycle()) {
            encoder.clear();
            for row in black_box(cells).chunks_exact(width) {
                encoder.append(row).map_err(failure)?;
            }
            each(encoder.finish());
        }
        Ok(())
    }

    /// Decodes `count` batches, over and over, and visits every cell.
    pub(crate) fn decode_ours(&self, count: u64) -> Result<()> {
        let mut batches = Vec::new();
        let keep = |bytes: &[u8]| batches.push(AlignedBytes::copied(bytes));
        self.encode_ours(self.batch_count(), keep)?;
        for (_, bytes) in (0..count).zip(batches.iter().cycle()) {
            let frame = Frame::new(black_box(bytes)).map_err(failure)?;
            let Message::Batch(batch) = frame.message().map_err(failure)? else {
                return Err(Failure::new("a batch became something else"));
            };
            let rows = batch.rows(&self.stream, self.hash).map_err(failure)?;
            let mut sum = 0;
            for column in rows.columns() {
                column.for_each(|cell| visit(&mut sum, cell));
            }
            black_box(sum);
        }
        Ok(())
    }

    /// The same in the format of Zeek.
    pub(crate) fn decode_zeek_bin(&self, count: u64) -> Result<()> {
        let mut batches = Vec::new();
        let keep = |bytes: &[u8]| batches.push(bytes.to_vec());
        self.encode_zeek_bin(self.batch_count(), keep)?;
        for (_, bytes) in (0..count).zip(batches.iter().cycle()) {
            let batch = ZeekBinBatch::new(black_box(bytes)).map_err(failure)?;
            let mut sum = 0;
            let read = batch.for_each(|cell| visit(&mut sum, cell));
            read.map_err(failure)?;
            black_box(sum);
        }
        Ok(())
    }

    pub(crate) fn batch_count(&self) -> u64 {
        (self.rows.len() / BATCH_ROW_COUNT) as u64
    }
}

/// Does a little with a cell, so that it must be there. Each kind by itself, so that whoever knows
/// the kind can leave out the rest.
#[inline(always)]
fn visit(sum: &mut u64, cell: Cell<'_>) {
    let number = match cell {
        Cell::Bool(x) => u64::from(x),
        Cell::Int(x) => x.cast_unsigned(),
        Cell::Count(x) => x,
        Cell::Double(x) | Cell::Time(x) | Cell::Interval(x) => x.to_bits(),
        Cell::String(x) | Cell::Enum(x) | Cell::Function(x) | Cell::File(x) => {
            x.len() as u64 + u64::from(x.last().copied().unwrap_or(0))
        }
        Cell::Port(x) => u64::from(x.number),
        Cell::Addr(IpAddr::V4(x)) => u64::from(u32::from(x)),
        Cell::Addr(IpAddr::V6(x)) => u64::from(x.octets()[15]),
        Cell::Subnet(x) => u64::from(x.length()),
        Cell::Set(x) | Cell::Vector(x) => x
            .iter()
            .fold(0, |sum: u64, element| sum.wrapping_add(element.word())),
        _ => 1,
    };
    *sum = sum.wrapping_add(number);
}

fn batch_id() -> Result<BatchId> {
    let name = NodeName::new("worker-1").map_err(failure)?;
    Ok(BatchId {
        sender: NodeId {
            name,
            incarnation: Incarnation::default(),
        },
        sequence: 1,
    })
}

fn failure(error: impl std::error::Error) -> Failure {
    Failure::new(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_whole_and_both_formats_take_them() {
        let log = Log::load().expect("the log is fine");
        assert_eq!(log.batch_count(), 2);
        let mut sizes = Vec::new();
        let ours = log.encode_ours(2, |bytes| sizes.push(bytes.len()));
        assert_eq!((ours, sizes.len()), (Ok(()), 2));
        assert_eq!(log.decode_ours(3), Ok(()));
        assert_eq!(log.decode_zeek_bin(3), Ok(()));
    }
}
