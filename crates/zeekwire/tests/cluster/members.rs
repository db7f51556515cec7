//! Who is told of whom.

use std::time::Duration;

use zeekwire::{Inproc, Node};

use crate::cluster::{Turns, all_know_all, chain, link, member, member_with};
use crate::common::{PATIENCE, eventually, next, number, numbered, receiver, send};

#[test]
fn members_are_told_of_each_other_and_clients_of_nobody() {
    let here = Inproc::new();
    let turns = Turns::default();
    let hub = member_with(&here, "hub", |builder| builder.on_member_event(turns.ear()));
    let worker = member_with(&here, "worker", |builder| {
        builder.pool("workers").alias("life-1")
    });
    let client = Node::builder("client")
        .inproc(&here)
        .client()
        .start()
        .unwrap();
    link(&worker, &[&hub]);
    link(&client, &[&hub]);
    all_know_all(&[&hub, &worker]);
    assert!(client.members().is_empty());
    let known = hub.members();
    assert_eq!(known[0].pools, ["workers"]);
    assert_eq!(known[0].alias.as_deref(), Some("life-1"));
    assert_eq!(known[0].node, *worker.id());
    worker.shut_down(Duration::from_secs(1));
    eventually("the worker is gone", || {
        turns.all() == ["+worker", "-worker"]
    });
}

#[test]
fn what_is_published_on_node_up_arrives() {
    let here = Inproc::new();
    let (seen, ups) = std::sync::mpsc::channel();
    let hub = member(&here, "hub");
    let sender = member_with(&here, "sender", |builder| {
        builder.on_member_event(move |event| {
            if let zeekwire::MemberEvent::Up(member) = event {
                seen.send(member.node.name.to_string()).unwrap();
            }
        })
    });
    link(&sender, &[&hub]);
    assert_eq!(ups.recv_timeout(PATIENCE).unwrap(), "hub");
    for n in 0..30 {
        let name = format!("late-{n}");
        let late = member(&here, &name);
        let inbox = late.subscribe(["greetings"]).unwrap().receiver().unwrap();
        late.connect("inproc://hub").unwrap();
        assert_eq!(ups.recv_timeout(PATIENCE).unwrap(), name);
        send(&sender, "greetings", &numbered(n, 8));
        assert_eq!(number(&next(&inbox)), n);
    }
}

/// Member `a`, which takes long to believe that somebody is gone.
fn patient(here: &Inproc, turns: &Turns) -> Node {
    member_with(here, "a", |builder| {
        let grace = Duration::from_secs(20);
        builder
            .on_member_event(turns.ear())
            .member_down_after(grace)
    })
}

#[test]
fn a_short_absence_goes_unnoticed() {
    let here = Inproc::new();
    let turns = Turns::default();
    let a = patient(&here, &turns);
    let b = member(&here, "b");
    let first = a.connect("inproc://b").unwrap();
    first.wait_ready(PATIENCE).unwrap();
    all_know_all(&[&a, &b]);
    assert!(first.close(PATIENCE).wait(PATIENCE));
    eventually("no path leads there", || {
        a.status().members[0].hops.is_none()
    });
    link(&a, &[&b]);
    let inbox = receiver(&b, "topic");
    send(&a, "topic", &numbered(1, 8));
    assert_eq!(number(&next(&inbox)), 1);
    assert_eq!(turns.all(), ["+b"]);
}

#[test]
fn a_new_life_follows_the_end_of_the_old_one() {
    let here = Inproc::new();
    let turns = Turns::default();
    let a = patient(&here, &turns);
    let b = member(&here, "b");
    link(&b, &[&a]);
    all_know_all(&[&a, &b]);
    b.shut_down(Duration::ZERO);
    drop(b);
    let again = member(&here, "b");
    link(&again, &[&a]);
    eventually("the new life is up", || turns.all() == ["+b", "-b", "+b"]);
    assert_eq!(a.members()[0].node, *again.id());
}

#[test]
fn a_second_holder_of_a_name_is_refused_anywhere_in_the_cluster() {
    let here = Inproc::new();
    let nodes = chain(&here, ["a", "b", "c"]);
    let heard = crate::common::Heard::default();
    let second = Node::builder("c").inproc(&here).on_link_event(heard.ear());
    let second = second.start().unwrap();
    // The holder is two hops away.
    second.connect("inproc://a").unwrap();
    let reason = heard.down();
    assert!(
        reason.contains("another live node has this name"),
        "{reason}"
    );
    assert!(reason.contains("is alive"), "{reason}");
    assert_eq!(nodes[0].members().len(), 2);
}

#[test]
fn when_two_components_meet_the_later_holder_of_a_name_yields() {
    let here = Inproc::new();
    let elsewhere = Inproc::new();
    let (a, early) = (member(&here, "a"), member(&here, "twin"));
    link(&a, &[&early]);
    // The same name elsewhere, so that nobody could know.
    let turns = Turns::default();
    let builder = Node::builder("twin")
        .inproc(&elsewhere)
        .on_member_event(turns.ear());
    let late = builder.listen("inproc://twin").start().unwrap();
    let b = member(&elsewhere, "b");
    link(&b, &[&late]);
    all_know_all(&[&b, &late]);
    let endpoint = b.listen("tcp://127.0.0.1:0").unwrap();
    a.connect(&endpoint).unwrap().wait_ready(PATIENCE).unwrap();
    eventually("the later one yields", || {
        turns.all().last().map(String::as_str) == Some("yields to twin")
    });
    eventually("b knows the earlier one", || {
        b.members().iter().any(|member| member.node == *early.id())
    });
    assert!(a.members().iter().any(|member| member.node == *early.id()));
}

#[test]
fn who_ends_in_order_is_not_waited_for_by_anybody() {
    let here = Inproc::new();
    let turns = Turns::default();
    let near = patient(&here, &turns);
    let far_turns = Turns::default();
    let far = member_with(&here, "far", |builder| {
        builder
            .on_member_event(far_turns.ear())
            .member_down_after(Duration::from_secs(600))
    });
    let leaver = member(&here, "leaver");
    link(&far, &[&near]);
    link(&leaver, &[&near]);
    all_know_all(&[&near, &far, &leaver]);
    leaver.shut_down(PATIENCE);
    eventually("all were told", || {
        [&turns, &far_turns]
            .iter()
            .all(|turns| turns.all().last().is_some_and(|last| last == "-leaver"))
    });
}
