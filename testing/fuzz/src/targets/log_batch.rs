//! Messages of logs: batches are read in every way that there is, and those that can be read are
//! written again.

use std::sync::Arc;

use zeekwire_buffer::AlignedBytes;
use zeekwire_logging::{BatchBuilder, BatchId, BatchView, Encoder, Frame, Message};
use zeekwire_types::log::{LogField, LogRow, LogStream, LogType, LogValue};
use zeekwire_types::{Incarnation, NodeId, NodeName};

use crate::input::Input;

/// The input starts with the number of a stream's fields and a byte for each; then the message.
pub fn log_batch(data: &[u8]) {
    let mut input = Input::new(data);
    let stream = stream(&mut input);
    let bytes = AlignedBytes::copied(input.rest());
    let Ok(frame) = Frame::new(&bytes) else {
        return;
    };
    match frame.message() {
        Err(error) => assert!(error.to_string().starts_with("log message")),
        Ok(Message::Batch(batch)) => match batch.rows(&stream, batch.stream()) {
            Err(error) => {
                assert!(
                    error
                        .column()
                        .is_none_or(|column| column < stream.fields.len())
                );
            }
            Ok(view) => {
                assert!(view.row_count() * stream.fields.len() <= bytes.len() * 8);
                let rows = rows_of(&view);
                check_columns(&stream, &rows);
            }
        },
        Ok(Message::Open { stream, hash }) => {
            assert_eq!(stream.hash(), hash);
            assert!(BatchBuilder::open(Arc::new(stream)).is_ok());
        }
        Ok(Message::Acknowledgement { sequences, .. }) => {
            assert!(sequences.iter().all(|range| range.first <= range.last));
            assert!(sequences.len() * 16 <= bytes.len());
        }
        Ok(other) => assert!(!format!("{other:?}").is_empty()),
    }
}

fn stream(input: &mut Input<'_>) -> LogStream {
    let count = usize::from(input.byte() % 32).max(1);
    let kind = |number: u8| {
        let kind = LogType::from_number(number % 20);
        kind.filter(|kind| !kind.is_container() && *kind != LogType::Pattern)
            .unwrap_or(LogType::String)
    };
    let field = |_| match input.byte() {
        byte @ 0..64 => LogField::new("f", kind(byte)),
        byte @ 64..160 => LogField::set("s", kind(byte - 64)),
        byte @ 160.. => LogField::vector("v", kind(byte - 160)),
    };
    let fields: Vec<_> = (0..count).map(field).collect();
    LogStream::new("Fuzz::LOG", "fuzz", fields)
}

/// The rows, after having read them in all ways.
fn rows_of(view: &BatchView<'_>) -> Vec<LogRow> {
    let owned = |row: usize| view.row(row).map(LogValue::from).collect();
    let rows: Vec<LogRow> = (0..view.row_count()).map(owned).collect();
    for (index, column) in view.columns().iter().enumerate() {
        let mut cells = rows.iter().map(|row| &row[index]);
        column.for_each(|cell| assert_eq!(Some(&LogValue::from(cell)), cells.next()));
        assert!(cells.next().is_none());
    }
    let mut left = rows.iter();
    let read = view.try_for_each_row(|row| {
        let same = left.next().is_some_and(|expected| {
            row.iter()
                .zip(expected)
                .all(|(cell, value)| value.as_cell() == *cell)
        });
        if same { Ok(()) } else { Err(()) }
    });
    assert_eq!(read, Ok(()));
    rows
}

/// Rows that fit a stream survive a batch.
pub(super) fn check_columns(stream: &LogStream, rows: &[LogRow]) {
    let Ok(mut builder) = BatchBuilder::open(Arc::new(stream.clone())) else {
        panic!("rows of a stream that cannot be opened");
    };
    for row in rows {
        let fits = builder.append(&LogValue::cells(row));
        fits.unwrap_or_else(|error| panic!("a row that was read: {error}"));
    }
    let id = BatchId {
        sender: NodeId {
            name: NodeName::new("worker-1").expect("a good name"),
            incarnation: Incarnation::default(),
        },
        sequence: 1,
    };
    let mut encoder = Encoder::new();
    let bytes = AlignedBytes::copied(encoder.batch(&id, &builder).expect("there are rows"));
    assert!(bytes.len() <= builder.bytes_max());
    let frame = Frame::new(&bytes).expect("own bytes");
    let Ok(Message::Batch(batch)) = frame.message() else {
        panic!("own bytes are refused");
    };
    let view = batch.rows(stream, builder.hash()).expect("own bytes");
    assert_eq!(batch.id(), &id);
    let read = (0..rows.len()).map(|row| view.row(row).map(LogValue::from).collect::<LogRow>());
    assert!(read.eq(rows.iter().cloned()));
}
