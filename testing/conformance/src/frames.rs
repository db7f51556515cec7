//! Whole frames of every kind, as they are on a link: to be recorded, and read by later releases.

use std::io::IoSlice;

use serde_json::{Value as Json, json};
use zeekwire_buffer::AlignedBytes;
use zeekwire_core::session::{QueueTotal, Session, SessionConfig, WRITE_SLICE_COUNT_MAX};
use zeekwire_core::wire::{
    Control, ControlWriter, EnvelopeTemplate, Frame, FrameHeader, Hello, PREAMBLE_BYTES, Preamble,
    split,
};
use zeekwire_types::{Event, Instant, Role, TrafficClass, args};

use crate::{link, neutral};

/// Cut so that a recorded message takes a few fragments.
const PIECE_BYTES: usize = 96;

/// Bytes of a link, by what they are.
#[must_use]
pub fn written() -> Vec<(String, Vec<u8>)> {
    let mut all = vec![
        ("preamble".to_owned(), Preamble::OURS.encode().to_vec()),
        ("handshake/dialled".to_owned(), handshake().0),
        ("handshake/accepted".to_owned(), handshake().1),
    ];
    for case in link::controls() {
        let mut frame = Vec::new();
        ControlWriter::write(&case.control, &mut frame);
        all.push((format!("control/{}", case.name), frame));
    }
    let classes = TrafficClass::ALL.into_iter();
    for class in classes.filter(|class| *class != TrafficClass::Control) {
        all.push((
            format!("class/{class}"),
            message(class, "raw", 0, b"payload"),
        ));
    }
    for format in zeekwire_serializer::names() {
        let frame = message(TrafficClass::Event, format, 0, &payload(format));
        all.push((format!("format/{format}"), frame));
    }
    let question = message(TrafficClass::Event, "raw", 77, b"");
    all.push(("question".to_owned(), question));
    let whole = message(TrafficClass::Store, "raw", 0, &[0xa5; 3 * PIECE_BYTES]);
    let pieces = whole.chunks(PIECE_BYTES);
    let fragments = pieces.flat_map(|piece| framed(TrafficClass::Store, true, b"", piece));
    all.push(("fragments".to_owned(), fragments.collect()));
    all
}

/// What recorded bytes say, in neutral words: what they are is told by their name.
///
/// # Panics
/// When they cannot be read.
#[must_use]
pub fn read(name: &str, bytes: &[u8]) -> Json {
    match name.split_once('/').map_or(name, |(kind, _)| kind) {
        "preamble" => {
            let preamble = Preamble::decode(bytes).expect("it is ours").expect("whole");
            json!([preamble.version_min, preamble.version_max])
        }
        "handshake" => json!(heard(name == "handshake/accepted", bytes)),
        "control" => {
            let frames = frames(bytes);
            let [frame] = &frames[..] else {
                panic!("{name} is one frame");
            };
            let read = Control::decode(frame.payload()).expect("a good message");
            json!(format!("{:?} {read:?}", frame.header.class))
        }
        "fragments" => {
            let frames = frames(bytes);
            assert!(frames.iter().all(|frame| frame.header.fragment));
            let whole: Vec<u8> = frames
                .iter()
                .flat_map(|frame| frame.payload().to_vec())
                .collect();
            read_message(&AlignedBytes::copied(&whole))
        }
        _ => read_message(&AlignedBytes::copied(bytes)),
    }
}

fn read_message(bytes: &[u8]) -> Json {
    let frame = Frame::whole(bytes).expect("a whole message");
    let header = frame.header;
    let envelope = frame.envelope();
    let located = zeekwire_core::wire::Located::verify(envelope).expect("a good envelope");
    let parts = located.envelope(envelope);
    let format = zeekwire_serializer::by_name(parts.format());
    let payload = match format {
        Some(format) => neutral::describe(&format.decode(frame.payload()).expect("an event")),
        None => json!(frame.payload()),
    };
    json!({
        "class": header.class.to_string(), "hops": header.hop_limit, "tree": header.tree,
        "topic": parts.topic(), "publisher": parts.publisher(), "format": parts.format(),
        "life": located.incarnation().to_string(), "sequence": located.sequence(),
        "survey": located.survey(), "payload": payload,
    })
}

fn frames(bytes: &[u8]) -> Vec<Frame<'_>> {
    let mut rest = bytes;
    let mut frames = Vec::new();
    while let Some(frame) = split(rest).expect("well framed") {
        frames.push(frame);
        rest = &rest[frame.bytes.len()..];
    }
    assert!(rest.is_empty(), "whole frames");
    frames
}

fn message(class: TrafficClass, format: &str, survey: u64, payload: &[u8]) -> Vec<u8> {
    let envelope = EnvelopeTemplate::with_survey(&link::node(), b"zeek/\xff", format, survey);
    let mut envelope = envelope.bytes().to_vec();
    EnvelopeTemplate::set_sequence(&mut envelope, 42);
    framed(class, false, &envelope, payload)
}

fn framed(class: TrafficClass, fragment: bool, envelope: &[u8], payload: &[u8]) -> Vec<u8> {
    let header = FrameHeader {
        class,
        fragment,
        hop_limit: if fragment { 0 } else { 64 },
        envelope_bytes: envelope.len(),
        payload_bytes: payload.len(),
        tree: if fragment { 0 } else { 0x1234_5678 },
    };
    let mut bytes = [&header.encode()[..], envelope, payload].concat();
    bytes.resize(header.frame_bytes(), 0);
    bytes
}

fn payload(format: &str) -> Vec<u8> {
    let event = Event::new("Conformance::event", args![5_u64, "text", true]);
    let format = zeekwire_serializer::by_name(format).expect("it is one of ours");
    let mut bytes = Vec::new();
    format
        .encode(&event, &mut bytes)
        .expect("any format has it");
    bytes
}

/// What each side says until the link is up: the one that dialled, and the other.
fn handshake() -> (Vec<u8>, Vec<u8>) {
    let mut dialled = session(true);
    let first = said(&mut dialled);
    let mut accepted = session(false);
    hear(&mut accepted, &first);
    accepted.accept();
    let second = said(&mut accepted);
    hear(&mut dialled, &second);
    assert!(dialled.is_up() && accepted.is_up());
    (first, second)
}

/// Whether a side of today comes up when it hears this, and who the other side is.
fn heard(by_dialled: bool, bytes: &[u8]) -> String {
    let mut session = session(by_dialled);
    hear(&mut session, bytes);
    if session.awaits_verdict() {
        session.accept();
    }
    format!("up: {}; {:?}", session.is_up(), session.peer())
}

fn session(dialled: bool) -> Session {
    let hello = link::controls()
        .into_iter()
        .find_map(|case| match case.control {
            Control::Hello(hello) => Some(hello),
            _ => None,
        });
    let hello = Hello {
        role: Role::Member,
        ..hello.expect("there is a case")
    };
    let config = SessionConfig::default();
    let total = QueueTotal::new(config.queued_bytes_max);
    Session::new(Instant::ZERO, &config, total, hello, dialled)
}

fn said(session: &mut Session) -> Vec<u8> {
    let planned = session.outgoing.plan_write();
    let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
    let count = session.outgoing.plan_slices(&mut slices);
    let bytes = slices[..count]
        .iter()
        .flat_map(|slice| slice.to_vec())
        .collect();
    session.outgoing.plan_written(planned);
    bytes
}

fn hear(session: &mut Session, bytes: &[u8]) {
    let taken = session.read_preamble(bytes).expect("a preamble of ours");
    assert_eq!(taken, PREAMBLE_BYTES);
    let bytes = AlignedBytes::copied(&bytes[taken..]);
    for frame in frames(&bytes) {
        let control = Control::decode(frame.payload()).expect("a good message");
        session.handle_handshake(control).expect("in order");
    }
}
