//! Messages over several hops.

use std::time::Duration;

use zeekwire::{Inproc, Node};

use crate::cluster::{all_know_all, chain, link, member};
use crate::common::{PATIENCE, eventually, next, number, numbered, receiver, send};

#[test]
fn messages_cross_several_hops_in_order() {
    let here = Inproc::new();
    let nodes = chain(&here, ["a", "b", "c", "d", "e"]);
    let inbox = receiver(&nodes[4], "topic/*");
    for n in 0..20_000 {
        send(&nodes[0], "topic/x", &numbered(n, 64));
    }
    for n in 0..20_000 {
        assert_eq!(number(&next(&inbox)), n);
    }
    let path = nodes[0].status().members;
    let hops: Vec<_> = path.iter().map(|member| member.hops.unwrap()).collect();
    assert_eq!(hops, [1, 2, 3, 4]);
    assert!(path.iter().all(|member| member.via.as_deref() == Some("b")));
}

#[test]
fn long_messages_cross_a_forwarder_whole_among_short_ones() {
    let here = Inproc::new();
    let nodes = chain(&here, ["a", "b", "c"]);
    let inboxes = [receiver(&nodes[2], "topic"), receiver(&nodes[1], "topic")];
    let lengths = [8, 100_000, 64, 33_000, 16, 1_000_000, 8];
    for (n, bytes) in (0..).zip(lengths.repeat(5)) {
        send(&nodes[0], "topic", &numbered(n, bytes));
    }
    for inbox in &inboxes {
        for (n, bytes) in (0..).zip(lengths.repeat(5)) {
            let payload = next(inbox);
            assert_eq!((number(&payload), payload.len()), (n, bytes));
        }
    }
}

#[test]
fn a_subscription_is_complete_when_it_is_effective_at_every_member() {
    let here = Inproc::new();
    let nodes = chain(&here, ["a", "b", "c", "d"]);
    for round in 0..50 {
        let topic = format!("round/{round}");
        let inbox = receiver(&nodes[3], &topic);
        send(&nodes[0], &topic, &numbered(round, 8));
        assert_eq!(number(&next(&inbox)), round);
    }
}

#[test]
fn messages_in_a_ring_arrive_once() {
    let here = Inproc::new();
    let nodes = ["a", "b", "c", "d", "e"].map(|name| member(&here, name));
    for at in 0..nodes.len() {
        link(&nodes[at], &[&nodes[(at + 1) % nodes.len()]]);
    }
    let known: Vec<&Node> = nodes.iter().collect();
    all_know_all(&known);
    let inboxes: Vec<_> = nodes.iter().map(|node| receiver(node, "topic")).collect();
    for node in &nodes {
        for n in 0..100 {
            send(node, "topic", &numbered(n, 8));
        }
    }
    for inbox in &inboxes {
        for _ in 0..400 {
            inbox.recv_timeout(PATIENCE).unwrap();
        }
        assert!(inbox.recv_timeout(Duration::from_millis(50)).is_err());
    }
    let repeated: u64 = nodes
        .iter()
        .map(|node| node.status().repeated_messages)
        .sum();
    assert_eq!(repeated, 0, "trees have no detours");
}

#[test]
fn another_path_is_taken_when_a_forwarder_ends() {
    let here = Inproc::new();
    let [a, left, right, z] = ["a", "left", "right", "z"].map(|name| member(&here, name));
    link(&a, &[&left, &right]);
    link(&z, &[&left, &right]);
    all_know_all(&[&a, &left, &right, &z]);
    let inbox = receiver(&z, "topic");
    send(&a, "topic", &numbered(0, 8));
    assert_eq!(number(&next(&inbox)), 0);
    let via = |node: &Node| {
        let members = node.status().members;
        let z = members.iter().find(|member| member.name == "z").unwrap();
        z.via.clone()
    };
    let (used, spare) = match via(&a).as_deref() {
        Some("left") => (&left, "right"),
        _ => (&right, "left"),
    };
    used.shut_down(Duration::ZERO);
    eventually("the other path is taken", || {
        via(&a).as_deref() == Some(spare)
    });
    let mut n = 1;
    eventually("messages pass again", || {
        send(&a, "topic", &numbered(n, 8));
        n += 1;
        inbox.recv_timeout(Duration::from_millis(50)).is_ok()
    });
}
