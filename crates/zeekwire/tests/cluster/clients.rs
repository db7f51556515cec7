//! Clients: attached to one member, and moved to another when it goes.

use std::time::Duration;

use zeekwire::{Inproc, Node};

use crate::cluster::{all_know_all, chain, link, member};
use crate::common::{PATIENCE, eventually, next, number, numbered, receiver, send};

fn client(here: &Inproc, name: &str) -> Node {
    Node::builder(name).inproc(here).client().start().unwrap()
}

#[test]
fn clients_of_different_members_hear_each_other() {
    let here = Inproc::new();
    let nodes = chain(&here, ["a", "b", "c"]);
    let (publisher, subscriber) = (client(&here, "p"), client(&here, "s"));
    link(&publisher, &[&nodes[0]]);
    link(&subscriber, &[&nodes[2]]);
    let inbox = receiver(&subscriber, "topic");
    for n in 0..1_000 {
        send(&publisher, "topic", &numbered(n, 100));
    }
    for n in 0..1_000 {
        let received = inbox.recv_timeout(PATIENCE).unwrap();
        assert_eq!((number(received.payload()), received.publisher()), (n, "p"));
    }
    // By its name it is reached as well.
    let mail = receiver(&subscriber, ".node.s");
    send(&nodes[0], ".node.s", &numbered(7, 8));
    assert_eq!(number(&next(&mail)), 7);
}

#[test]
fn clients_of_one_member_hear_each_other() {
    let here = Inproc::new();
    let hub = member(&here, "hub");
    let (publisher, subscriber) = (client(&here, "p"), client(&here, "s"));
    link(&publisher, &[&hub]);
    link(&subscriber, &[&hub]);
    let inbox = receiver(&subscriber, "topic");
    send(&publisher, "topic", &numbered(1, 8));
    assert_eq!(number(&next(&inbox)), 1);
    drop(inbox);
    eventually("the member has no more filters of it", || {
        hub.status().links.iter().all(|link| link.filters < 2)
    });
}

#[test]
fn a_client_moves_to_another_member_when_its_own_goes() {
    let here = Inproc::new();
    let [a, b, far] = chain(&here, ["a", "b", "far"]);
    let moving = client(&here, "moving");
    let attached = moving.connect("inproc://a,inproc://b").unwrap();
    attached.wait_ready(PATIENCE).unwrap();
    let inbox = receiver(&moving, "topic");
    let echo = receiver(&far, "back");
    send(&far, "topic", &numbered(0, 8));
    assert_eq!(number(&next(&inbox)), 0);
    all_know_all(&[&a, &b, &far]);
    a.shut_down(Duration::ZERO);
    let mut n = 1;
    eventually("the client hears again", || {
        send(&far, "topic", &numbered(n, 8));
        n += 1;
        inbox.recv_timeout(Duration::from_millis(50)).is_ok()
    });
    send(&moving, "back", &numbered(5, 8));
    assert_eq!(number(&next(&echo)), 5);
    let endpoint = moving.status().links[0].endpoint.clone();
    assert_eq!(endpoint, "inproc://b");
}
