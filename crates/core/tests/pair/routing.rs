//! Advertisements, scopes, local subscribers and reserved topics.

use zeekwire_core::Node;
use zeekwire_core::node::{LinkConfig, Published, Routed, Scope};
use zeekwire_core::session::SessionConfig;
use zeekwire_types::{Instant, TopicFilter, TrafficClass};

use crate::direct::{exchange, join, join_with};
use crate::side::{config, filters};
use crate::stranger::frame;
use crate::world::{A, B, LINK, World};

const GATED: LinkConfig = LinkConfig {
    auto_advertise: false,
    ..LINK
};
const QUIET: LinkConfig = LinkConfig {
    auto_subscribe: false,
    ..LINK
};

fn filter(pattern: &str) -> TopicFilter {
    TopicFilter::new(pattern).expect("a good filter")
}

fn node(name: &str) -> Node {
    Node::new(config(name, SessionConfig::default()))
}

/// Whom a message of `node` about `topic` would go to.
fn links(node: &mut Node, topic: &str) -> u32 {
    let template = zeekwire_core::wire::EnvelopeTemplate::new(node.id(), topic.as_bytes(), "raw");
    let source = frame(TrafficClass::Event, false, template.bytes(), b"x");
    let range = 0..source.len();
    let class = TrafficClass::Event;
    let Published { links, dropped, .. } =
        node.publish(Instant::ZERO, class, topic.as_bytes(), &source, range);
    let mut dirty = Vec::new();
    node.take_dirty(&mut dirty);
    for key in dirty {
        if let Some(link) = node.link_mut(key) {
            link.session.outgoing.staged_written(&source, source.len());
        }
    }
    links + dropped
}

#[test]
fn a_gated_link_carries_what_is_advertised() {
    let (mut a, mut b) = (node("a"), node("b"));
    b.subscribe(1, &filters(&["*"]), Scope::AllLinks, 1);
    let [key, _] = join_with(Instant::ZERO, &mut a, GATED, &mut b, LINK);
    assert_eq!(links(&mut a, "zeek/a"), 0);
    a.advertise(&filter("zeek/*"), Some(key));
    assert_eq!((links(&mut a, "zeek/a"), links(&mut a, "other")), (1, 0));
    a.advertise(&filter("other"), None);
    assert_eq!((links(&mut a, "zeek/a"), links(&mut a, "other")), (1, 1));
    assert!(a.unadvertise(&filter("zeek/*"), Some(key)));
    assert!(!a.unadvertise(&filter("zeek/*"), Some(key)));
    assert!(a.unadvertise(&filter("other"), None));
    assert_eq!((links(&mut a, "zeek/a"), links(&mut a, "other")), (0, 0));
    // Anybody is reached by name.
    assert_eq!(links(&mut a, ".node.b"), 1);
}

#[test]
fn an_advertisement_ends_with_its_link() {
    let (mut a, mut b) = (node("a"), node("b"));
    b.subscribe(1, &filters(&["*"]), Scope::AllLinks, 1);
    let [old, _] = join_with(Instant::ZERO, &mut a, GATED, &mut b, LINK);
    a.advertise(&filter("zeek/*"), Some(old));
    a.close_link(old, zeekwire_core::wire::Reason::Closed, "");
    // Neither while it closes, nor after.
    a.advertise(&filter("zeek/*"), Some(old));
    a.link_lost(old);
    a.advertise(&filter("zeek/*"), Some(old));
    let [new, _] = join_with(Instant::ZERO, &mut a, GATED, &mut b, LINK);
    assert_eq!(old.index(), new.index());
    assert_eq!(
        links(&mut a, "zeek/a"),
        0,
        "the new link has none of the old one's"
    );
    assert!(!a.unadvertise(&filter("zeek/*"), Some(old)));
}

#[test]
fn a_node_is_always_subscribed_to_its_own_name() {
    let (mut a, mut b) = (node("a"), node("b"));
    join_with(Instant::ZERO, &mut a, LINK, &mut b, QUIET);
    assert_eq!((links(&mut a, ".node.b"), links(&mut a, ".node.c")), (1, 0));
    assert_eq!(links(&mut a, "zeek/a"), 0);
}

#[test]
fn taking_back_ones_own_name_leaves_it_reachable() {
    let mut world = World::new(0, SessionConfig::default());
    world.connect_ready();
    for pattern in [".node.b", ".node.*"] {
        let token = world.subscribe(B, &[pattern]);
        world.complete(B, token);
        let token = world.unsubscribe(B, 1, &[pattern]);
        world.complete(B, token);
        assert_eq!(world.publish(A, ".node.b", 1).links, 1, "after {pattern}");
    }
}

#[test]
fn other_reserved_topics_need_a_filter_that_names_them() {
    let mut world = World::new(0, SessionConfig::default());
    world.connect_ready();
    let token = world.subscribe(B, &["*"]);
    world.complete(B, token);
    assert_eq!(world.publish(A, ".system", 1).links, 0);
    let token = world.subscribe(B, &[".sys*"]);
    world.complete(B, token);
    assert_eq!(world.publish(A, ".system", 1).links, 1);
}

#[test]
fn a_filter_is_asked_for_as_long_as_anybody_wants_it() {
    let mut world = World::new(0, SessionConfig::default());
    let (mut b, mut c) = (node("b"), node("c"));
    let now = world.now;
    let a = &mut world.sides[A].node;
    let [to_b, from_a] = join(now, a, &mut b);
    let [to_c, c_from_a] = join(now, a, &mut c);
    a.subscribe(5, &filters(&["t"]), Scope::OneLink(to_b), 1);
    exchange([(a, to_b), (&mut b, from_a)]);
    exchange([(a, to_c), (&mut c, c_from_a)]);
    // Members send by what the node wants, whatever the link; `scoped` tests say what is heard.
    assert_eq!((links(&mut b, "t"), links(&mut c, "t")), (1, 1));
    // Another subscriber makes c send, too; the first still does not hear it.
    a.subscribe(6, &filters(&["t"]), Scope::AllLinks, 2);
    exchange([(a, to_b), (&mut b, from_a)]);
    exchange([(a, to_c), (&mut c, c_from_a)]);
    assert_eq!((links(&mut b, "t"), links(&mut c, "t")), (1, 1));
    // When that one leaves, the first still wants it.
    a.unsubscribe(6, &filters(&["t"]), 3);
    exchange([(a, to_b), (&mut b, from_a)]);
    exchange([(a, to_c), (&mut c, c_from_a)]);
    assert_eq!((links(&mut b, "t"), links(&mut c, "t")), (1, 1));
    a.remove_subscriber(5, 4);
    exchange([(a, to_b), (&mut b, from_a)]);
    exchange([(a, to_c), (&mut c, c_from_a)]);
    assert_eq!((links(&mut b, "t"), links(&mut c, "t")), (0, 0));
    assert_eq!(a.subscribed().count(), 0);
}

#[test]
fn a_scoped_subscriber_hears_nothing_of_other_links() {
    let mut world = World::new(0, SessionConfig::default());
    let first = world.connect_ready();
    let only = Scope::OneLink(world.wires[first].ends[B].key);
    let token = world.subscribe_as(B, 1, &["t"], only);
    world.complete(B, token);
    let token = world.subscribe_as(B, 2, &["t"], Scope::AllLinks);
    world.complete(B, token);
    world.connect_ready();
    world.publish(A, "t", 1);
    world.settle();
    world.cut(first, &[A, B]);
    world.publish(A, "t", 1);
    world.settle();
    let takers: Vec<_> = world.sides[B]
        .delivered
        .iter()
        .map(|delivery| &delivery.subscribers[..])
        .collect();
    assert_eq!(takers, [&[1, 2][..], &[2]]);
}

#[test]
fn a_subscription_on_a_quiet_link_is_taken_back_there() {
    let (mut a, mut b) = (node("a"), node("b"));
    let [key, other] = join_with(Instant::ZERO, &mut a, QUIET, &mut b, LINK);
    a.subscribe(1, &filters(&["all"]), Scope::AllLinks, 1);
    a.subscribe(2, &filters(&["one"]), Scope::OneLink(key), 2);
    exchange([(&mut a, key), (&mut b, other)]);
    assert_eq!((links(&mut b, "all"), links(&mut b, "one")), (0, 1));
    a.unsubscribe(2, &filters(&["one"]), 3);
    exchange([(&mut a, key), (&mut b, other)]);
    assert_eq!(links(&mut b, "one"), 0);
}

#[test]
fn local_subscribers_hear_this_node_and_peers_are_not_told() {
    let (mut a, mut b) = (node("a"), node("b"));
    let [key, other] = join(Instant::ZERO, &mut a, &mut b);
    a.subscribe(3, &filters(&["t*"]), Scope::Locally, 1);
    exchange([(&mut a, key), (&mut b, other)]);
    assert_eq!(links(&mut b, "topic"), 0);
    assert_eq!(links(&mut a, "topic"), 0);
    assert_eq!(a.loopback_targets(), [3]);
    assert_eq!(a.route(b"topic"), Routed::Others);
    assert_eq!(a.route(b"nobody's"), Routed::Nobody);
    a.unsubscribe(3, &filters(&["t*"]), 2);
    assert_eq!(a.route(b"topic"), Routed::Nobody);
}

#[test]
fn a_local_holder_does_not_keep_peers_sending() {
    let (mut a, mut b) = (node("a"), node("b"));
    let [key, other] = join(Instant::ZERO, &mut a, &mut b);
    a.subscribe(1, &filters(&["t"]), Scope::AllLinks, 1);
    a.subscribe(2, &filters(&["t"]), Scope::Locally, 2);
    exchange([(&mut a, key), (&mut b, other)]);
    assert_eq!(links(&mut b, "t"), 1);
    a.unsubscribe(1, &filters(&["t"]), 3);
    exchange([(&mut a, key), (&mut b, other)]);
    assert_eq!(links(&mut b, "t"), 0);
}

#[test]
fn the_one_idle_link_is_named() {
    let (mut a, mut b) = (node("a"), node("b"));
    let [key, other] = join(Instant::ZERO, &mut a, &mut b);
    b.subscribe(1, &filters(&["t"]), Scope::AllLinks, 1);
    exchange([(&mut a, key), (&mut b, other)]);
    assert_eq!(a.route(b"t"), Routed::OneIdleLink(key));
    a.link_mut(key)
        .expect("up")
        .session
        .outgoing
        .set_writable(false);
    assert_eq!(links(&mut a, "t"), 1);
    assert_eq!(a.route(b"t"), Routed::Others, "something waits there");
    a.link_lost(key);
    assert_eq!(a.route(b"t"), Routed::Nobody);
}
