//! Seeds about routing.

use zeekwire_core::wire::{
    Body, Control, Digest, FEATURE_ROUTES, Hello, Hop, Item, LossCause, Lost, Preamble, Routed,
    Trace, Update,
};
use zeekwire_types::{Role, TrafficClass};

use super::{control_frame, controls_by_name, filters, id, length, write};

fn trace() -> Trace {
    let hop = |name: &str| Hop {
        node: id(name).name,
        time_us: 1_700_000_000_000_000,
        queued_bytes: 4096,
        subscribed: true,
    };
    Trace {
        number: 3,
        origin: id("worker-1"),
        tree: 7,
        topic: b"zeek/a".to_vec(),
        hops: vec![hop("worker-1"), hop("manager")],
    }
}

fn update() -> Update {
    let mut added = vec![
        Item::Neighbour(id("manager")),
        Item::Leaf(id("leaf")),
        Item::Superseded(id("worker-1")),
        Item::Pool("logger".into()),
    ];
    added.extend(filters(&["zeek/*", "a\\*b"]).into_iter().map(Item::Filter));
    Update {
        origin: id("worker-1"),
        base: 0,
        version: 3,
        tree: 7,
        complete: true,
        confirm: true,
        added,
        removed: Vec::new(),
    }
}

/// Control messages of routing, by name.
pub(crate) fn controls() -> Vec<(&'static str, Control)> {
    let routed = |body| {
        Control::Routed(Routed {
            to: id("manager"),
            from: id("worker-1"),
            hop_limit: 64,
            body,
        })
    };
    let lost = Lost {
        publisher: id("worker-1").name,
        class: TrafficClass::Event,
        cause: LossCause::QueueFull,
        messages: 3,
        bytes: 300,
        peer: Some(id("logger").name),
        tree: 7,
    };
    let records = vec![(id("manager"), 9), (id("worker-1"), 3)];
    let change = Update {
        base: 3,
        version: 4,
        added: vec![],
        removed: vec![Item::Neighbour(id("manager"))],
        ..update()
    };
    let start = Update {
        complete: false,
        ..update()
    };
    vec![
        (
            "digest",
            Control::Digest(Digest {
                records,
                complete: true,
            }),
        ),
        ("update", Control::Update(update())),
        ("update-change", Control::Update(change)),
        ("update-start", Control::Update(start)),
        ("synced", Control::Synced),
        ("want", Control::Want(id("manager"))),
        ("confirm", routed(Body::Confirm(3))),
        ("ask", routed(Body::Ask(3))),
        ("ping", routed(Body::Ping(5))),
        ("pong", routed(Body::Pong(5))),
        ("lost", routed(Body::Lost(lost))),
        ("traced", routed(Body::Traced(trace()))),
        ("trace", Control::Trace(trace())),
    ]
}

/// What a peer that routes may say, to a node by itself.
pub(crate) fn streams() {
    let said: Vec<Vec<u8>> = controls()
        .iter()
        .map(|(_, control)| control_frame(control))
        .collect();
    write(
        "node_stream",
        "routing",
        &[&[32, 0][..], &said.concat()].concat(),
    );
    let hello = match controls_by_name().swap_remove(0).1 {
        Control::Hello(hello) => Control::Hello(Hello {
            role: Role::Member,
            features: FEATURE_ROUTES,
            ..hello
        }),
        other => other,
    };
    let greeting = [&Preamble::OURS.encode()[..], &control_frame(&hello)].concat();
    let all = [&[40, 0][..], &greeting, &said.concat()].concat();
    write("node_stream", "routing-from-the-start", &all);
    // Steps: 1 a control message, 3 a message, 9 time, 14 close, 15 drain.
    let step = |frame: &Vec<u8>| [&[1][..], &length(&frame[16..]), &frame[16..], &[15]].concat();
    let steps = said.iter().map(step).collect::<Vec<_>>().concat();
    let end = [3, 1, 0x10, 0, 1, 3, 1, 2, 3, 9, 0xe8, 3, 14];
    write(
        "node_script",
        "routing",
        &[&[32][..], &steps, &end].concat(),
    );
    let dialled = [&[33][..], &steps, &end].concat();
    write("node_script", "routing-dialled", &dialled);
}

/// Scripts of a member among honest ones.
///
/// Steps: 2 a digest, 3 an update, 5 synced, 6 want, 7 for one member, 8 a trace, 9 a message, 10
/// time, 11 traffic of the others, 12 filters, 13 another link, 14 a filter of the others, 15 a
/// whole record. Nodes: 0 to 2 are `a`, `x` and `b`, 3 to 7 the stranger's names, in which it
/// speaks as 0 to 4.
pub(crate) fn meshes() {
    let filter = &[14, 2][..];
    fair("silent", &[filter, &time(2000), &[14, 0]]);
    fair("joins", &[&join(9, 9), &[11], filter, &time(2000)]);
    for (name, tree) in [("first", 0), ("middle", 1), ("last", 2)] {
        // The first of its names, behind the stranger, has a tree that was another's.
        let before = [15, 0, 1, 9, 9, 2, 4, 3, 4, 1, 0];
        let behind = [3, 0, 0, 9, tree, 1, 4, 4, 0];
        let name = format!("takes-the-tree-of-the-{name}");
        fair(&name, &[&before, &behind, &[11], &time(1000)]);
    }
    fair(
        "parts",
        &[
            &[2, 2, 1, 5, 2, 9, 1, 2, 0, 0],
            &[3, 1, 1, 9, 9, 1, 4, 1, 0],
            &[3, 0, 1, 9, 9, 1, 4, 4, 0],
            &[5],
            &[3, 4, 1, 9, 10, 9, 0, 1, 4, 1],
            &[6, 0, 6, 2],
            &time(1500),
            &[13, 0x41],
            &join(9, 9),
        ],
    );
    passing_through();
    forgeries();
}

fn passing_through() {
    let joined = &join(9, 9)[..];
    let routed = |to: u8, from: u8, body: &[u8]| [&[7, to, from, 64][..], body].concat();
    let lost = |publisher: u8, tree: u8| [5, publisher, 1, 1, 3, 9, 0, 2, tree];
    fair(
        "for-one-member",
        &[
            joined,
            &routed(0, 2, &lost(2, 2)),
            &routed(0, 2, &lost(4, 1)),
            &routed(1, 4, &lost(3, 9)),
            &routed(2, 4, &[0, 3]),
            &routed(0, 4, &[1, 1]),
            &routed(2, 0, &[2, 7]),
            &routed(2, 7, &[3, 7]),
            &[12, 0x12, 1, 3, b't', b'/', b'*'],
        ],
    );
    fair(
        "traces",
        &[
            joined,
            &[8, 1, 0, 0, 0, 2, 4],
            &[8, 2, 4, 9, 0, 200, 255],
            &[8, 3, 4, 1, 2, 0, 0],
        ],
    );
    fair(
        "messages",
        &[
            joined,
            &[9, 1, 1, 0, 5, 2, 1, 2, 64, 9],
            &[9, 1, 1, 0, 6, 2, 1, 2, 1, 0],
            &[9, 2, 1, 1, 7, 0, 5, 1],
        ],
    );
}

/// Records in the names of others: one that ends its links, one that nobody can outrun, and
/// another life.
fn forgeries() {
    let forged = |origin: u8, version: u8| [3, 0, origin, version, 9, 0, 0];
    unfair(
        "forged-records",
        &[
            &join(9, 9),
            &forged(0, 150),
            &[11],
            &forged(2, 201),
            &forged(1, 200),
            &[2, 1, 1, 201, 0],
            &time(4000),
        ],
    );
    unfair(
        "another-life-of-the-first",
        &[
            &[15, 0, 0, 9, 9, 1, 4, 0x40, 0],
            &[3, 0, 0x40, 9, 8, 2, 1, 0, 4, 4, 0],
            &time(1000),
        ],
    );
}

fn fair(name: &str, steps: &[&[u8]]) {
    write("node_mesh", name, &[&[0][..], &steps.concat()].concat());
}

fn unfair(name: &str, steps: &[&[u8]]) {
    write("node_mesh", name, &[&[16][..], &steps.concat()].concat());
}

fn time(ms: u16) -> Vec<u8> {
    [&[10][..], &ms.to_le_bytes()].concat()
}

fn join(version: u8, tree: u8) -> Vec<u8> {
    // No flags, origin, version, tree; one filter and two neighbours; nothing removed.
    let start = [15, 0, 1, version, tree, 3];
    let filter = [3, 3, b't', b'/', b'*'];
    [&start[..], &filter, &[4, 5, 4, 0, 0]].concat()
}
