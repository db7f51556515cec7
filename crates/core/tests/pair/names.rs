//! One name, one live node, also where answers go astray or a node does not route.

use std::time::Duration;

use zeekwire_buffer::AlignedBytes;
use zeekwire_core::Node;
use zeekwire_core::node::{Forwarding, LinkKey, NodeConfig, Output, Received};
use zeekwire_core::session::SessionConfig;
use zeekwire_core::wire::{Control, ControlWriter, Item, Update};
use zeekwire_types::{Incarnation, Instant, NodeId, TrafficClass};

use crate::direct::{exchange, join};
use crate::side::config;

fn node(name: &str, random: u64, forwarding: Forwarding) -> Node {
    let config = config(name, SessionConfig::default());
    let incarnation = Incarnation {
        random,
        ..config.id.incarnation
    };
    Node::new(NodeConfig {
        id: NodeId {
            incarnation,
            ..config.id
        },
        forwarding,
        ..config
    })
}

fn hear(node: &mut Node, key: LinkKey, control: &Control) {
    let mut bytes = Vec::new();
    ControlWriter::write(control, &mut bytes);
    let received = node.receive(key, &AlignedBytes::copied(&bytes));
    assert!(matches!(received, Received::Nothing(_)), "{received:?}");
}

fn outputs(node: &mut Node) -> Vec<Output> {
    std::iter::from_fn(|| node.poll_output()).collect()
}

/// `newcomer` asks `at` to be let in, and has yet to hear the verdict.
fn knock(newcomer: &mut Node, at: &mut Node) -> [LinkKey; 2] {
    join(Instant::ZERO, newcomer, at)
}

#[test]
fn a_border_that_is_alive_keeps_its_name() {
    let mut hub = node("hub", 1, Forwarding::Routed);
    let mut far = node("far", 1, Forwarding::Routed);
    let mut border = node("b", 1, Forwarding::Off);
    let mut second = node("b", 2, Forwarding::Off);
    let [far_hub, hub_far] = join(Instant::ZERO, &mut far, &mut hub);
    let [border_hub, hub_border] = join(Instant::ZERO, &mut border, &mut hub);
    exchange([(&mut far, far_hub), (&mut hub, hub_far)]);
    let [second_far, far_second] = knock(&mut second, &mut far);
    assert!(!far.link(far_second).expect("it waits").is_up());
    // The question goes out, and its answer comes back.
    exchange([(&mut far, far_hub), (&mut hub, hub_far)]);
    exchange([(&mut border, border_hub), (&mut hub, hub_border)]);
    exchange([(&mut far, far_hub), (&mut hub, hub_far)]);
    far.tick(Instant::ZERO + Duration::from_secs(1));
    exchange([(&mut second, second_far), (&mut far, far_second)]);
    assert!(!second.link(second_far).is_some_and(|link| link.is_up()));
}

#[test]
fn a_question_whether_a_node_lives_is_asked_again() {
    let mut far = node("far", 1, Forwarding::Routed);
    let mut holder = node("b", 1, Forwarding::Routed);
    let mut second = node("b", 2, Forwarding::Routed);
    let [far_holder, _] = join(Instant::ZERO, &mut far, &mut holder);
    knock(&mut second, &mut far);
    // What was asked is on its way, and never arrives.
    let waiting = |far: &Node| {
        let link = far.link(far_holder).expect("the link is there");
        link.session.outgoing.queued_messages(TrafficClass::Control)
    };
    let before = waiting(&far);
    far.tick(Instant::ZERO + Duration::from_millis(100));
    assert_eq!(waiting(&far), before + 1);
}

#[test]
fn a_node_that_gave_its_name_up_takes_and_makes_no_more_links() {
    let mut yielding = node("b", 1, Forwarding::Routed);
    let mut peer = node("peer", 1, Forwarding::Routed);
    let [key, _] = join(Instant::ZERO, &mut yielding, &mut peer);
    let later = node("b", 2, Forwarding::Routed).id().clone();
    let whole = |origin, tree, added| Update {
        origin,
        base: 0,
        version: 100,
        tree,
        complete: true,
        confirm: false,
        added,
        removed: Vec::new(),
    };
    // The later life is behind the peer, and says that it took over.
    let own = yielding.id().clone();
    let near = vec![Item::Neighbour(own.clone()), Item::Neighbour(later.clone())];
    let near = whole(peer.id().clone(), 8, near);
    hear(&mut yielding, key, &Control::Update(near));
    let over = vec![Item::Neighbour(peer.id().clone()), Item::Superseded(own)];
    let over = whole(later, 9, over);
    hear(&mut yielding, key, &Control::Update(over));
    let told = outputs(&mut yielding);
    let yielded = |output: &Output| matches!(output, Output::Yielded { .. });
    assert!(told.iter().any(yielded), "{told:?}");

    let mut other = node("other", 1, Forwarding::Routed);
    let [dialled, _] = join(Instant::ZERO, &mut other, &mut yielding);
    assert!(!other.link(dialled).is_some_and(|link| link.is_up()));
    let mut other = node("other", 1, Forwarding::Routed);
    let [dialled, _] = join(Instant::ZERO, &mut yielding, &mut other);
    assert!(!yielding.link(dialled).is_some_and(|link| link.is_up()));
}
