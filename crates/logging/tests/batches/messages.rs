//! Messages about streams and batches.

use zeekwire_buffer::AlignedBytes;
use zeekwire_logging::wire::{Level, Reason, SequenceRange};
use zeekwire_logging::{EncodeError, Encoder, Fault, Frame, Message, StreamError};
use zeekwire_types::log::{LogField, LogStream, LogType, StreamHash};

use crate::{encoded, filled, id};

/// Hands the message to `look`.
fn read<T>(bytes: &[u8], look: impl FnOnce(Message<'_>) -> T) -> T {
    let bytes = AlignedBytes::copied(bytes);
    look(Frame::new(&bytes).unwrap().message().unwrap())
}

#[test]
fn control_messages_say_what_was_said() {
    let mut encoder = Encoder::new();
    read(
        encoder.append(&id(), "extract/a", b"bytes").unwrap(),
        |message| match message {
            Message::Append {
                id: read,
                path,
                bytes,
            } => assert_eq!((read, path, bytes), (id(), "extract/a", &b"bytes"[..])),
            other => panic!("{other:?}"),
        },
    );
    let ranges = [
        SequenceRange { first: 1, last: 4 },
        SequenceRange { first: 9, last: 9 },
    ];
    for level in [Level::Received, Level::Written, Level::Synced] {
        let bytes = encoder.acknowledgement(&id().sender, level, &ranges);
        read(bytes.unwrap(), |message| match message {
            Message::Acknowledgement {
                sender,
                level: read,
                sequences,
            } => assert_eq!(
                (sender, read, &sequences[..]),
                (id().sender, level, &ranges[..])
            ),
            other => panic!("{other:?}"),
        });
    }
    for reason in [
        Reason::Unspecified,
        Reason::UnknownStream,
        Reason::FieldMismatch,
        Reason::Malformed,
        Reason::Unwritable,
        Reason::Stopping,
        Reason::UnknownPath,
    ] {
        let bytes = encoder
            .refusal(&id(), reason, true, "no such stream")
            .unwrap();
        read(bytes, |message| match message {
            Message::Refusal {
                id: read,
                reason: why,
                is_permanent,
                text,
            } => assert_eq!(
                (read, why, is_permanent, text),
                (id(), reason, true, "no such stream")
            ),
            other => panic!("{other:?}"),
        });
    }
    read(
        encoder.want(StreamHash(5), &id()).unwrap(),
        |message| match message {
            Message::Want { stream, id: read } => assert_eq!((stream, read), (StreamHash(5), id())),
            other => panic!("{other:?}"),
        },
    );
    assert!(encoder.held_bytes() > 0);
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let stream = LogStream::new("A::LOG", "a", [LogField::new("n", LogType::Count)]);
    let empty = filled(&stream, &[]);
    let mut encoder = Encoder::new();
    assert_eq!(encoder.batch(&id(), &empty), Err(EncodeError::NoRows));
    let large = vec![0; 33 << 20];
    assert_eq!(
        encoder.append(&id(), "a", &large),
        Err(EncodeError::TooLarge)
    );
}

#[test]
fn frames_that_are_none_are_refused() {
    let stream = LogStream::new("A::LOG", "a", [LogField::new("n", LogType::Count)]);
    let row = vec![zeekwire_types::LogValue::Count(1)];
    let mut bytes = encoded(&filled(&stream, &[row]));
    let fault = |bytes: &[u8]| Frame::new(bytes).err().map(|error| error.fault().clone());
    assert_eq!(fault(&bytes[1..]), Some(Fault::Misaligned));
    assert_eq!(fault(&bytes[..bytes.len() - 8]), Some(Fault::Truncated));
    assert_eq!(fault(&AlignedBytes::new()), Some(Fault::Truncated));
    bytes.extend_from_slice(&[0; 8]);
    assert_eq!(fault(&bytes), Some(Fault::TrailingBytes));
}

#[test]
fn definition_is_verified() {
    let mut encoder = Encoder::new();
    let stream = LogStream::new("A::LOG", "path", [LogField::new("n", LogType::Count)]);
    let mut bytes = AlignedBytes::copied(encoder.open(&stream).unwrap());
    let at = bytes.windows(4).position(|word| word == b"path").unwrap();
    bytes[at] = b'q';
    let frame = Frame::new(&bytes).unwrap();
    let error = frame.message().unwrap_err();
    assert!(matches!(error.fault(), Fault::Hash(_)), "{error}");

    let none = LogStream::new("A::LOG", "path", [LogField::new("n", LogType::Pattern)]);
    let bytes = AlignedBytes::copied(encoder.open(&none).unwrap());
    let frame = Frame::new(&bytes).unwrap();
    let error = frame.message().unwrap_err();
    assert_eq!(
        error.to_string(),
        "log message: open: field `n`: `pattern` cannot be logged"
    );
    let none = LogStream::new("A::LOG", "path", []);
    let bytes = AlignedBytes::copied(encoder.open(&none).unwrap());
    let frame = Frame::new(&bytes).unwrap();
    let fault = frame.message().unwrap_err();
    assert_eq!(fault.fault(), &Fault::Stream(StreamError::FieldCount(0)));
}
