//! A member that routes between two others, and a stranger who routes too and says anything.

use zeekwire_core::wire::{
    Body, Control, Digest, Hop, Item, LossCause, Lost, Routed, Trace, Update,
};
use zeekwire_types::{Incarnation, NodeId, NodeName, TopicFilter};

use crate::input::Input;
use crate::mesh::{Mesh, NAMES};
use crate::peer::{frame, message, node_id};

const FLAG_UNFAIR: u8 = 16;
const STEP_COUNT_MAX: usize = 120;
/// Names of the stranger's own; the first comes before every other.
const OWN_NAMES: [&str; 5] = ["0", "m", "m1", "m2", "z"];

/// Input: flags, then steps, each a number and what it needs. Bits 1 and 2 of the flags: drop
/// policy. Bit 4: the stranger speaks in the names of the honest members, too. Without it their
/// traffic must go on whatever it says.
pub fn node_mesh(data: &[u8]) {
    let mut input = Input::new(data);
    let flags = input.byte();
    let mut mesh = Mesh::new(flags, flags & FLAG_UNFAIR == 0);
    mesh.meet(node_id("m"));
    mesh.check_traffic();
    let mut steps = 0;
    while !input.is_empty() && steps < STEP_COUNT_MAX {
        step(&mut mesh, &mut input);
        steps += 1;
    }
    mesh.check_traffic();
    mesh.part();
    mesh.check_traffic();
    mesh.wait(4000);
    mesh.check_completions();
    mesh.check_traffic();
}

fn step(mesh: &mut Mesh, input: &mut Input<'_>) {
    match input.byte() % 16 {
        // Whatever the bytes say, they may say it in anybody's name.
        0 | 1 if mesh.fair => mesh.check_traffic(),
        0 => mesh.hear(input.short_run()),
        1 => {
            let payload = input.long_run();
            mesh.hear(&frame(
                zeekwire_types::TrafficClass::Control,
                false,
                b"",
                payload,
            ));
        }
        2 => {
            let records = list(input, |input| (own(mesh.fair, input), version(input)));
            let complete = input.byte() & 1 == 0;
            mesh.say(&Control::Digest(Digest { records, complete }));
        }
        3 | 4 => {
            let update = update(mesh, input);
            mesh.say(&Control::Update(update));
        }
        5 => mesh.say(&Control::Synced),
        6 => mesh.say(&Control::Want(anybody(input))),
        7 => {
            let routed = routed(mesh, input);
            mesh.say(&Control::Routed(routed));
        }
        8 => {
            let trace = trace(mesh, input);
            mesh.say(&Control::Trace(trace));
        }
        9 => publish(mesh, input),
        10 => mesh.wait(u64::from(input.number()) % 4096),
        11 => mesh.check_traffic(),
        12 => say_filters(mesh, input),
        13 => {
            let node = own(mesh.fair, input);
            mesh.part();
            mesh.meet(node);
        }
        14 => mesh.subscribe(usize::from(input.byte()) % NAMES.len(), "t/more/*"),
        _ => {
            // Enough to be one of those that others route through.
            let update = whole(mesh, input);
            mesh.say(&Control::Digest(Digest {
                records: Vec::new(),
                complete: true,
            }));
            mesh.say(&Control::Update(update));
            mesh.say(&Control::Synced);
        }
    }
}

fn list<T>(input: &mut Input<'_>, mut item: impl FnMut(&mut Input<'_>) -> T) -> Vec<T> {
    let count = input.byte() % 8;
    (0..count).map(|_| item(input)).collect()
}

fn life(name: &str, choice: u8) -> NodeId {
    let mut id = node_id(name);
    if choice > 0 {
        id.incarnation = Incarnation {
            started_us: u64::from(choice),
            random: 1,
        };
    }
    id
}

/// A node in whose name the stranger may speak.
fn own(fair: bool, input: &mut Input<'_>) -> NodeId {
    if !fair {
        return anybody(input);
    }
    let choice = input.byte();
    life(
        OWN_NAMES[usize::from(choice & 15) % OWN_NAMES.len()],
        choice >> 6,
    )
}

/// A node of which the stranger may speak.
fn anybody(input: &mut Input<'_>) -> NodeId {
    let choice = input.byte();
    let names: Vec<&str> = NAMES.into_iter().chain(OWN_NAMES).collect();
    life(names[usize::from(choice & 15) % names.len()], choice >> 6)
}

fn version(input: &mut Input<'_>) -> u64 {
    match input.byte() {
        small @ 0..200 => small.into(),
        large => u64::MAX >> (large - 200),
    }
}

fn tree(mesh: &Mesh, input: &mut Input<'_>) -> u32 {
    match input.byte() {
        at @ 0..3 => mesh.tree(at.into()),
        other => other.into(),
    }
}

fn item(input: &mut Input<'_>) -> Item {
    match input.byte() % 6 {
        0 => Item::Leaf(anybody(input)),
        1 => Item::Superseded(anybody(input)),
        2 => Item::Pool("pool".into()),
        3 => {
            let text = TopicFilter::new(input.short_run());
            text.map_or_else(|_| Item::Pool("other".into()), Item::Filter)
        }
        _ => Item::Neighbour(anybody(input)),
    }
}

fn update(mesh: &Mesh, input: &mut Input<'_>) -> Update {
    let flags = input.byte();
    Update {
        origin: own(mesh.fair, input),
        base: if flags & 4 == 0 { 0 } else { version(input) },
        version: version(input),
        tree: tree(mesh, input),
        complete: flags & 1 == 0,
        confirm: flags & 2 != 0,
        added: list(input, item),
        removed: list(input, item),
    }
}

/// A record of the stranger's that the others believe.
fn whole(mesh: &Mesh, input: &mut Input<'_>) -> Update {
    let update = update(mesh, input);
    let mut added = update.added;
    added.push(Item::Neighbour(node_id(NAMES[1])));
    Update {
        origin: node_id("m"),
        base: 0,
        complete: true,
        added,
        ..update
    }
}

fn routed(mesh: &Mesh, input: &mut Input<'_>) -> Routed {
    let (to, from) = (anybody(input), anybody(input));
    let hop_limit = input.byte();
    let body = match input.byte() % 8 {
        0 => Body::Confirm(version(input)),
        1 => Body::Ask(version(input)),
        2 => Body::Ping(version(input)),
        3 => Body::Pong(version(input)),
        4 => Body::Traced(trace(mesh, input)),
        _ => Body::Lost(Lost {
            publisher: anybody(input).name,
            class: input.class(),
            cause: LossCause::ALL[usize::from(input.byte()) % LossCause::ALL.len()],
            messages: version(input),
            bytes: version(input),
            peer: (input.byte() & 1 == 0).then(|| anybody(input).name),
            tree: tree(mesh, input),
        }),
    };
    Routed {
        to,
        from,
        hop_limit,
        body,
    }
}

fn trace(mesh: &Mesh, input: &mut Input<'_>) -> Trace {
    let mut trace = Trace {
        number: version(input),
        origin: anybody(input),
        tree: tree(mesh, input),
        topic: topic(input),
        hops: Vec::new(),
    };
    let (count, length) = (input.byte(), input.byte());
    let node = NodeName::new(&"h".repeat(usize::from(length).max(1))).expect("a good name");
    for _ in 0..count {
        let hop = Hop {
            node: node.clone(),
            time_us: 0,
            queued_bytes: 0,
            subscribed: false,
        };
        if !trace.add(hop) {
            break;
        }
    }
    trace
}

fn topic(input: &mut Input<'_>) -> Vec<u8> {
    match input.byte() % 4 {
        0 => b"t/other".to_vec(),
        1 => b".node.b".to_vec(),
        2 => b"nobody".to_vec(),
        _ => match input.short_run() {
            b"" => b"t/".to_vec(),
            any => any.to_vec(),
        },
    }
}

/// A message that came from anywhere behind the stranger.
fn publish(mesh: &mut Mesh, input: &mut Input<'_>) {
    let class = input.class();
    let publisher = own(mesh.fair, input);
    let topic = topic(input);
    let sequence = version(input);
    let mut bytes = message(class, &publisher, &topic, sequence, input.short_run());
    let header = bytes.first_chunk().expect("a whole message");
    let mut header = zeekwire_core::wire::FrameHeader::decode(header).expect("it is ours");
    header.hop_limit = input.byte() % 65;
    header.tree = tree(mesh, input);
    bytes[..16].copy_from_slice(&header.encode());
    mesh.hear(&bytes);
}

fn say_filters(mesh: &mut Mesh, input: &mut Input<'_>) {
    let kind = input.byte();
    let token = u64::from(kind >> 4);
    let filters = list(input, |input| TopicFilter::new(input.short_run()).ok());
    let filters = filters.into_iter().flatten().collect();
    mesh.say(&match kind % 4 {
        0 => Control::Unsubscribe { token, filters },
        1 => Control::Done(token),
        kind => Control::Subscribe {
            token,
            filters,
            snapshot_end: kind == 2,
        },
    });
}
