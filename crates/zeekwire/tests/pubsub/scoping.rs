//! What reaches whom: filters, links, advertisements, and topics of the system.

use std::time::Duration;

use zeekwire::{
    ConnectOptions, DropPolicy, Link, ListenOptions, Node, PublishError, Receiver, RecvError,
    SetupErrorKind, TopicError, TrafficClass,
};

use crate::common::{PATIENCE, Pair, eventually, next, only_link, receiver, send};

/// Sends a last message on a topic of its own, and sees that nothing came before it.
#[track_caller]
fn nothing_before(inbox: &Receiver, publisher: &Node, topic: &str) {
    send(publisher, topic, b"marker");
    assert_eq!(next(inbox), b"marker");
}

#[test]
fn filters_choose_topics() {
    let pair = Pair::tcp();
    let filters = [
        "exact",
        "prefix/*",
        "*/suffix",
        "a*b*c",
        "literal\\*",
        "star*s",
    ];
    let inbox = pair.server.subscribe(filters).unwrap().receiver().unwrap();
    assert!(inbox.subscription().wait_effective(PATIENCE));
    let wanted = [
        "exact",
        "prefix/",
        "prefix/x/y",
        "no/suffix",
        "abc",
        "a-b-c",
        "literal*",
        "stars",
    ];
    let unwanted = [
        "exactly",
        "prefix",
        "suffix",
        "acb",
        "literal",
        "literally",
        "star",
    ];
    for topic in unwanted {
        send(&pair.client, topic, b"no");
    }
    for topic in wanted {
        send(&pair.client, topic, b"yes");
        assert_eq!(
            inbox.recv_timeout(PATIENCE).unwrap().topic(),
            topic.as_bytes()
        );
    }
    let unrouted = pair.client.status().published.unrouted;
    assert_eq!(
        unrouted,
        unwanted.len() as u64,
        "they never left the publisher"
    );
}

#[test]
fn overlapping_filters_deliver_once_to_each_subscriber() {
    let pair = Pair::tcp();
    let both = pair
        .server
        .subscribe(["a/*", "*/b"])
        .unwrap()
        .receiver()
        .unwrap();
    let other = receiver(&pair.server, "a/b");
    assert!(both.subscription().wait_effective(PATIENCE));
    send(&pair.client, "a/b", b"one");
    assert_eq!(
        (next(&both), next(&other)),
        (b"one".to_vec(), b"one".to_vec())
    );
    nothing_before(&both, &pair.client, "a/b");
}

#[test]
fn filters_come_and_go() {
    let pair = Pair::tcp();
    let inbox = receiver(&pair.server, "first");
    assert!(inbox.subscription().add("second").unwrap().wait(PATIENCE));
    send(&pair.client, "second", b"2");
    assert_eq!(next(&inbox), b"2");
    assert!(inbox.subscription().remove("first").unwrap().wait(PATIENCE));
    send(&pair.client, "first", b"1");
    nothing_before(&inbox, &pair.client, "second");
    assert_eq!(pair.server.status().subscriptions[0].filters, ["second"]);
    drop(inbox);
    eventually("the client forgot the filters", || {
        pair.client_link().filters == 2
    });
}

#[test]
fn a_subscription_of_two_keeps_the_other_when_one_ends() {
    let pair = Pair::tcp();
    let (first, second) = (
        receiver(&pair.server, "topic"),
        receiver(&pair.server, "topic"),
    );
    drop(first);
    eventually("one is left", || {
        pair.server.status().subscriptions.len() == 1
    });
    send(&pair.client, "topic", b"still");
    assert_eq!(next(&second), b"still");
}

#[test]
fn a_local_subscription_hears_its_own_node_and_asks_nobody() {
    let pair = Pair::tcp();
    let local = pair
        .server
        .subscribe(["topic"])
        .unwrap()
        .locally()
        .receiver()
        .unwrap();
    assert!(local.subscription().wait_effective(PATIENCE));
    send(&pair.client, "topic", b"unasked");
    send(&pair.server, "topic", b"own");
    assert_eq!(next(&local), b"own");
    assert_eq!(
        pair.client_link().filters,
        2,
        "only the server's name, and its status"
    );
    // What a peer delivers for another's sake is heard as well; one's own is not sent back.
    let inbox = receiver(&pair.server, "topic");
    send(&pair.client, "topic", b"theirs");
    assert_eq!(
        (next(&local), next(&inbox)),
        (b"theirs".to_vec(), b"theirs".to_vec())
    );
    send(&pair.server, "topic", b"own again");
    assert_eq!(next(&local), b"own again");
    nothing_before(&inbox, &pair.client, "topic");
}

#[test]
fn a_filter_added_to_a_local_subscription_asks_nobody_either() {
    let pair = Pair::tcp();
    let builder = pair.server.subscribe(["first"]).unwrap().locally();
    let own = builder.receiver().unwrap();
    let added = own.subscription().add("second").unwrap();
    assert!(added.wait(PATIENCE));
    // What the server takes itself comes in its order, so nothing of the client's came before.
    let before = pair.client_link().filters;
    send(&pair.server, "second", b"own");
    assert_eq!(next(&own), b"own");
    let asked = receiver(&pair.server, "third");
    assert_eq!(pair.client_link().filters, before + 1);
    drop(asked);
}

#[test]
fn a_local_handler_runs_on_the_io_thread() {
    let node = Node::builder("alone").start().unwrap();
    let (seen, names) = std::sync::mpsc::channel();
    let handler = move |_: &zeekwire::Message<'_>| {
        seen.send(std::thread::current().name().map(str::to_owned))
            .unwrap();
    };
    let builder = node.subscribe(["topic"]).unwrap().locally();
    let subscription = builder.on_io_thread(handler).unwrap();
    assert!(subscription.wait_effective(PATIENCE));
    for _ in 0..50 {
        send(&node, "topic", b"x");
        assert_eq!(
            names.recv_timeout(PATIENCE).unwrap().as_deref(),
            Some("zw-alone")
        );
    }
}

/// A node with links to two others, each of which has a name.
fn hub() -> (Node, [(Node, Link); 2]) {
    let hub = Node::builder("hub").start().unwrap();
    let others = ["left", "right"].map(|name| {
        let node = Node::builder(name).start().unwrap();
        let link = hub
            .connect(&node.listen("tcp://127.0.0.1:0").unwrap())
            .unwrap();
        link.wait_ready(PATIENCE).unwrap();
        (node, link)
    });
    (hub, others)
}

#[test]
fn a_subscription_on_one_link_hears_only_that_peer() {
    let (hub, [(left, to_left), (right, _)]) = hub();
    let inbox = hub
        .subscribe(["topic"])
        .unwrap()
        .on_link(&to_left)
        .receiver()
        .unwrap();
    assert!(inbox.subscription().wait_effective(PATIENCE));
    send(&right, "topic", b"unasked");
    send(&left, "topic", b"asked");
    assert_eq!(next(&inbox), b"asked");
    // Even where the other peer sends it for another subscriber.
    let all = receiver(&hub, "topic");
    send(&right, "topic", b"for the other");
    assert_eq!(next(&all), b"for the other");
    nothing_before(&inbox, &left, "topic");
}

#[test]
fn only_what_is_advertised_leaves_a_closed_link() {
    let server = Node::builder("server").start().unwrap();
    let endpoint = server.listen("tcp://127.0.0.1:0").unwrap();
    let client = Node::builder("client").start().unwrap();
    let options = ConnectOptions {
        auto_advertise: false,
        ..ConnectOptions::default()
    };
    let link = client.connect_with(&endpoint, options).unwrap();
    link.wait_ready(PATIENCE).unwrap();
    let inbox = receiver(&server, "*");

    send(&client, "secret/1", b"no");
    assert!(
        client
            .advertise("open/*", Some(&link))
            .unwrap()
            .wait(PATIENCE)
    );
    send(&client, "secret/2", b"no");
    send(&client, "open/1", b"yes");
    assert_eq!(next(&inbox), b"yes");
    assert!(client.advertise("everywhere", None).unwrap().wait(PATIENCE));
    send(&client, "everywhere", b"yes too");
    assert_eq!(next(&inbox), b"yes too");
    assert!(
        client
            .unadvertise("open/*", Some(&link))
            .unwrap()
            .wait(PATIENCE)
    );
    send(&client, "open/2", b"no more");
    nothing_before(&inbox, &client, "everywhere");
    // The peer's side of the link stays open.
    let back = receiver(&client, "back");
    send(&server, "back", b"hello");
    assert_eq!(next(&back), b"hello");
}

#[test]
fn a_listener_may_advertise_nothing_by_itself_either() {
    let server = Node::builder("server").start().unwrap();
    let options = ListenOptions {
        auto_advertise: false,
        ..ListenOptions::default()
    };
    let (_, endpoint) = server.listen_with("tcp://127.0.0.1:0", options).unwrap();
    let client = Node::builder("client").start().unwrap();
    client
        .connect(&endpoint)
        .unwrap()
        .wait_ready(PATIENCE)
        .unwrap();
    let inbox = receiver(&client, "*");
    send(&server, "topic", b"no");
    assert!(server.advertise("other", None).unwrap().wait(PATIENCE));
    nothing_before(&inbox, &server, "other");
}

#[test]
fn a_link_that_does_not_subscribe_by_itself_is_asked_for_nothing() {
    let server = Node::builder("server").start().unwrap();
    let endpoint = server.listen("tcp://127.0.0.1:0").unwrap();
    let client = Node::builder("client").start().unwrap();
    let before = client.subscribe(["before"]).unwrap().receiver().unwrap();
    let options = ConnectOptions {
        auto_subscribe: false,
        ..ConnectOptions::default()
    };
    let link = client.connect_with(&endpoint, options).unwrap();
    link.wait_ready(PATIENCE).unwrap();
    let after = receiver(&client, "after");
    let asked = client
        .subscribe(["asked"])
        .unwrap()
        .on_link(&link)
        .receiver()
        .unwrap();
    assert!(asked.subscription().wait_effective(PATIENCE));
    send(&server, "before", b"no");
    send(&server, "after", b"no");
    nothing_before(&asked, &server, "asked");
    for inbox in [before, after] {
        let error = inbox.recv_timeout(Duration::from_millis(20)).unwrap_err();
        assert_eq!(error, RecvError::Timeout);
    }
}

#[test]
fn topics_of_the_system_are_refused() {
    let node = Node::builder("node").start().unwrap();
    for topic in [".", ".zeekwire/x", ".nodes"] {
        let refused = node
            .publication(topic)
            .format("raw")
            .send(b"x")
            .unwrap_err();
        assert_eq!(
            refused,
            PublishError::Topic(TopicError::Reserved),
            "{topic}"
        );
    }
    for filter in [".*", ".node.other", ".node.*"] {
        let refused = node.subscribe([filter]).unwrap().receiver().unwrap_err();
        assert_eq!(
            refused.kind(),
            SetupErrorKind::Invalid,
            "{filter}: {refused}"
        );
    }
    let own = receiver(&node, "fine");
    assert!(own.subscription().add(".node.node").is_ok());
    assert!(own.subscription().add(".node.other").is_err());
}

#[test]
fn bad_publications_are_refused_before_they_cost_anything() {
    let node = Node::builder("node").start().unwrap();
    let send = |topic: &str, format: &str, bytes: usize| {
        node.publication(topic)
            .format(format)
            .send(&vec![0; bytes])
            .unwrap_err()
    };
    assert_eq!(send("", "raw", 1), PublishError::Topic(TopicError::Empty));
    let long = "x".repeat(513);
    assert_eq!(
        send(&long, "raw", 1),
        PublishError::Topic(TopicError::TooLong(513))
    );
    assert_eq!(send("topic", "", 1), PublishError::Format);
    assert_eq!(send("topic", "two words", 1), PublishError::Format);
    let bytes = zeekwire::limits::PAYLOAD_BYTES_MAX + 1;
    assert_eq!(send("topic", "raw", bytes), PublishError::TooLong(bytes));
    let control = node.publication("topic").class(TrafficClass::Control);
    assert_eq!(control.send(b"").unwrap_err(), PublishError::Class);
    assert_eq!(node.status().published.messages, 0);
}

#[test]
fn an_ended_subscription_is_forgotten_by_its_peers_once_the_completion_fires() {
    let pair = Pair::tcp();
    let inbox = receiver(&pair.server, "topic");
    let clone = inbox.subscription().clone();
    assert!(inbox.subscription().effective().is_done());
    assert!(inbox.subscription().end().wait(PATIENCE));
    // Its own node's topic is left.
    assert_eq!(pair.client_link().filters, 2);
    assert_eq!(inbox.recv_timeout(PATIENCE).unwrap_err(), RecvError::Closed);
    // Ending again is the same end, also when the number has gone to another.
    let other = receiver(&pair.server, "topic");
    assert!(clone.end().is_done());
    let refused = clone.add("more").unwrap_err();
    assert_eq!(refused.kind(), SetupErrorKind::Unknown);
    drop((inbox, clone));
    send(&pair.client, "topic", b"still");
    assert_eq!(next(&other), b"still");
}

#[test]
fn a_link_tells_its_own_status() {
    let pair = Pair::tcp();
    let status = pair.link.status().expect("it is open");
    assert_eq!((status.state.as_str(), status.dialled), ("up", true));
}

#[test]
fn every_node_is_reached_by_its_name() {
    let (hub, [(left, _), (right, _)]) = hub();
    let inboxes =
        [(&left, ".node.left"), (&right, ".node.right")].map(|(node, own)| receiver(node, own));
    send(&hub, ".node.left", b"for left");
    send(&hub, ".node.right", b"for right");
    assert_eq!(next(&inboxes[0]), b"for left");
    assert_eq!(next(&inboxes[1]), b"for right");
    // A general filter does not catch it.
    let general = receiver(&left, "*");
    send(&hub, ".node.left", b"again");
    assert_eq!(next(&inboxes[0]), b"again");
    nothing_before(&general, &hub, "topic");
}

#[test]
fn a_listener_bounds_the_queues_of_its_links() {
    let node = Node::builder("hub").start().unwrap();
    let options = ListenOptions {
        queue_bytes_max: Some(1_234_567),
        policy: Some(DropPolicy::DropNewest),
        ..ListenOptions::default()
    };
    let (_listener, endpoint) = node.listen_with("tcp://127.0.0.1:0", options).unwrap();
    let peer = Node::builder("peer").start().unwrap();
    peer.connect(&endpoint)
        .unwrap()
        .wait_ready(PATIENCE)
        .unwrap();
    let status = only_link(&node);
    let events = &status.classes[TrafficClass::Event.index()];
    assert_eq!(events.queue_bytes_max, 1_234_567);
}
