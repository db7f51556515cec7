//! What is passed on, what is not, and what is counted.

use zeekwire_buffer::AlignedBytes;
use zeekwire_core::Node;
use zeekwire_core::node::{Forwarding, LinkConfig, LinkKey, NodeConfig, Received, Scope};
use zeekwire_core::session::SessionConfig;
use zeekwire_core::wire::{EnvelopeTemplate, FrameHeader, Reason};
use zeekwire_types::limits::HOP_LIMIT_MAX;
use zeekwire_types::{Instant, TopicFilter, TrafficClass};

use crate::direct::{join, join_with};
use crate::side::{config, filters};
use crate::world::LINK;

const NOW: Instant = Instant::ZERO;
const TOPIC: &str = "zeek/test";

fn node(name: &str, forwarding: Forwarding) -> Node {
    Node::new(NodeConfig {
        forwarding,
        ..config(name, SessionConfig::default())
    })
}

/// The message of that number, as `publisher` sends it.
fn message(publisher: &Node, sequence: u64) -> AlignedBytes {
    let template = EnvelopeTemplate::new(publisher.id(), TOPIC.as_bytes(), "raw");
    let mut envelope = AlignedBytes::copied(template.bytes());
    EnvelopeTemplate::set_sequence(&mut envelope, sequence);
    let header = FrameHeader {
        class: TrafficClass::Event,
        fragment: false,
        hop_limit: HOP_LIMIT_MAX,
        envelope_bytes: envelope.len(),
        payload_bytes: 0,
        tree: publisher.tree(),
    };
    let mut message = AlignedBytes::new();
    message.extend_from_slice(&header.encode());
    message.extend_from_slice(&envelope);
    message
}

/// Whether a message that comes over a link goes on to anybody.
fn goes_on(node: &mut Node, from: LinkKey, message: &AlignedBytes) -> bool {
    match node.receive(from, message) {
        Received::Message(message) => message.forward.is_some(),
        Received::Nothing(_) => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_node_does_not_hear_itself_by_way_of_others() {
    let (mut a, mut b) = (node("a", Forwarding::Off), node("b", Forwarding::Routed));
    a.subscribe(1, &filters(&[TOPIC]), Scope::AllLinks, 1);
    let [key, _] = join(NOW, &mut a, &mut b);
    let own = message(&a, 3);
    assert!(matches!(a.receive(key, &own), Received::Nothing(_)));
    let other = message(&b, 3);
    assert!(matches!(a.receive(key, &other), Received::Message(_)));
}

#[test]
fn what_is_advertised_later_goes_on_from_then_on() {
    let [mut a, mut hub, mut b] = ["a", "hub", "b"].map(|name| {
        let forwarding = if name == "hub" {
            Forwarding::Routed
        } else {
            Forwarding::Off
        };
        node(name, forwarding)
    });
    b.subscribe(1, &filters(&[TOPIC]), Scope::AllLinks, 1);
    let [_, from_a] = join(NOW, &mut a, &mut hub);
    let closed = LinkConfig {
        auto_advertise: false,
        ..LINK
    };
    join_with(NOW, &mut b, LINK, &mut hub, closed);
    assert!(!goes_on(&mut hub, from_a, &message(&a, 1)));
    let filter = TopicFilter::new(TOPIC).expect("a filter");
    hub.advertise(&filter, None);
    assert!(goes_on(&mut hub, from_a, &message(&a, 2)));
    assert!(hub.unadvertise(&filter, None));
    assert!(!goes_on(&mut hub, from_a, &message(&a, 3)));
}

#[test]
fn what_a_closing_link_still_had_to_send_is_counted() {
    let (mut a, mut b) = (node("a", Forwarding::Off), node("b", Forwarding::Off));
    b.subscribe(1, &filters(&[TOPIC]), Scope::AllLinks, 1);
    let [key, _] = join(NOW, &mut a, &mut b);
    let link = a.link_mut(key).expect("the link is there");
    link.session.outgoing.set_writable(false);
    let whole = message(&a, 1);
    let class = TrafficClass::Event;
    let published = a.publish(NOW, class, TOPIC.as_bytes(), &whole, 0..whole.len());
    assert_eq!(published.links, 1);
    a.close_link(key, Reason::Closed, "");
    a.link_lost(key);
    assert_eq!(a.drops().total().messages, 1);
    assert_eq!(a.own_losses().count(), 1);
}
