//! What members say: records, messages for one member, traces.

use serde_json::{Value as Json, json};
use zeekwire_core::wire::{
    Body, Control, Digest, Hop, Item, LossCause, Lost, Routed, Trace, Update,
};
use zeekwire_types::{Incarnation, NodeId, NodeName, TopicFilter, TrafficClass};

use super::{Case, node};

fn other(name: &str) -> NodeId {
    NodeId {
        name: NodeName::new(name).expect("it keeps the rules"),
        incarnation: Incarnation {
            started_us: 5,
            random: 6,
        },
    }
}

fn described_node() -> Json {
    json!({"name": "worker-1", "startedUs": 1_768_867_200_123_457_u64, "random": u64::MAX})
}

fn described_other(name: &str) -> Json {
    json!({"name": name, "startedUs": 5, "random": 6})
}

pub(super) fn records() -> Vec<Case> {
    let digest = Control::Digest(Digest {
        records: vec![(node(), 1 << 40), (other("manager"), 0)],
        complete: true,
    });
    let digested = json!({"digest": {
        "records": [
            {"node": described_node(), "version": 1_u64 << 40},
            {"node": described_other("manager"), "version": 0},
        ],
        "complete": true,
    }});
    let want = Control::Want(other("manager"));
    let wanted = json!({"want": described_other("manager")});
    vec![
        Case::new("digest", digest, digested),
        Case::new("synced", Control::Synced, json!({"synced": null})),
        Case::new("want", want, wanted),
        whole_record(),
        changed_record(),
    ]
}

fn filter(bytes: &[u8]) -> Item {
    Item::Filter(TopicFilter::new(bytes).expect("it keeps the rules"))
}

fn whole_record() -> Case {
    let update = Control::Update(Update {
        origin: node(),
        base: 0,
        version: 7,
        tree: u32::MAX,
        complete: true,
        confirm: false,
        added: vec![
            Item::Neighbour(other("manager")),
            Item::Neighbour(other("proxy")),
            Item::Leaf(other("leaf")),
            Item::Superseded(other("worker-1")),
            filter(b"zeek/*"),
            filter(b"\xff\\*"),
            Item::Alias("life-1".into()),
            Item::Pool("logger".into()),
        ],
        removed: vec![],
    });
    let described = json!({"update": {
        "origin": described_node(), "base": 0, "version": 7, "tree": u32::MAX,
        "complete": true, "confirm": false,
        "added": {
            "neighbours": [described_other("manager"), described_other("proxy")],
            "leaves": [described_other("leaf")],
            "superseded": [described_other("worker-1")],
            "filters": ["zeek/*", "%FF\\*"],
            "pools": ["logger"], "aliases": ["life-1"],
        },
        "removed": {
            "neighbours": [], "leaves": [], "superseded": [], "filters": [], "pools": [],
            "aliases": [],
        },
    }});
    Case::new("update-whole", update, described)
}

fn changed_record() -> Case {
    let update = Control::Update(Update {
        origin: node(),
        base: 7,
        version: 8,
        tree: 1,
        complete: false,
        confirm: true,
        added: vec![],
        removed: vec![Item::Neighbour(other("proxy")), filter(b"zeek/*")],
    });
    let described = json!({"update": {
        "origin": described_node(), "base": 7, "version": 8, "tree": 1,
        "complete": false, "confirm": true,
        "added": {
            "neighbours": [], "leaves": [], "superseded": [], "filters": [], "pools": [],
            "aliases": [],
        },
        "removed": {
            "neighbours": [described_other("proxy")],
            "leaves": [], "superseded": [], "filters": ["zeek/*"], "pools": [],
            "aliases": [],
        },
    }});
    Case::new("update-changes", update, described)
}

fn routed(name: &'static str, body: Body, member: &str, described: Json) -> Case {
    let control = Control::Routed(Routed {
        to: other("manager"),
        from: node(),
        hop_limit: 64,
        body,
    });
    let mut routed = json!({
        "to": described_other("manager"), "from": described_node(), "hopLimit": 64,
    });
    routed[member] = described;
    Case::new(name, control, json!({"routed": routed}))
}

pub(super) fn for_one_member() -> Vec<Case> {
    let lost = |peer: Option<&str>| Lost {
        publisher: node().name,
        class: TrafficClass::Log,
        cause: LossCause::LinkLost,
        messages: 3,
        bytes: 1 << 40,
        peer: peer.map(|name| other(name).name),
        tree: 9,
    };
    let described_local = json!({
        "publisher": "worker-1", "class": 3, "cause": "linkLost", "messages": 3,
        "bytes": 1_u64 << 40, "tree": 9,
    });
    let mut described_next = described_local.clone();
    described_next["peer"] = json!("proxy");
    let next = Body::Lost(lost(Some("proxy")));
    let local = Body::Lost(lost(None));
    let traced = Body::Traced(trace());
    vec![
        routed("routed-confirm", Body::Confirm(1), "confirm", json!(1)),
        routed("routed-ask", Body::Ask(u64::MAX), "ask", json!(u64::MAX)),
        routed("routed-ping", Body::Ping(2), "ping", json!(2)),
        routed("routed-pong", Body::Pong(3), "pong", json!(3)),
        routed("routed-lost", next, "lost", described_next),
        routed("routed-lost-locally", local, "lost", described_local),
        routed("routed-traced", traced, "traced", described_trace()),
    ]
}

fn trace() -> Trace {
    let hop = |name: &str, queued_bytes, subscribed| Hop {
        node: other(name).name,
        time_us: 1_768_867_200_123_457,
        queued_bytes,
        subscribed,
    };
    Trace {
        number: 4,
        origin: node(),
        tree: 5,
        topic: b"zeek/\xff".to_vec(),
        hops: vec![hop("worker-1", 1 << 33, false), hop("manager", 0, true)],
    }
}

fn described_trace() -> Json {
    let time_us = 1_768_867_200_123_457_u64;
    json!({
        "number": 4, "origin": described_node(), "tree": 5, "topic": "zeek/%FF",
        "hops": [
            {
                "node": "worker-1", "timeUs": time_us,
                "queuedBytes": 1_u64 << 33, "subscribed": false,
            },
            {"node": "manager", "timeUs": time_us, "queuedBytes": 0, "subscribed": true},
        ],
    })
}

pub(super) fn traces() -> Vec<Case> {
    let described = json!({"trace": described_trace()});
    vec![Case::new("trace", Control::Trace(trace()), described)]
}
