//! Small makers of messages for the tests of this crate.

use zeekwire_types::limits::FRAME_HEADER_BYTES;
use zeekwire_types::{Incarnation, NodeId, NodeName, TrafficClass};

use crate::wire::{EnvelopeTemplate, FrameHeader};

pub(crate) fn node(name: &str) -> NodeId {
    node_id(name, 1)
}

pub(crate) fn node_id(name: &str, started_us: u64) -> NodeId {
    NodeId {
        name: NodeName::new(name).expect("a good name"),
        incarnation: Incarnation {
            started_us,
            random: 1,
        },
    }
}

/// A whole message of class event.
pub(crate) fn message(topic: &[u8], payload: &[u8]) -> Vec<u8> {
    message_of(TrafficClass::Event, topic, payload)
}

pub(crate) fn message_of(class: TrafficClass, topic: &[u8], payload: &[u8]) -> Vec<u8> {
    let template = EnvelopeTemplate::new(&node("origin"), topic, "raw");
    let header = FrameHeader {
        class,
        fragment: false,
        hop_limit: 1,
        envelope_bytes: template.bytes().len(),
        payload_bytes: payload.len(),
        tree: 0,
    };
    let mut bytes = header.encode().to_vec();
    bytes.extend(template.bytes());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    assert!(bytes.len() > FRAME_HEADER_BYTES);
    bytes
}
