//! What samples add up to.

use zeekwire::status::{ClassStatus, LinkStatus};

use super::*;

fn member(name: &str, up: bool) -> MemberStatus {
    MemberStatus {
        name: name.to_owned(),
        up,
        hops: up.then_some(1),
        ..MemberStatus::default()
    }
}

fn link(peer: &str, sent: u64, received: u64) -> LinkStatus {
    LinkStatus {
        peer: Some(peer.to_owned()),
        state: "up".to_owned(),
        messages_sent: sent,
        messages_received: received,
        classes: vec![
            ClassStatus {
                class: "control".to_owned(),
                queued_bytes: 900,
                ..ClassStatus::default()
            },
            ClassStatus {
                class: "event".to_owned(),
                queue_bytes_max: 1000,
                queued_bytes: 10,
                ..ClassStatus::default()
            },
        ],
        ..LinkStatus::default()
    }
}

fn loss(node: &str, messages: u64) -> LossStatus {
    LossStatus {
        node: node.to_owned(),
        cause: "queue_full".to_owned(),
        messages,
        ..LossStatus::default()
    }
}

fn node(name: &str, uptime_s: f64, links: Vec<LinkStatus>) -> NodeStatus {
    NodeStatus {
        name: name.to_owned(),
        uptime_s,
        links,
        ..NodeStatus::default()
    }
}

#[test]
fn members_that_are_up_and_silent_are_missing() {
    let mut hub = node("hub", 1.0, vec![]);
    hub.members = vec![
        member("left", true),
        member("gone", false),
        member("right", true),
    ];
    let sample = Sample::new("hub", vec![node("right", 1.0, vec![]), hub]);
    assert_eq!(sample.missing, ["left"]);
    let names: Vec<_> = sample.names().into_iter().collect();
    assert_eq!(names, ["gone", "hub", "left", "right"]);
    let text = Tables::new(&sample, None, &[]).all();
    assert!(text.starts_with("cluster of 4 members, seen from hub; no answer from left\n"));
    for (name, state) in [
        ("left", "no answer"),
        ("gone", "unreachable"),
        ("right", "up"),
    ] {
        let row = text.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(row[name.len()..].trim_start().starts_with(state), "{row}");
    }
}

#[test]
fn another_view_serves_when_the_wanted_one_is_missing() {
    let sample = Sample::new(
        "absent",
        vec![node("b", 1.0, vec![]), node("a", 1.0, vec![])],
    );
    assert_eq!(sample.seen_from, "a");
    assert_eq!(Sample::new("absent", vec![]).seen_from, "");
}

#[test]
fn rates_are_by_the_clock_of_their_node() {
    let at = |uptime_s, sent, received| {
        Sample::new(
            "hub",
            vec![node("hub", uptime_s, vec![link("pub-1", sent, received)])],
        )
    };
    let (before, now) = (at(10.0, 100, 0), at(12.0, 150, 1000));
    let shown = flows(&now, Some(&before));
    let rates: Vec<_> = shown
        .iter()
        .map(|flow| (&flow.from[..], &flow.to[..], flow.messages_per_s))
        .collect();
    // Nobody but the hub tells of the client's direction.
    assert_eq!(
        rates,
        [("hub", "pub-1", Some(25.0)), ("pub-1", "hub", Some(500.0))]
    );
    assert_eq!(shown[0].queue.as_ref().unwrap().class, "event");
    assert!(shown[1].queue.is_none());
    assert!(
        flows(&now, None)
            .iter()
            .all(|flow| flow.messages_per_s.is_none())
    );
}

#[test]
fn rate_of_a_node_that_started_again_is_not_known() {
    let at = |incarnation: &str, sent| {
        let mut hub = node("hub", 1.0, vec![link("left", sent, 0)]);
        hub.incarnation = incarnation.to_owned();
        Sample::new("hub", vec![hub])
    };
    let shown = flows(&at("b", 5), Some(&at("a", 100)));
    assert!(shown.iter().all(|flow| flow.messages_per_s.is_none()));
}

#[test]
fn losses_of_those_who_did_not_answer_come_from_publishers() {
    let mut origin = node("origin", 1.0, vec![]);
    origin.own_losses = vec![loss("hub", 5), loss("silent", 3)];
    let mut hub = node("hub", 1.0, vec![]);
    hub.losses = vec![loss("hub", 7), loss("hub", 0)];
    let sample = Sample::new("hub", vec![origin, hub]);
    let told: Vec<_> = sample
        .losses()
        .into_iter()
        .map(|loss| (loss.node, loss.messages))
        .collect();
    assert_eq!(told, [("hub".to_owned(), 7), ("silent".to_owned(), 3)]);
}
