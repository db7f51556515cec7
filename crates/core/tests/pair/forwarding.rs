//! What a node in the middle names as dirty while it passes messages on.

use zeekwire_buffer::AlignedBytes;
use zeekwire_core::Node;
use zeekwire_core::node::{LinkKey, Received, Scope};
use zeekwire_core::session::SessionConfig;
use zeekwire_core::wire::{Control, ControlWriter, EnvelopeTemplate, FrameHeader};
use zeekwire_types::limits::HOP_LIMIT_MAX;
use zeekwire_types::{Instant, TrafficClass};

use crate::direct::{exchange, join};
use crate::side::{config, filters};

const NOW: Instant = Instant::ZERO;
const TOPIC: &[u8] = b"zeek/test";

/// The message of that number, as `publisher` sends it.
fn message(publisher: &Node, sequence: u64) -> AlignedBytes {
    let template = EnvelopeTemplate::new(publisher.id(), TOPIC, "raw");
    let mut envelope = AlignedBytes::copied(template.bytes());
    EnvelopeTemplate::set_sequence(&mut envelope, sequence);
    let payload = [0; 8 * 1024];
    let header = FrameHeader {
        class: TrafficClass::Event,
        fragment: false,
        hop_limit: HOP_LIMIT_MAX,
        envelope_bytes: envelope.len(),
        payload_bytes: payload.len(),
        tree: publisher.tree(),
    };
    let mut message = AlignedBytes::new();
    message.extend_from_slice(&header.encode());
    message.extend_from_slice(&envelope);
    message.extend_from_slice(&payload);
    message
}

/// Lets `node` pass a message on that came over `from`. Returns the links that it names, and
/// writes what it staged.
fn pass_on(node: &mut Node, from: LinkKey, message: &mut AlignedBytes) -> Vec<LinkKey> {
    let Received::Message(received) = node.receive(from, message) else {
        panic!("the message is to be passed on");
    };
    node.consume(from, TrafficClass::Event, message.len());
    node.grant(from);
    let mut credit = Vec::new();
    node.take_dirty(&mut credit);
    let header = received.forward.expect("somebody wants it");
    message[..header.len()].copy_from_slice(&header);
    let forwarded = node.forward(NOW, TrafficClass::Event, message, 0..message.len());
    assert_eq!((forwarded.links, forwarded.dropped), (1, 0));
    let mut dirty = Vec::new();
    node.take_dirty(&mut dirty);
    for key in &dirty {
        let link = node.link_mut(*key).expect("it is up");
        let outgoing = &mut link.session.outgoing;
        outgoing.staged_written(message, outgoing.staged_bytes());
    }
    dirty
}

#[test]
fn a_link_without_credit_is_dirty_when_credit_comes() {
    let node = |name: &str| Node::new(config(name, SessionConfig::default()));
    let (mut a, mut middle, mut b) = (node("a"), node("middle"), node("b"));
    b.subscribe(1, &filters(&["zeek/*"]), Scope::AllLinks, 1);
    let [to_b, at_b] = join(NOW, &mut middle, &mut b);
    let [_, from_a] = join(NOW, &mut a, &mut middle);
    exchange([(&mut middle, to_b), (&mut b, at_b)]);
    let left = |node: &Node| {
        let link = node.link(to_b).expect("it is up");
        link.session.outgoing.credit_left(TrafficClass::Event)
    };
    let mut sequence = 0;
    loop {
        sequence += 1;
        let mut message = message(&a, sequence);
        let fits = left(&middle) >= message.len() as u64;
        let dirty = pass_on(&mut middle, from_a, &mut message);
        if !fits {
            assert_eq!(dirty, [], "it can write nothing of message {sequence}");
            break;
        }
        assert_eq!(dirty, [to_b]);
    }
    let mut credit = Vec::new();
    let limit = 1 << 40;
    let class = TrafficClass::Event;
    ControlWriter::write(&Control::Credit { class, limit }, &mut credit);
    let credit = AlignedBytes::copied(&credit);
    assert!(matches!(
        middle.receive(to_b, &credit),
        Received::Nothing(_)
    ));
    let mut dirty = Vec::new();
    middle.take_dirty(&mut dirty);
    assert_eq!(dirty, [to_b]);
    let link = middle.link_mut(to_b).expect("it is up");
    assert!(link.session.outgoing.plan_write() > 0);
}
