//! Batches and messages: random rows, real logs, and damage.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod columns;
mod damage;
mod messages;
mod real_logs;
mod round_trip;
mod strategies;

use std::sync::Arc;

use zeekwire_buffer::AlignedBytes;
use zeekwire_logging::{BatchBuilder, BatchId, BatchView, DecodeError, Encoder, Frame, Message};
use zeekwire_types::log::{LogRow, LogStream, LogValue};
use zeekwire_types::{Incarnation, NodeId, NodeName};

fn id() -> BatchId {
    let incarnation = Incarnation {
        started_us: 1_795_163_199_000_000,
        random: 7,
    };
    BatchId {
        sender: NodeId {
            name: NodeName::new("worker-1").unwrap(),
            incarnation,
        },
        sequence: 3,
    }
}

/// A builder with those rows, all at once.
fn filled(stream: &LogStream, rows: &[LogRow]) -> BatchBuilder {
    let mut builder = BatchBuilder::open(Arc::new(stream.clone())).unwrap();
    let cells: Vec<_> = rows.iter().flat_map(|row| LogValue::cells(row)).collect();
    builder.append_all(&cells).unwrap();
    assert_eq!(builder.row_count(), rows.len());
    builder
}

fn encoded(builder: &BatchBuilder) -> AlignedBytes {
    let mut encoder = Encoder::new();
    let bytes = encoder.batch(&id(), builder).unwrap();
    assert!(bytes.len() <= builder.bytes_max());
    AlignedBytes::copied(bytes)
}

/// Hands the rows of an encoded batch to `look`.
fn decoded<T>(
    bytes: &[u8],
    stream: &LogStream,
    look: impl FnOnce(&BatchView<'_>) -> T,
) -> Result<T, DecodeError> {
    let frame = Frame::new(bytes)?;
    match frame.message()? {
        Message::Batch(batch) => Ok(look(&batch.rows(stream, batch.stream())?)),
        other => panic!("{other:?} is no batch"),
    }
}

/// All rows of a view, read in each of the ways that there are.
fn rows_of(view: &BatchView<'_>) -> Vec<LogRow> {
    let owned = |row: usize| view.row(row).map(LogValue::from).collect();
    let rows: Vec<LogRow> = (0..view.row_count()).map(owned).collect();

    let mut together: Vec<LogRow> = Vec::new();
    let read = view.try_for_each_row(|row| -> Result<(), ()> {
        together.push(row.iter().map(|cell| LogValue::from(*cell)).collect());
        Ok(())
    });
    assert_eq!((read, &together), (Ok(()), &rows));

    for (index, column) in view.columns().iter().enumerate() {
        let mut cells = Vec::new();
        column.for_each(|cell| cells.push(LogValue::from(cell)));
        let expected: Vec<_> = rows.iter().map(|row| row[index].clone()).collect();
        assert_eq!(cells, expected);
        assert_eq!(column.row_count(), rows.len());
        assert!(column.cell(rows.len()).is_unset());
    }
    rows
}
