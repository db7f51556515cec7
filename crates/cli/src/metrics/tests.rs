//! What is exposed is what the documentation says, and reads as the format wants it.

use std::collections::HashSet;

use zeekwire::status::{ClassStatus, LinkStatus, LossStatus, MemberStatus, NodeStatus};

use super::exposition::{Kind, render};
use super::families::FAMILIES;
use super::*;

/// Lists the metrics, in a table.
const PAGE: &str = include_str!("../../../../docs/operating/metrics.md");

/// A node that has something to tell of everything, and two links to clients.
fn status() -> NodeStatus {
    let link = |peer: &str, role: &str| LinkStatus {
        endpoint: format!("tcp://{peer}:1"),
        dialled: role == "member",
        state: "up".to_owned(),
        peer: Some(peer.to_owned()),
        peer_role: Some(role.to_owned()),
        connects: 3,
        messages_sent: 5,
        classes: ["control", "event"]
            .map(|class| ClassStatus {
                class: class.to_owned(),
                queued_bytes: 100,
                credit_bytes: 7,
                ..ClassStatus::default()
            })
            .to_vec(),
        ..LinkStatus::default()
    };
    let loss = LossStatus {
        node: "hub".to_owned(),
        peer: Some("pub-1".to_owned()),
        class: "event".to_owned(),
        cause: "queue_full".to_owned(),
        messages: 2,
        bytes: 64,
    };
    NodeStatus {
        name: "hub".to_owned(),
        links: vec![
            link("left", "member"),
            link("pub-1", "client"),
            link("pub-2", "client"),
        ],
        members: vec![MemberStatus {
            name: "left".to_owned(),
            up: true,
            hops: Some(1),
            ..MemberStatus::default()
        }],
        losses: vec![loss.clone()],
        own_losses: vec![loss],
        subscriptions: vec![zeekwire::status::SubscriptionStatus::default()],
        ..NodeStatus::default()
    }
}

#[test]
fn page_lists_what_is_exposed() {
    let rows: Vec<&str> = PAGE
        .lines()
        .filter(|line| line.starts_with("| `zeekwire_"))
        .collect();
    let expected = FAMILIES.map(|family| {
        let labels = family.labels.iter().map(|label| format!("`{label}`"));
        let labels = labels.collect::<Vec<_>>().join(", ");
        let cells = [
            &format!("`{}`", family.name),
            &family.kind.to_string(),
            &labels,
        ];
        let cells = cells.map(|cell| format!("| {cell} ").replace("|  ", "| "));
        format!("{}| {} |", cells.concat(), family.help)
    });
    for (row, expected) in rows.iter().zip(&expected) {
        assert_eq!(row, expected, "in docs/operating/metrics.md");
    }
    assert_eq!(
        rows.len(),
        expected.len(),
        "rows in docs/operating/metrics.md"
    );
}

#[test]
fn every_metric_has_samples_and_a_name_by_the_conventions() {
    let text = render(&FAMILIES, &status());
    let mut names = HashSet::new();
    for family in &FAMILIES {
        let name = family.name;
        assert!(names.insert(name), "{name} is there twice");
        assert_eq!(
            name.ends_with("_total"),
            family.kind == Kind::Counter,
            "{name}"
        );
        let starts = [format!("\n{name} "), format!("\n{name}{{")];
        assert!(
            starts.iter().any(|start| text.contains(start)),
            "{name} in {text}"
        );
        assert!(family.help.ends_with('.'), "{name}");
        for unit in ["_ms", "_kib", "_count"] {
            assert!(!name.contains(unit), "{name}");
        }
    }
}

#[test]
fn no_combination_of_labels_is_there_twice() {
    let text = render(&FAMILIES, &status());
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let mut seen = HashSet::new();
    for sample in samples {
        let (series, value) = sample.rsplit_once(' ').unwrap();
        assert!(seen.insert(series), "{series} is there twice");
        assert!(value.parse::<f64>().is_ok(), "{sample}");
    }
}

#[test]
fn clients_count_together() {
    let text = render(&FAMILIES, &status());
    for line in [
        "zeekwire_link_sent_messages_total{peer=\"*\"} 10",
        "zeekwire_link_sent_messages_total{peer=\"left\"} 5",
        "zeekwire_link_queue_bytes{peer=\"*\",class=\"event\"} 200",
        "zeekwire_dialled_link_reconnects_total{endpoint=\"tcp://left:1\"} 2",
        "zeekwire_lost_messages_total{peer=\"*\",class=\"event\",cause=\"queue_full\"} 2",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line} in {text}");
    }
    assert!(!text.contains("pub-1"), "{text}");
    assert!(
        !text.contains("credit_bytes{peer=\"left\",class=\"control\"}"),
        "{text}"
    );
}

#[test]
fn address_is_a_number_and_a_port() {
    for (text, local) in [
        ("127.0.0.1:9911", true),
        ("[::1]:0", true),
        ("localhost:1", true),
        ("[::ffff:127.0.0.1]:1", true),
        ("0.0.0.0:9911", false),
        ("192.0.2.1:1", false),
    ] {
        let address: MetricsAddress = text.parse().unwrap();
        assert_eq!(address.is_local(), local, "of {text}");
    }
    for text in ["", "9911", ":9911", "host:1", "127.0.0.1", "localhost:x"] {
        assert!(text.parse::<MetricsAddress>().is_err(), "of {text:?}");
    }
}
