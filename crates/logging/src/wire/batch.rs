//! Batches.

mod values;

use capnp::NotInSchema;
use zeekwire_buffer::AlignedBytes;
use zeekwire_schema::log_capnp::{self as schema, column};
use zeekwire_types::limits::LOG_BATCH_ROW_COUNT_MAX;
use zeekwire_types::log::{LogStream, StreamHash};

use super::fault::{DecodeError, Fault, fault, malformed};
use super::layout::{BATCH, BATCH_ID, COLUMN, LIFE, MEMBER_BATCH, MESSAGE, WORD, Words};
use super::message::read_id;
use crate::columns::{RawColumn, RawStore};
use crate::{BatchBuilder, BatchId, BatchView};

/// Writes a batch into `buffer`, which grows as it must. Gives the length of the message.
pub(super) fn write(buffer: &mut AlignedBytes, id: &BatchId, rows: &BatchBuilder) -> usize {
    let mut to = Words::new(buffer, MESSAGE);
    to.set(Words::ROOT, MEMBER_BATCH);
    let batch = to.structs(Words::ROOT + MESSAGE.pointer(0), BATCH);
    to.set(batch, rows.hash().0);
    to.set(batch + WORD, rows.row_count() as u64);

    let to_id = to.structs(batch + BATCH.pointer(0), BATCH_ID);
    to.set(to_id, id.sequence);
    let sender = to.structs(to_id + BATCH_ID.pointer(0), LIFE);
    to.set(sender, id.sender.incarnation.started_us);
    to.set(sender + WORD, id.sender.incarnation.random);
    to.text(sender + LIFE.pointer(0), id.sender.name.as_str());

    let columns = rows.columns();
    let first = to.list(batch + BATCH.pointer(1), COLUMN, columns.len());
    for (index, column) in columns.iter().enumerate() {
        let at = first + index * COLUMN.bytes();
        values::write_column(&mut to, at, column, rows.row_count());
    }
    to.finish()
}

/// A batch whose columns are still to be read.
#[derive(Clone)]
pub struct BatchMessage<'a> {
    id: BatchId,
    from: schema::batch::Reader<'a>,
}

impl<'a> BatchMessage<'a> {
    pub(super) fn read(from: schema::batch::Reader<'a>) -> Result<Self, DecodeError> {
        let id = read_id(from.get_id().map_err(malformed)?)?;
        let row_count = from.get_row_count() as usize;
        if row_count == 0 || row_count > LOG_BATCH_ROW_COUNT_MAX {
            return Err(fault(Fault::RowCount(row_count)));
        }
        Ok(Self { id, from })
    }

    /// The batch's name.
    #[must_use]
    pub const fn id(&self) -> &BatchId {
        &self.id
    }

    /// The hash of its stream.
    #[must_use]
    pub fn stream(&self) -> StreamHash {
        StreamHash(self.from.get_stream())
    }

    /// How many rows it has.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.from.get_row_count() as usize
    }

    /// The rows, which are of that stream. Looks at everything once, so that reading cells cannot
    /// fail; copies nothing.
    ///
    /// # Errors
    /// [`DecodeError`] names the column that is wrong; [`Fault::OtherStream`] when the stream has
    /// another hash.
    pub fn rows(&self, stream: &LogStream, hash: StreamHash) -> Result<BatchView<'a>, DecodeError> {
        if hash != self.stream() {
            return Err(fault(Fault::OtherStream(self.stream())));
        }
        let list = self.from.get_columns().map_err(malformed)?;
        if list.len() as usize != stream.fields.len() {
            return Err(fault(Fault::ColumnCount {
                expected: stream.fields.len(),
                found: list.len() as usize,
            }));
        }
        let row_count = self.row_count();
        let mut columns = Vec::with_capacity(stream.fields.len());
        for (index, (field, from)) in stream.fields.iter().zip(list.iter()).enumerate() {
            let raw = read_column(from).map_err(|e| e.inside("columns", Some(index)))?;
            let column = raw.check(field.kind, field.element, row_count);
            columns.push(column.map_err(|broken| {
                fault(Fault::Column(broken.damage))
                    .inside("columns", Some(index))
                    .among_elements(broken.in_elements)
            })?);
        }
        Ok(BatchView::new(row_count, columns))
    }
}

impl std::fmt::Debug for BatchMessage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BatchMessage")
            .field("id", &self.id)
            .field("stream", &self.stream())
            .field("row_count", &self.row_count())
            .finish()
    }
}

fn read_column(from: column::Reader<'_>) -> Result<RawColumn<'_>, DecodeError> {
    let which = from.which().map_err(|NotInSchema(_)| fault(Fault::Newer))?;
    let store = match which {
        column::None(()) => RawStore::None,
        column::Bits(x) => RawStore::Bits(x.map_err(malformed)?),
        column::Bytes1(x) => RawStore::Bytes1(x.map_err(malformed)?),
        column::Bytes2(x) => RawStore::Bytes2(x.map_err(malformed)?),
        column::Bytes4(x) => RawStore::Bytes4(x.map_err(malformed)?),
        column::Bytes8(x) => RawStore::Bytes8(x.map_err(malformed)?),
        column::Doubles(x) => RawStore::Doubles(x.map_err(malformed)?),
        column::Ports(x) => RawStore::Ports(x.map_err(malformed)?),
        column::Addresses(x) => {
            let x = x.map_err(malformed)?;
            RawStore::Addresses {
                words: x.get_words().map_err(malformed)?,
                is_wide: x.get_is_wide().map_err(malformed)?,
                wide: x.get_wide().map_err(malformed)?,
            }
        }
        column::Subnets(x) => {
            let x = x.map_err(malformed)?;
            RawStore::Subnets {
                prefixes: x.get_prefixes().map_err(malformed)?,
                lengths: x.get_lengths().map_err(malformed)?,
            }
        }
        column::Strings(x) => {
            let x = x.map_err(malformed)?;
            RawStore::Strings {
                ends: x.get_ends().map_err(malformed)?,
                bytes: x.get_bytes().map_err(malformed)?,
            }
        }
        column::Dictionary(x) => {
            let x = x.map_err(malformed)?;
            RawStore::Dictionary {
                codes: x.get_codes().map_err(malformed)?,
                ends: x.get_ends().map_err(malformed)?,
                bytes: x.get_bytes().map_err(malformed)?,
            }
        }
        column::Lists(x) => {
            let x = x.map_err(malformed)?;
            RawStore::Lists {
                ends: x.get_ends().map_err(malformed)?,
                // As deep as pointers may nest, which is not deep.
                elements: Box::new(read_column(x.get_elements().map_err(malformed)?)?),
            }
        }
    };
    Ok(RawColumn {
        validity: from.get_validity().map_err(malformed)?,
        store,
    })
}
