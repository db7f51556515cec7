//! Messages for one member, and traces: what makes no sense goes nowhere, and nothing in circles.

use zeekwire_buffer::AlignedBytes;
use zeekwire_core::Node;
use zeekwire_core::node::{Forwarding, LinkKey, NodeConfig, Received};
use zeekwire_core::session::SessionConfig;
use zeekwire_core::wire::{
    Body, Control, ControlWriter, Hop, LossCause, Lost, Routed, Trace, Update,
};
use zeekwire_types::limits::{HOP_LIMIT_MAX, PEER_FILTER_COUNT_MAX};
use zeekwire_types::{Instant, NodeId, NodeName, TopicFilter, TrafficClass};

use crate::direct::{exchange, join};
use crate::side::{config, node_id};

fn node(name: &str, forwarding: Forwarding) -> Node {
    Node::new(NodeConfig {
        forwarding,
        ..config(name, SessionConfig::default())
    })
}

/// The node reads what its peer might have said.
fn hear(node: &mut Node, key: LinkKey, control: &Control) {
    let mut bytes = Vec::new();
    ControlWriter::write(control, &mut bytes);
    let bytes = AlignedBytes::copied(&bytes);
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        match node.receive(key, rest) {
            Received::Nothing(taken) => rest = &rest[taken..],
            Received::Over => return,
            other => panic!("{other:?}"),
        }
    }
}

fn routed(to: &NodeId, from: &NodeId, body: Body) -> Control {
    Control::Routed(Routed {
        to: to.clone(),
        from: from.clone(),
        hop_limit: HOP_LIMIT_MAX,
        body,
    })
}

/// Control messages that wait to be sent.
fn waiting(node: &Node, key: LinkKey) -> usize {
    let link = node.link(key).expect("the link is there");
    link.session.outgoing.queued_messages(TrafficClass::Control)
}

#[test]
fn a_report_of_which_nobody_knows_the_publisher_does_not_go_in_circles() {
    let (mut a, mut b) = (node("a", Forwarding::Off), node("b", Forwarding::Off));
    let [key_a, key_b] = join(Instant::ZERO, &mut a, &mut b);
    let lost = Lost {
        publisher: NodeName::new("nobody").expect("a good name"),
        class: TrafficClass::Event,
        cause: LossCause::QueueFull,
        messages: 1,
        bytes: 1,
        peer: None,
        tree: 9,
    };
    let (to, from) = (a.id().clone(), b.id().clone());
    hear(&mut a, key_a, &routed(&to, &from, Body::Lost(lost)));
    assert_eq!(waiting(&a, key_a), 1, "b may know better");
    exchange([(&mut a, key_a), (&mut b, key_b)]);
}

#[test]
fn a_trace_that_came_by_before_ends() {
    let (mut a, mut b) = (node("a", Forwarding::Routed), node("b", Forwarding::Routed));
    let [key, _] = join(Instant::ZERO, &mut a, &mut b);
    let mut trace = Trace {
        number: 1,
        origin: b.id().clone(),
        tree: b.tree(),
        topic: b"t".to_vec(),
        hops: Vec::new(),
    };
    let hop = |name: &NodeName| Hop {
        node: name.clone(),
        time_us: 0,
        queued_bytes: 0,
        subscribed: false,
    };
    assert!(trace.add(hop(&b.id().name)));
    hear(&mut a, key, &Control::Trace(trace.clone()));
    assert_eq!(waiting(&a, key), 1, "a tells b that it came by");
    assert!(trace.add(hop(&a.id().name)));
    hear(&mut a, key, &Control::Trace(trace));
    assert_eq!(waiting(&a, key), 1);
}

#[test]
fn a_node_outruns_the_highest_version_that_is_said_of_it() {
    let (mut a, mut b) = (node("a", Forwarding::Routed), node("b", Forwarding::Routed));
    let [key_a, key_b] = join(Instant::ZERO, &mut a, &mut b);
    let said = |version| {
        Control::Update(Update {
            origin: node_id("a", 1),
            base: 0,
            version,
            tree: 5,
            complete: true,
            confirm: false,
            added: Vec::new(),
            removed: Vec::new(),
        })
    };
    assert_eq!(*a.id(), node_id("a", 1));
    hear(&mut b, key_b, &said(1 << 40));
    hear(&mut a, key_a, &said((1 << 40) + 5));
    exchange([(&mut a, key_a), (&mut b, key_b)]);
    let a_at_b = b.members().find(|member| member.node == a.id());
    let a_at_b = a_at_b.expect("it is known");
    assert_eq!((a_at_b.version, a_at_b.hops), ((1 << 40) + 6, Some(1)));
    // Nobody could outrun that.
    for version in [1 << 63, u64::MAX] {
        hear(&mut a, key_a, &said(version));
        hear(&mut b, key_b, &said(version));
    }
    exchange([(&mut a, key_a), (&mut b, key_b)]);
    let a_at_b = b.members().find(|member| member.node == a.id());
    assert_eq!(a_at_b.expect("it is known").version, (1 << 40) + 6);
}

#[test]
fn a_peer_that_wants_too_much_takes_nothing_from_another() {
    let (mut hub, mut far) = (
        node("hub", Forwarding::Routed),
        node("far", Forwarding::Routed),
    );
    let (mut modest, mut greedy) = (
        node("modest", Forwarding::Off),
        node("greedy", Forwarding::Off),
    );
    let [at_far, to_far] = join(Instant::ZERO, &mut far, &mut hub);
    let [_, to_modest] = join(Instant::ZERO, &mut modest, &mut hub);
    let [_, to_greedy] = join(Instant::ZERO, &mut greedy, &mut hub);
    let subscribe = |filters: Vec<String>| Control::Subscribe {
        token: 0,
        filters: filters
            .iter()
            .map(|text| TopicFilter::new(text).expect("a good filter"))
            .collect(),
        snapshot_end: false,
    };
    let wanted = || "wanted".to_owned();
    hear(&mut hub, to_modest, &subscribe(vec![wanted()]));
    let many = (0..PEER_FILTER_COUNT_MAX).map(|n| format!("t{n}"));
    let many = many.chain([wanted()]).collect();
    hear(&mut hub, to_greedy, &subscribe(many));
    assert!(hub.link(to_greedy).is_some_and(|link| !link.is_up()));
    exchange([(&mut far, at_far), (&mut hub, to_far)]);
    let filters = far.filters_of(hub.id());
    let texts: Vec<_> = filters.iter().map(ToString::to_string).collect();
    assert!(texts.contains(&wanted()), "{} filters", texts.len());
    assert!(!texts.contains(&"t0".to_owned()));
}
