//! Any rows survive any format.

use std::sync::Arc;

use proptest::prelude::*;
use zeekwire_buffer::AlignedBytes;
use zeekwire_logging::{BatchBuilder, Encoder, Frame, Message};
use zeekwire_serializer::log_by_name;
use zeekwire_types::log::{LogRow, LogStream, LogValue};

use crate::strategies::{stream, stream_and_rows};
use crate::{decoded, encoded, filled, id, rows_of};

proptest! {
    #[test]
    fn rows_survive_columns((stream, rows) in stream_and_rows()) {
        let bytes = encoded(&filled(&stream, &rows));
        prop_assert_eq!(decoded(&bytes, &stream, rows_of).unwrap(), rows);
    }

    #[test]
    fn rows_one_by_one_and_all_at_once_are_the_same((stream, rows) in stream_and_rows()) {
        let mut one_by_one = BatchBuilder::open(Arc::new(stream.clone())).unwrap();
        for row in &rows {
            one_by_one.append(&LogValue::cells(row)).unwrap();
        }
        let at_once = filled(&stream, &rows);
        prop_assert_eq!(one_by_one.bytes_max(), at_once.bytes_max());
        let (one_by_one, at_once) = (encoded(&one_by_one), encoded(&at_once));
        prop_assert_eq!(&one_by_one[..], &at_once[..]);
    }

    #[test]
    fn builder_that_was_used_before_writes_the_same(
        (stream, rows) in stream_and_rows(),
        cut in 0_usize..150,
    ) {
        // A plain column stays plain for some batches: the bytes may differ, the rows not.
        let mut builder = filled(&stream, &rows);
        let mut encoder = Encoder::new();
        encoder.batch(&id(), &builder).unwrap();
        builder.clear();
        prop_assert!(builder.is_empty());
        let rows = &rows[..cut.clamp(1, rows.len())];
        for row in rows {
            builder.append(&LogValue::cells(row)).unwrap();
        }
        let bytes = AlignedBytes::copied(encoder.batch(&id(), &builder).unwrap());
        prop_assert_eq!(decoded(&bytes, &stream, rows_of).unwrap(), rows);
    }

    #[test]
    fn rows_survive_zeeks_own_format((stream, rows) in stream_and_rows()) {
        let format = log_by_name("zeek-bin-serializer").unwrap();
        let mut bytes = Vec::new();
        format.encode(&stream, &rows, &mut bytes).unwrap();
        let batch = format.decode(&bytes).unwrap();
        prop_assert_eq!(&batch.stream, &stream);
        prop_assert_eq!(&batch.rows, &rows);
        let mut again = Vec::new();
        format.encode(&batch.stream, &batch.rows, &mut again).unwrap();
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn definitions_survive(stream in stream()) {
        let mut encoder = Encoder::new();
        let bytes = AlignedBytes::copied(encoder.open(&stream).unwrap());
        match Frame::new(&bytes).unwrap().message().unwrap() {
            Message::Open { stream: read, hash } => {
                prop_assert_eq!(hash, stream.hash());
                prop_assert_eq!(read, stream);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn wrong_row_is_refused_and_leaves_no_trace(
        (stream, rows) in stream_and_rows(),
        (other, others) in stream_and_rows(),
        at in 0_usize..150,
    ) {
        refuse(&stream, &rows, &other, &others[0], at % rows.len());
    }
}

/// Puts a row of another stream among the rows, one by one and all at once.
fn refuse(stream: &LogStream, rows: &[LogRow], other: &LogStream, wrong: &LogRow, at: usize) {
    let wrong = LogValue::cells(wrong);
    let Err(expected) = stream.check(&wrong) else {
        return;
    };
    let mut builder = BatchBuilder::open(Arc::new(stream.clone())).unwrap();
    let mut cells = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        if index == at {
            assert_eq!(builder.append(&wrong), Err(expected.clone()));
            cells.extend(wrong.iter().copied());
        }
        builder.append(&LogValue::cells(row)).unwrap();
        cells.extend(LogValue::cells(row));
    }
    let bytes = encoded(&builder);
    assert_eq!(decoded(&bytes, stream, rows_of).unwrap(), rows);
    if other.fields.len() != stream.fields.len() {
        return;
    }
    builder.clear();
    assert_eq!(builder.append_all(&cells), Err(expected));
    assert_eq!(builder.row_count(), at);
    if at > 0 {
        let bytes = encoded(&builder);
        assert_eq!(decoded(&bytes, stream, rows_of).unwrap(), rows[..at]);
    }
}
