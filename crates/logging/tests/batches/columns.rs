//! How columns are stored, and what they do at their bounds.

use std::sync::Arc;

use zeekwire_logging::BatchBuilder;
use zeekwire_logging::columns::{PLAIN_BATCH_COUNT, TRIAL_COUNT};
use zeekwire_types::limits::{LOG_BATCH_ROW_COUNT_MAX, PAYLOAD_BYTES_MAX};
use zeekwire_types::log::{Cell, LogField, LogStream, LogType, RowFault};

use crate::encoded;

fn stream(kind: LogType) -> Arc<LogStream> {
    Arc::new(LogStream::new("A::LOG", "a", [LogField::new("x", kind)]))
}

/// Bytes of a batch of those texts, above those of a batch of one row.
fn text_bytes(builder: &mut BatchBuilder, texts: &[String]) -> usize {
    builder.clear();
    for text in texts {
        builder.append(&[Cell::String(text.as_bytes())]).unwrap();
    }
    encoded(builder).len()
}

#[test]
fn numbers_take_as_few_bytes_as_the_largest_needs() {
    let bytes = |kind: LogType, cell: Cell<'_>| {
        let mut builder = BatchBuilder::open(stream(kind)).unwrap();
        (0..64).for_each(|_| builder.append(&[cell]).unwrap());
        encoded(&builder).len()
    };
    let count = |x| bytes(LogType::Count, Cell::Count(x));
    let int = |x| bytes(LogType::Int, Cell::Int(x));
    let one = count(0);
    for (largest, width) in [
        (255, 1),
        (256, 2),
        (65_535, 2),
        (65_536, 4),
        (u64::from(u32::MAX), 4),
        (1 << 32, 8),
        (u64::MAX, 8),
    ] {
        assert_eq!(count(largest) - one, 64 * (width - 1), "{largest}");
    }
    for (number, width) in [
        (127, 1),
        (-128, 1),
        (128, 2),
        (-129, 2),
        (-32_768, 2),
        (-32_769, 4),
        (i64::from(i32::MIN), 4),
        (i64::from(i32::MAX) + 1, 8),
        (i64::MIN, 8),
    ] {
        assert_eq!(int(number) - one, 64 * (width - 1), "{number}");
    }
}

#[test]
fn dictionary_is_used_where_it_pays_and_tried_again_later() {
    let mut builder = BatchBuilder::open(stream(LogType::String)).unwrap();
    let repeated: Vec<String> = (0..1000)
        .map(|n| format!("a name of 20 bytes {}", n % 10))
        .collect();
    let distinct: Vec<String> = (0..1000)
        .map(|n| format!("a name, bytes: {n:05}"))
        .collect();
    let few = text_bytes(&mut builder, &repeated);
    assert!(few < 2000, "{few} bytes");
    let plain = text_bytes(&mut builder, &distinct);
    assert!((24_000..25_000).contains(&plain), "{plain} bytes");
    for _ in 1..PLAIN_BATCH_COUNT {
        assert!(text_bytes(&mut builder, &repeated) > 20_000, "still plain");
    }
    assert_eq!(text_bytes(&mut builder, &repeated), few);
    // As long as a dictionary is on trial, everything may be different.
    assert!(text_bytes(&mut builder, &distinct[..TRIAL_COUNT]) < 1200);
    assert_eq!(text_bytes(&mut builder, &repeated), few);
}

#[test]
fn batch_takes_so_many_rows_and_no_more() {
    let mut builder = BatchBuilder::open(stream(LogType::Bool)).unwrap();
    let rows = vec![Cell::Bool(true); LOG_BATCH_ROW_COUNT_MAX];
    builder.append_all(&rows).unwrap();
    for result in [
        builder.append(&[Cell::Bool(true)]),
        builder.append_all(&rows[..3]),
    ] {
        assert_eq!(result.unwrap_err().fault(), RowFault::BatchFull);
    }
    assert_eq!(builder.row_count(), LOG_BATCH_ROW_COUNT_MAX);
    assert!(encoded(&builder).len() < LOG_BATCH_ROW_COUNT_MAX / 4);
}

#[test]
fn batch_takes_so_many_bytes_and_no_more() {
    let mut builder = BatchBuilder::open(stream(LogType::String)).unwrap();
    let half = vec![b'x'; PAYLOAD_BYTES_MAX / 2];
    let too_large = vec![b'x'; PAYLOAD_BYTES_MAX];
    let fault = |result: Result<(), zeekwire_types::log::RowError>| result.unwrap_err().fault();
    let result = builder.append(&[Cell::String(&too_large)]);
    assert_eq!(fault(result), RowFault::TooLarge);
    builder.append(&[Cell::String(&half)]).unwrap();
    let before = builder.bytes_max();
    let result = builder.append(&[Cell::String(&half)]);
    assert_eq!(fault(result), RowFault::BatchFull);
    assert_eq!((builder.row_count(), builder.bytes_max()), (1, before));
    builder.append(&[Cell::String(b"small")]).unwrap();
    assert!(encoded(&builder).len() <= PAYLOAD_BYTES_MAX);
}
