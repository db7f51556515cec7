//! Damaged messages are refused or read as something else, and nothing worse.

use proptest::prelude::*;
use zeekwire_buffer::AlignedBytes;
use zeekwire_logging::columns::Damage;
use zeekwire_logging::{Fault, Frame, Message};
use zeekwire_types::log::{LogField, LogStream, LogType, LogValue};
use zeekwire_types::value::Port;

use crate::strategies::stream_and_rows;
use crate::{decoded, encoded, filled, rows_of};

proptest! {
    #[test]
    fn damaged_bytes_do_no_harm(
        (stream, rows) in stream_and_rows(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = encoded(&filled(&stream, &rows));
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        look(&bytes, &stream);
        let cut = AlignedBytes::copied(&bytes[..end.index(bytes.len())]);
        look(&cut, &stream);
    }
}

/// Reads all there is to read.
fn look(bytes: &[u8], stream: &LogStream) {
    let Ok(frame) = Frame::new(bytes) else { return };
    if let Ok(Message::Batch(batch)) = frame.message()
        && let Ok(view) = batch.rows(stream, batch.stream())
    {
        let cells: usize = stream.fields.len() * view.row_count();
        assert!(cells <= bytes.len() * 8, "every cell was paid for");
        rows_of(&view);
    }
}

fn fields() -> [LogField; 5] {
    [
        LogField::new("n", LogType::Count),
        LogField::new("p", LogType::Port),
        LogField::new("s", LogType::String),
        LogField::vector("v", LogType::String),
        LogField::new("b", LogType::Bool),
    ]
}

/// A batch of three rows, in which `from` became `to`, once.
fn damaged(from: &[u8], to: &[u8]) -> (usize, bool, Fault) {
    let stream = LogStream::new("A::LOG", "a", fields());
    let row = |n: u64| {
        vec![
            LogValue::Count(0x0a0b_0c0d + n),
            LogValue::Port(Port::tcp(0x5051)),
            LogValue::String(b"text".to_vec()),
            LogValue::Vector(vec![LogValue::String(b"element".to_vec()), LogValue::Unset]),
            LogValue::Bool(true),
        ]
    };
    let mut bytes = encoded(&filled(&stream, &[row(0), row(1), row(2)]));
    let at: Vec<_> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, w)| *w == from)
        .collect();
    assert_eq!(at.len(), 1, "{from:?} is there once");
    let at = at[0].0;
    bytes[at..at + to.len()].copy_from_slice(to);
    let error = decoded(&bytes, &stream, |_| ()).unwrap_err();
    let in_elements = error.to_string().contains(".elements");
    (
        error.column().unwrap_or(99),
        in_elements,
        error.fault().clone(),
    )
}

#[test]
fn each_damage_is_named_with_its_column() {
    let column = Fault::Column;
    // The protocol of the first port.
    assert_eq!(
        damaged(
            &[0x51, 0x50, 1, 0, 0x51, 0x50, 1, 0, 0x51],
            &[0x51, 0x50, 4]
        ),
        (1, false, column(Damage::Port))
    );
    // The codes of three rows, in a word of their own; the end of the only entry, 4, behind them.
    assert_eq!(
        damaged(
            &[0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, b't'],
            &[1]
        ),
        (2, false, column(Damage::Code))
    );
    assert_eq!(
        damaged(&[4, 0, 0, 0, 0, 0, 0, 0, b't'], &[5]),
        (2, false, column(Damage::Ends))
    );
    // The ends of three vectors with two elements each.
    assert_eq!(
        damaged(&[2, 0, 0, 0, 4, 0, 0, 0, 6, 0, 0, 0], &[5]),
        (3, false, column(Damage::Ends))
    );
    let (index, in_elements, fault) = damaged(
        &[2, 0, 0, 0, 4, 0, 0, 0, 6, 0, 0, 0],
        &[2, 0, 0, 0, 4, 0, 0, 0, 9],
    );
    assert_eq!((index, in_elements), (3, true));
    assert!(
        matches!(
            fault,
            Fault::Column(Damage::Length { .. } | Damage::SpareBits)
        ),
        "{fault}"
    );
    // Three bits of validity among the six elements: 0b010101.
    let (index, in_elements, fault) = damaged(&[0b01_0101, 0, 0, 0, 0, 0, 0, 0], &[0b0101_0101]);
    assert_eq!(
        (index, in_elements, fault),
        (3, true, column(Damage::SpareBits))
    );
}

#[test]
fn batch_of_another_stream_is_refused() {
    let one = LogStream::new("A::LOG", "a", [LogField::new("n", LogType::Count)]);
    let two = LogStream::new("A::LOG", "b", [LogField::new("n", LogType::Count)]);
    let bytes = encoded(&filled(&one, &[vec![LogValue::Count(1)]]));
    let frame = Frame::new(&bytes).unwrap();
    let Message::Batch(batch) = frame.message().unwrap() else {
        panic!("it is a batch");
    };
    let error = batch.rows(&two, two.hash()).unwrap_err();
    assert_eq!(error.fault(), &Fault::OtherStream(one.hash()));
    // With the right hash and wrong fields, which a careless caller may do.
    let wider = LogStream::new("A::LOG", "a", fields());
    let error = batch.rows(&wider, one.hash()).unwrap_err();
    assert_eq!(
        error.fault(),
        &Fault::ColumnCount {
            expected: 5,
            found: 1
        }
    );
    let other = LogStream::new("A::LOG", "a", [LogField::new("n", LogType::Addr)]);
    let error = batch.rows(&other, one.hash()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "log message: columns[0]: the values are no `addr`"
    );
}
