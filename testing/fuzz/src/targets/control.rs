//! Control messages.

use zeekwire_buffer::AlignedBytes;
use zeekwire_core::wire::{Body, Control, ControlWriter, Digest, Goodbye, Update, split};
use zeekwire_types::TopicFilter;
use zeekwire_types::limits::CONTROL_BYTES_MAX;

/// Decodes; what decodes is written and read again.
pub fn control(data: &[u8]) {
    let bytes = AlignedBytes::copied(data);
    let Ok(control) = Control::decode(&bytes) else {
        return;
    };
    assert!(bytes.len() <= CONTROL_BYTES_MAX);
    let read = written_and_read(&control);
    match (&control, &read[..]) {
        (Control::Subscribe { filters, .. } | Control::Unsubscribe { filters, .. }, parts) => {
            let all: Vec<_> = parts.iter().flat_map(filters_of).collect();
            assert!(all.iter().copied().eq(filters));
            check_ends(&control, parts);
        }
        (Control::Newer, [Control::Heartbeat]) => {}
        (Control::Routed(said), [_]) if said.body == Body::Newer => {}
        (Control::Digest(said), parts) => check_digest(said, parts),
        (Control::Update(said), parts) => check_update(said, parts),
        (Control::Hello(hello), [Control::Hello(again)]) => {
            assert!(hello.program.starts_with(&again.program));
            let program = again.program.clone();
            assert_eq!(
                again,
                &zeekwire_core::wire::Hello {
                    program,
                    ..hello.clone()
                }
            );
        }
        (Control::Refuse(said), [Control::Refuse(heard)])
        | (Control::Close(said), [Control::Close(heard)]) => check_goodbye(said, heard),
        (said, [heard]) => assert_eq!(said, heard),
        (said, heard) => panic!("{said:?} became {heard:?}"),
    }
}

fn written_and_read(control: &Control) -> Vec<Control> {
    let mut frames = Vec::new();
    ControlWriter::write(control, &mut frames);
    let frames = AlignedBytes::copied(&frames);
    let mut rest = &frames[..];
    let mut read = Vec::new();
    while let Some(frame) = split(rest).expect("own frames are good") {
        read.push(Control::decode(frame.payload()).expect("own messages are good"));
        rest = &rest[frame.bytes.len()..];
    }
    assert!(rest.is_empty());
    read
}

fn filters_of(control: &Control) -> &[TopicFilter] {
    match control {
        Control::Subscribe { filters, .. } | Control::Unsubscribe { filters, .. } => filters,
        other => panic!("a part became {other:?}"),
    }
}

/// Only the last part of a long message may carry what says that it is complete.
fn check_ends(control: &Control, parts: &[Control]) {
    let ends = |control: &Control| match control {
        Control::Subscribe {
            token,
            snapshot_end,
            ..
        } => (*token, *snapshot_end),
        Control::Unsubscribe { token, .. } => (*token, false),
        other => panic!("a part became {other:?}"),
    };
    let (last, before) = parts.split_last().expect("at least one part");
    assert_eq!(ends(last), ends(control));
    assert!(before.iter().all(|part| ends(part) == (0, false)));
}

fn check_goodbye(said: &Goodbye, heard: &Goodbye) {
    assert_eq!(said.reason, heard.reason);
    assert!(said.text.starts_with(&heard.text));
}

fn check_digest(said: &Digest, parts: &[Control]) {
    let mut records = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let Control::Digest(part) = part else {
            panic!("a part became {part:?}");
        };
        assert_eq!(part.complete, said.complete && at + 1 == parts.len());
        records.extend(part.records.iter().cloned());
    }
    assert_eq!(records, said.records);
}

/// Kinds of items change places, and nothing else does.
fn check_update(said: &Update, parts: &[Control]) {
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for (at, part) in parts.iter().enumerate() {
        let Control::Update(part) = part else {
            panic!("a part became {part:?}");
        };
        added.extend(part.added.iter().cloned());
        removed.extend(part.removed.iter().cloned());
        let complete = said.complete && at + 1 == parts.len();
        let same = Update {
            complete,
            added: part.added.clone(),
            removed: part.removed.clone(),
            ..said.clone()
        };
        assert_eq!(*part, same);
    }
    let sorted = |items: &[_]| {
        let mut items = items.to_vec();
        items.sort();
        items
    };
    assert_eq!(sorted(&added), sorted(&said.added));
    assert_eq!(sorted(&removed), sorted(&said.removed));
}
