//! Control messages survive the wire, and damaged ones are refused.

use zeekwire_buffer::AlignedBytes;

use super::*;
use crate::wire::split;

fn decoded(control: &Control) -> Vec<Control> {
    let mut bytes = Vec::new();
    ControlWriter::write(control, &mut bytes);
    let bytes = AlignedBytes::copied(&bytes);
    let mut rest = &bytes[..];
    let mut found = Vec::new();
    while let Some(frame) = split(rest).expect("well framed") {
        found.push(Control::decode(frame.payload()).expect("well formed"));
        rest = &rest[frame.bytes.len()..];
    }
    assert!(rest.is_empty());
    found
}

fn hello() -> Hello {
    Hello {
        node: NodeId {
            name: NodeName::new("proxy-1").expect("a good name"),
            incarnation: Incarnation {
                started_us: 3,
                random: 4,
            },
        },
        role: Role::Client,
        features: 5,
        heartbeat_ms: 1000,
        message_bytes_max: 1 << 26,
        credit_limits: [0, 1, 2, 3],
        program: "zeekwire 0.1.0".to_owned(),
    }
}

#[test]
fn each_kind_survives_the_wire() {
    let goodbye = Goodbye {
        reason: Reason::NameInUse,
        text: "taken".to_owned(),
    };
    let filter = TopicFilter::new("zeek/*").expect("a good filter");
    for control in [
        Control::Hello(hello()),
        Control::Accept,
        Control::Refuse(goodbye.clone()),
        Control::Close(goodbye),
        Control::Heartbeat,
        Control::Subscribe {
            token: 9,
            filters: vec![filter.clone()],
            snapshot_end: true,
        },
        Control::Subscribe {
            token: 0,
            filters: vec![],
            snapshot_end: true,
        },
        Control::Unsubscribe {
            token: 9,
            filters: vec![filter],
        },
        Control::Done(77),
        Control::Credit {
            class: TrafficClass::Log,
            limit: 1 << 40,
        },
    ] {
        assert_eq!(decoded(&control), [control]);
    }
}

#[test]
fn many_filters_travel_in_several_messages_and_the_last_has_the_token() {
    let filters: Vec<_> = (0..5000)
        .map(|n| TopicFilter::new(format!("zeek/cluster/node/worker-{n}/*")).expect("good"))
        .collect();
    let whole = Control::Subscribe {
        token: 3,
        filters: filters.clone(),
        snapshot_end: true,
    };
    let parts = decoded(&whole);
    assert!(parts.len() > 1);
    let mut joined = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let Control::Subscribe {
            token,
            filters,
            snapshot_end,
        } = part
        else {
            panic!("{part:?}")
        };
        let last = index + 1 == parts.len();
        assert_eq!((*token, *snapshot_end), (if last { 3 } else { 0 }, last));
        joined.extend(filters.iter().cloned());
    }
    assert_eq!(joined, filters);
}

#[test]
fn damage_is_refused_or_read_in_bounds() {
    let mut bytes = Vec::new();
    ControlWriter::write(&Control::Hello(hello()), &mut bytes);
    let payload = AlignedBytes::copied(&bytes[FRAME_HEADER_BYTES..]);
    for words in 0..payload.len() / 8 {
        let short = AlignedBytes::copied(&payload[..words * 8]);
        assert!(
            !matches!(Control::decode(&short), Ok(Control::Hello(_))),
            "{words} words"
        );
    }
    let mut flipped = payload.clone();
    for index in 0..payload.len() {
        for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
            flipped[index] = payload[index] ^ flip;
            let _either = Control::decode(&flipped);
        }
        flipped[index] = payload[index];
    }
}

#[test]
fn a_name_that_breaks_the_rules_is_a_fault() {
    let mut bytes = Vec::new();
    ControlWriter::write(&Control::Hello(hello()), &mut bytes);
    let mut payload = AlignedBytes::copied(&bytes[FRAME_HEADER_BYTES..]);
    let place = payload
        .windows(7)
        .position(|w| w == b"proxy-1")
        .expect("it is in there");
    payload[place] = b'*';
    assert_eq!(Control::decode(&payload), Err(Fault::HelloName));
}

#[test]
fn what_a_peer_says_for_people_cannot_steer_a_terminal() {
    let program = format!("\u{1b}[2J{}", "x".repeat(300));
    let text = "bye\r\n".to_owned();
    let hello = Control::Hello(Hello { program, ..hello() });
    let [Control::Hello(read)] = &decoded(&hello)[..] else {
        panic!("a hello was sent");
    };
    assert!(read.program.starts_with("\u{fffd}[2Jx"));
    let reason = Reason::Closed;
    let read = decoded(&Control::Close(Goodbye { reason, text }));
    let text = "bye\u{fffd}\u{fffd}".to_owned();
    assert_eq!(read, [Control::Close(Goodbye { reason, text })]);
}
