//! What two ends of a link say to each other, as cases for other languages.
//!
//! The neutral form is the one that reflection over the schema gives; `README.md` has its rules.

use serde_json::{Value as Json, json};
use zeekwire_core::wire::{
    Control, ControlWriter, EnvelopeTemplate, Goodbye, Hello, Located, Reason, split,
};

mod routing;
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

impl Case {
    fn new(name: &'static str, control: Control, described: Json) -> Self {
        Self {
            name,
            control,
            described: integers_as_text(described),
        }
    }
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

/// Control messages of every kind that the schema has, by what they are about.
///
/// A case is all that a new message or field needs: the other languages go by the schema.
#[must_use]
pub fn controls() -> Vec<Case> {
    let of_one_hop = [starts(), ends(), subscriptions(), flow()];
    let of_routing = [
        routing::records(),
        routing::for_one_member(),
        routing::traces(),
    ];
    of_one_hop.into_iter().chain(of_routing).flatten().collect()
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
    let template = EnvelopeTemplate::with_survey(&node(), b"zeek/\xff", "capnp-v1", 77);
    let mut bytes = template.bytes().to_vec();
    EnvelopeTemplate::set_sequence(&mut bytes, 42);
    let described = json!({
        "startedUs": 1_768_867_200_123_457_u64, "random": u64::MAX, "sequence": 42,
        "topic": "zeek/%FF", "publisher": "worker-1", "format": "capnp-v1",
        "survey": 77,
    });
    (bytes, integers_as_text(described))
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
        && (located.sequence(), located.survey()) == (42, 77);
    if same {
        Ok(())
    } else {
        Err(format!("it says {said:?}"))
    }
}

/// The same description with each integer as decimal text.
///
/// Many a JSON library makes every number a double, which has no room for 64 bits.
#[must_use]
pub fn integers_as_text(described: Json) -> Json {
    match described {
        Json::Number(number) => Json::String(number.to_string()),
        Json::Array(items) => items.into_iter().map(integers_as_text).collect(),
        Json::Object(members) => members
            .into_iter()
            .map(|(name, member)| (name, integers_as_text(member)))
            .collect(),
        other => other,
    }
}

fn starts() -> Vec<Case> {
    let hello = Hello {
        node: node(),
        role: Role::Client,
        features: 5,
        heartbeat_ms: 2000,
        message_bytes_max: 1 << 26,
        credit_limits: [0, 1 << 20, 1 << 21, 1 << 16],
        program: "zeekwire 0.1.0".to_owned(),
    };
    let described = json!({"hello": {
        "name": "worker-1", "startedUs": 1_768_867_200_123_457_u64, "random": u64::MAX,
        "role": "client", "features": 5, "heartbeatMs": 2000,
        "messageBytesMax": 67_108_864, "creditLimits": [0, 1_048_576, 2_097_152, 65_536],
        "program": "zeekwire 0.1.0",
    }});
    vec![
        Case::new("hello", Control::Hello(hello), described),
        Case::new("accept", Control::Accept, json!({"accept": null})),
        Case::new("heartbeat", Control::Heartbeat, json!({"heartbeat": null})),
    ]
}

fn ends() -> Vec<Case> {
    let refuse = Control::Refuse(Goodbye {
        reason: Reason::NameInUse,
        text: "taken".to_owned(),
    });
    let refused = json!({"refuse": {"reason": "nameInUse", "text": "taken"}});
    let close = Control::Close(Goodbye {
        reason: Reason::Shutdown,
        text: String::new(),
    });
    let closed = json!({"close": {"reason": "shutdown", "text": ""}});
    vec![
        Case::new("refuse", refuse, refused),
        Case::new("close", close, closed),
    ]
}

fn subscriptions() -> Vec<Case> {
    let filter = |text: &[u8]| TopicFilter::new(text).expect("it keeps the rules");
    let subscribe = Control::Subscribe {
        token: 7,
        filters: vec![filter(b"zeek/*"), filter(b"\xff\x00%*")],
        snapshot_end: true,
    };
    let subscribed = json!({"subscribe": {
        "token": 7, "filters": ["zeek/*", "%FF%00%25*"], "snapshotEnd": true,
    }});
    let unsubscribe = Control::Unsubscribe {
        token: 8,
        filters: vec![filter(b"zeek/*")],
    };
    let unsubscribed = json!({"unsubscribe": {
        "token": 8, "filters": ["zeek/*"], "snapshotEnd": false,
    }});
    vec![
        Case::new("subscribe", subscribe, subscribed),
        Case::new("unsubscribe", unsubscribe, unsubscribed),
        Case::new("done", Control::Done(u64::MAX), json!({"done": u64::MAX})),
    ]
}

fn flow() -> Vec<Case> {
    let credit = Control::Credit {
        class: TrafficClass::Log,
        limit: 1 << 40,
    };
    let credited = json!({"credit": {"class": 3, "limit": 1_u64 << 40}});
    vec![Case::new("credit", credit, credited)]
}
