//! What two ends of a link say to each other, as cases for other languages.
//!
//! The neutral form is the one that reflection over the schema gives: a field is a member, bytes
//! are text of the same code points, a union is the member that is set.

use serde_json::{Value as Json, json};
use zeekwire_core::wire::{
    Control, ControlWriter, EnvelopeTemplate, Goodbye, Hello, Located, Reason, split,
};
use zeekwire_types::{Incarnation, NodeId, NodeName, Role, TopicFilter, TrafficClass};

/// One message, in our words and in neutral ones.
pub struct Case {
    /// Names the case.
    pub name: &'static str,
    /// The message.
    pub control: Control,
    /// The same, in the neutral form.
    pub described: Json,
}

/// The node in the cases.
#[must_use]
pub fn node() -> NodeId {
    NodeId {
        name: NodeName::new("worker-1").expect("it keeps the rules"),
        incarnation: Incarnation {
            started_us: 1_768_867_200_123_457,
            random: u64::MAX,
        },
    }
}

/// Control messages of every kind that carries something.
#[must_use]
pub fn controls() -> Vec<Case> {
    let filter = |text: &[u8]| TopicFilter::new(text).expect("it keeps the rules");
    let goodbye = Goodbye {
        reason: Reason::NameInUse,
        text: "taken".to_owned(),
    };
    let hello = Hello {
        node: node(),
        role: Role::Client,
        features: 5,
        heartbeat_ms: 2000,
        message_bytes_max: 1 << 26,
        credit_limits: [0, 1 << 20, 1 << 21, 1 << 16],
        program: "zeekwire 0.1.0".to_owned(),
    };
    vec![
        Case {
            name: "hello",
            control: Control::Hello(hello),
            described: json!({"hello": {
                "name": "worker-1", "startedUs": 1_768_867_200_123_457_u64, "random": u64::MAX,
                "role": "client", "features": 5, "heartbeatMs": 2000,
                "messageBytesMax": 67_108_864, "creditLimits": [0, 1_048_576, 2_097_152, 65_536],
                "program": "zeekwire 0.1.0",
            }}),
        },
        Case {
            name: "refuse",
            control: Control::Refuse(goodbye),
            described: json!({"refuse": {"reason": "nameInUse", "text": "taken"}}),
        },
        Case {
            name: "subscribe",
            control: Control::Subscribe {
                token: 7,
                filters: vec![filter(b"zeek/*"), filter(b"\xff\x00*")],
                snapshot_end: true,
            },
            described: json!({"subscribe": {
                "token": 7, "filters": ["zeek/*", "\u{ff}\u{0}*"], "snapshotEnd": true,
            }}),
        },
        Case {
            name: "done",
            control: Control::Done(u64::MAX),
            described: json!({"done": u64::MAX}),
        },
        Case {
            name: "credit",
            control: Control::Credit {
                class: TrafficClass::Log,
                limit: 1 << 40,
            },
            described: json!({"credit": {"class": 3, "limit": 1_u64 << 40}}),
        },
        Case {
            name: "dropped",
            control: Control::Dropped {
                class: TrafficClass::Event,
                messages: 2,
                bytes: 3,
            },
            described: json!({"dropped": {"class": 2, "messages": 2, "bytes": 3}}),
        },
    ]
}

/// The bytes of a control message, without its frame's header.
///
/// # Panics
/// When it does not fit one frame; those of the cases do.
#[must_use]
pub fn encode(control: &Control) -> Vec<u8> {
    let mut bytes = Vec::new();
    ControlWriter::write(control, &mut bytes);
    let frame = split(&bytes).expect("it is ours").expect("it is whole");
    assert_eq!(frame.bytes.len(), bytes.len(), "it fits one frame");
    frame.payload().to_vec()
}

/// An envelope, and its neutral form.
#[must_use]
pub fn envelope() -> (Vec<u8>, Json) {
    let template = EnvelopeTemplate::new(&node(), b"zeek/\xff", "capnp-v1");
    let mut bytes = template.bytes().to_vec();
    EnvelopeTemplate::set_sequence(&mut bytes, 42);
    let described = json!({
        "startedUs": 1_768_867_200_123_457_u64, "random": u64::MAX, "sequence": 42,
        "topic": "zeek/\u{ff}", "publisher": "worker-1", "format": "capnp-v1",
    });
    (bytes, described)
}

/// Why bytes are not the envelope of [`envelope`], if they are not.
///
/// # Errors
/// A sentence for people.
pub fn check_envelope(bytes: &[u8]) -> Result<(), String> {
    let located = Located::verify(bytes).map_err(|fault| fault.to_string())?;
    let parts = located.envelope(bytes);
    let said = (parts.topic(), parts.publisher(), parts.format());
    let same = said == (b"zeek/\xff", "worker-1", "capnp-v1")
        && located.incarnation() == node().incarnation
        && located.sequence() == 42;
    if same {
        Ok(())
    } else {
        Err(format!("it says {said:?}"))
    }
}
