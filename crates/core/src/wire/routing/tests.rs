//! What members say survives the wire whole or in parts, and damage is refused.

use capnp::message::{Builder, HeapAllocator};
use proptest::prelude::*;
use zeekwire_buffer::AlignedBytes;
use zeekwire_schema::link_capnp::{control, update};
use zeekwire_types::Incarnation;
use zeekwire_types::limits::{FRAME_HEADER_BYTES, NODE_NAME_BYTES_MAX, TOPIC_BYTES_MAX};

use super::*;
use crate::Fault;
use crate::testing::node_id;
use crate::wire::{Control, ControlWriter, split};

/// The payloads of the frames that a message becomes.
fn payloads(control: &Control) -> Vec<AlignedBytes> {
    let mut bytes = Vec::new();
    ControlWriter::write(control, &mut bytes);
    let mut rest = &bytes[..];
    let mut found = Vec::new();
    while let Some(frame) = split(rest).expect("well framed") {
        assert!(frame.payload().len() <= CONTROL_BYTES_MAX);
        found.push(AlignedBytes::copied(frame.payload()));
        rest = &rest[frame.bytes.len()..];
    }
    assert!(rest.is_empty());
    found
}

fn decoded(control: &Control) -> Vec<Control> {
    let read = |bytes: &AlignedBytes| Control::decode(bytes).expect("well formed");
    payloads(control).iter().map(read).collect()
}

/// Writes what no writer of ours would.
fn forged(fill: impl FnOnce(control::Builder<'_>)) -> AlignedBytes {
    let mut message = Builder::new(HeapAllocator::new().first_segment_words(4096));
    fill(message.init_root());
    let segments = message.get_segments_for_output();
    assert_eq!(segments.len(), 1);
    AlignedBytes::copied(segments[0])
}

fn name(len: usize) -> NodeName {
    NodeName::new(&"n".repeat(len)).expect("a good name")
}

fn longest(number: u64) -> NodeId {
    NodeId {
        name: name(NODE_NAME_BYTES_MAX),
        incarnation: Incarnation {
            started_us: number,
            random: u64::MAX,
        },
    }
}

fn filter(bytes: impl AsRef<[u8]>) -> Item {
    Item::Filter(TopicFilter::new(bytes).expect("a good filter"))
}

fn update_of(added: Vec<Item>, removed: Vec<Item>) -> Update {
    Update {
        origin: node_id("origin", 7),
        base: 41,
        version: 42,
        tree: u32::MAX,
        complete: true,
        confirm: true,
        added,
        removed,
    }
}

fn hop(node: NodeName) -> Hop {
    Hop {
        node,
        time_us: 1_768_867_200_123_457,
        queued_bytes: u64::MAX,
        subscribed: true,
    }
}

fn trace_of(origin: NodeId, topic: &[u8]) -> Trace {
    Trace {
        number: 9,
        origin,
        tree: 5,
        topic: topic.to_vec(),
        hops: Vec::new(),
    }
}

fn trace() -> Trace {
    let mut trace = trace_of(node_id("origin", 7), b"zeek/\xff");
    assert!(trace.add(hop(name(3))) && trace.add(hop(name(8))));
    trace
}

fn lost(publisher: NodeName, peer: Option<NodeName>) -> Lost {
    Lost {
        publisher,
        class: TrafficClass::Log,
        cause: LossCause::TooLong,
        messages: 1 << 40,
        bytes: u64::MAX,
        peer,
        tree: 77,
    }
}

fn routed(to: NodeId, from: NodeId, body: Body) -> Control {
    Control::Routed(Routed {
        to,
        from,
        hop_limit: HOP_LIMIT_MAX,
        body,
    })
}

fn bodies() -> Vec<Body> {
    let mut bodies = vec![
        Body::Confirm(1),
        Body::Ask(u64::MAX),
        Body::Ping(3),
        Body::Pong(4),
        Body::Traced(trace()),
        Body::Lost(lost(name(4), None)),
    ];
    bodies.extend(LossCause::ALL.map(|cause| {
        Body::Lost(Lost {
            cause,
            ..lost(name(4), Some(name(5)))
        })
    }));
    bodies
}

/// One message of each kind, short enough for one frame.
fn samples() -> Vec<Control> {
    let items = || {
        vec![
            Item::Neighbour(node_id("a", 1)),
            Item::Leaf(node_id("b", 2)),
            Item::Superseded(node_id("origin", 3)),
            filter("zeek/*"),
            filter(b"\xff\\*"),
            Item::Pool("logger".into()),
        ]
    };
    let mut samples = vec![
        Control::Synced,
        Control::Want(longest(1)),
        Control::Digest(Digest {
            records: vec![(node_id("a", 1), 0), (longest(2), u64::MAX)],
            complete: true,
        }),
        Control::Update(update_of(items(), items())),
        Control::Update(Update {
            base: 0,
            complete: false,
            confirm: false,
            ..update_of(items(), vec![])
        }),
        Control::Trace(trace()),
        Control::Trace(trace_of(node_id("a", 1), b".")),
    ];
    let between = |body| routed(node_id("to", 1), node_id("from", 2), body);
    samples.extend(bodies().into_iter().map(between));
    samples
}

#[test]
fn each_kind_survives_the_wire() {
    for control in samples() {
        assert_eq!(decoded(&control), [control]);
    }
}

#[test]
fn nothing_to_say_is_still_one_message() {
    let digest = Control::Digest(Digest {
        records: vec![],
        complete: true,
    });
    let update = Control::Update(update_of(vec![], vec![]));
    for control in [digest, update] {
        assert_eq!(decoded(&control), [control]);
    }
}

/// What the parts of an update say together.
fn joined(parts: &[Control]) -> Update {
    let mut whole: Option<Update> = None;
    for (at, part) in parts.iter().enumerate() {
        let Control::Update(part) = part else {
            panic!("a part became {part:?}");
        };
        assert_eq!(part.complete, at + 1 == parts.len(), "only the last is");
        let whole = whole.get_or_insert_with(|| Update {
            added: vec![],
            removed: vec![],
            ..part.clone()
        });
        whole.complete = part.complete;
        whole.added.extend(part.added.iter().cloned());
        whole.removed.extend(part.removed.iter().cloned());
        let same = Update {
            added: whole.added.clone(),
            removed: whole.removed.clone(),
            ..part.clone()
        };
        assert_eq!(*whole, same, "the parts agree on the rest");
    }
    whole.expect("at least one part")
}

/// Kinds change places on the wire.
fn sorted(mut update: Update) -> Update {
    update.added.sort();
    update.removed.sort();
    update
}

#[test]
fn the_longest_record_travels_in_parts_that_add_up() {
    let items = |salt: u64| -> Vec<Item> {
        let of = |n: u64| {
            let node = longest(n * 2 + salt);
            let text = format!("{node}{}", "x".repeat(TOPIC_BYTES_MAX));
            [
                Item::Neighbour(node.clone()),
                Item::Leaf(node.clone()),
                Item::Superseded(node),
                filter(&text.as_bytes()[text.len() - TOPIC_BYTES_MAX..]),
                Item::Pool("p".repeat(255).into()),
            ]
        };
        (0..200).flat_map(of).collect()
    };
    let whole = Update {
        origin: longest(0),
        ..update_of(items(0), items(1))
    };
    let parts = decoded(&Control::Update(whole.clone()));
    assert!(parts.len() > 30);
    assert_eq!(sorted(joined(&parts)), sorted(whole));
}

#[test]
fn a_long_digest_travels_in_parts_that_add_up() {
    let records: Vec<_> = (0..500).map(|n| (longest(n), n)).collect();
    for complete in [true, false] {
        let parts = decoded(&Control::Digest(Digest {
            records: records.clone(),
            complete,
        }));
        assert!(parts.len() > 9);
        let mut read = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let Control::Digest(part) = part else {
                panic!("a part became {part:?}");
            };
            assert_eq!(part.complete, complete && at + 1 == parts.len());
            read.extend(part.records.iter().cloned());
        }
        assert_eq!(read, records);
    }
}

#[test]
fn a_trace_ends_before_a_report_of_it_grows_too_long() {
    for (length, least) in [(1, 65), (20, 65), (190, 65), (NODE_NAME_BYTES_MAX, 50)] {
        let mut trace = trace_of(longest(1), &[b'*'; TOPIC_BYTES_MAX]);
        while trace.add(hop(name(length))) {}
        assert!(
            trace.hops.len() >= least,
            "{} of {length}",
            trace.hops.len()
        );
        assert!(trace.hops.len() <= 65);
        let report = routed(longest(1), longest(2), Body::Traced(trace.clone()));
        for control in [Control::Trace(trace), report] {
            assert_eq!(decoded(&control), [control]);
        }
    }
}

#[test]
fn a_loss_is_reported_whatever_the_names() {
    let names = || name(NODE_NAME_BYTES_MAX);
    let body = Body::Lost(lost(names(), Some(names())));
    let control = routed(longest(1), longest(2), body);
    assert_eq!(decoded(&control), [control]);
}

#[test]
fn every_truncation_and_flip_is_refused_or_read_in_bounds() {
    for control in samples() {
        let [whole] = &payloads(&control)[..] else {
            panic!("{control:?} is one frame");
        };
        for words in 0..whole.len() / 8 {
            let short = AlignedBytes::copied(&whole[..words * 8]);
            let read = Control::decode(&short);
            // Zeros at the end may be left away; nothing else may.
            assert!(
                read.is_err() || whole[words * 8..].iter().all(|byte| *byte == 0),
                "{words} words of {control:?} were read as {read:?}"
            );
        }
        let mut flipped = whole.clone();
        for index in 0..whole.len() {
            for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
                flipped[index] = whole[index] ^ flip;
                if let Ok(read) = Control::decode(&flipped) {
                    // What was read can be passed on.
                    assert!(!payloads(&read).is_empty());
                }
            }
            flipped[index] = whole[index];
        }
    }
}

#[test]
fn a_version_that_does_not_rise_is_a_fault() {
    let read = |base, version, tree| {
        let update = Update {
            base,
            version,
            tree,
            ..update_of(vec![], vec![])
        };
        Control::decode(&payloads(&Control::Update(update))[0])
    };
    assert!(read(6, 7, 1).is_ok() && read(0, u64::MAX, 1).is_ok());
    for (base, version, tree) in [(7, 7, 1), (8, 7, 1), (0, 0, 1), (6, 7, 0)] {
        assert_eq!(read(base, version, tree), Err(Fault::ControlVersion));
    }
}

/// An update by `origin`, to which a test adds.
fn forged_update(origin: &str, fill: impl FnOnce(update::Builder<'_>)) -> AlignedBytes {
    forged(|root| {
        let mut update = root.init_update();
        update.reborrow().init_origin().set_name(origin);
        update.set_version(1);
        update.set_tree(1);
        fill(update);
    })
}

#[test]
fn a_bad_name_is_a_fault_wherever_it_is() {
    let long = "n".repeat(NODE_NAME_BYTES_MAX + 1);
    for bad in ["", "a b", "a*", "a/b", "a\u{7}", &long] {
        let forgeries = [
            forged_update(bad, |_| ()),
            forged_update("a", |update| {
                let list = update.init_added().init_neighbours(1);
                list.get(0).set_name(bad);
            }),
            forged_update("a", |update| {
                let list = update.init_removed().init_leaves(1);
                list.get(0).set_name(bad);
            }),
            forged_update("a", |update| {
                let list = update.init_added().init_superseded(1);
                list.get(0).set_name(bad);
            }),
            forged(|root| root.init_want().set_name(bad)),
            forged(|root| {
                let list = root.init_digest().init_records(1);
                list.get(0).init_node().set_name(bad);
            }),
            forged(|root| {
                let mut routed = root.init_routed();
                routed.reborrow().init_to().set_name(bad);
                routed.init_from().set_name("a");
            }),
            forged(|root| {
                let mut routed = root.init_routed();
                routed.reborrow().init_to().set_name("a");
                routed.init_from().set_name(bad);
            }),
            forged(|root| root.init_routed().init_lost().set_publisher(bad)),
            forged(|root| {
                let mut trace = root.init_trace();
                trace.set_topic(b"t");
                trace.init_origin().set_name(bad);
            }),
            forged(|root| {
                let mut trace = root.init_trace();
                trace.set_topic(b"t");
                trace.reborrow().init_origin().set_name("a");
                trace.init_hops(1).get(0).set_node(bad);
            }),
        ];
        for (at, bytes) in forgeries.iter().enumerate() {
            let read = Control::decode(bytes);
            assert_eq!(read, Err(Fault::ControlName), "forgery {at} with {bad:?}");
        }
    }
    // An empty pointer reads as an empty name.
    let nobody = forged(|root| {
        let _unnamed = root.init_want();
    });
    assert_eq!(Control::decode(&nobody), Err(Fault::ControlName));
}

#[test]
fn bad_labels_filters_and_topics_are_faults() {
    let long = "p".repeat(256);
    for bad in ["", "a\nb", &long] {
        let bytes = forged_update("a", |update| {
            update.init_added().init_pools(1).set(0, bad);
        });
        assert_eq!(Control::decode(&bytes), Err(Fault::ControlName), "{bad:?}");
    }
    let long = [b'a'; TOPIC_BYTES_MAX + 1];
    for bad in [&b""[..], b"\\", b"*a*a*a*a*a*a*a*a*", &long] {
        let bytes = forged_update("a", |update| {
            update.init_removed().init_filters(1).set(0, bad);
        });
        assert_eq!(Control::decode(&bytes), Err(Fault::ControlFilter));
    }
    for bad in [&b""[..], &long] {
        let bytes = forged(|root| root.init_trace().set_topic(bad));
        assert_eq!(Control::decode(&bytes), Err(Fault::ControlFilter));
    }
    let mut filler = forged(|root| {
        let mut lost = root.init_routed().init_lost();
        lost.set_publisher("a");
        lost.set_class(200);
    });
    assert_eq!(Control::decode(&filler), Err(Fault::FrameClass(200)));
    // Text that is not UTF-8.
    filler = forged(|root| root.init_want().set_name("\u{e9}\u{e9}\u{e9}"));
    let place = filler.windows(2).position(|pair| pair == [0xc3, 0xa9]);
    filler[place.expect("it is in there")] = 0xff;
    assert_eq!(Control::decode(&filler), Err(Fault::ControlName));
}

#[test]
fn a_trace_that_nobody_could_report_is_a_fault() {
    let forged = |hop_count: u32, length: usize| {
        let bytes = forged(|root| {
            let mut trace = root.init_trace();
            trace.set_topic(b"t");
            trace.reborrow().init_origin().set_name("a");
            let mut hops = trace.init_hops(hop_count);
            for at in 0..hop_count {
                hops.reborrow().get(at).set_node("n".repeat(length));
            }
        });
        assert!(bytes.len() <= CONTROL_BYTES_MAX);
        Control::decode(&bytes)
    };
    assert!(forged(65, 10).is_ok() && forged(50, 255).is_ok());
    assert_eq!(forged(66, 10), Err(Fault::Control));
    assert_eq!(forged(54, 255), Err(Fault::ControlTooLong));
}

#[test]
fn what_a_newer_release_says_is_not_taken_for_something_else() {
    let nodes = || (node_id("to", 1), node_id("from", 2));
    let (to, from) = nodes();
    let mut bytes = payloads(&routed(to, from, Body::Ask(5)))[0].clone();
    // Behind the root pointer and three words of the message: hop limit, nothing, which body.
    assert_eq!(bytes[32..36], [HOP_LIMIT_MAX, 0, 1, 0]);
    bytes[34] = 99;
    bytes[32] = 200;
    let (to, from) = nodes();
    let newer = Routed {
        to,
        from,
        hop_limit: HOP_LIMIT_MAX,
        body: Body::Newer,
    };
    assert_eq!(Control::decode(&bytes), Ok(Control::Routed(newer)));
    let cause = |root: control::Builder<'_>| {
        let mut routed = root.init_routed();
        routed.reborrow().init_to().set_name("a");
        routed.reborrow().init_from().set_name("a");
        let mut lost = routed.init_lost();
        lost.set_publisher("a");
        lost.set_cause(zeekwire_schema::link_capnp::lost::Cause::NoRoute);
    };
    let mut bytes = forged(cause);
    let known = Control::decode(&bytes).expect("well formed");
    let places: Vec<usize> = (FRAME_HEADER_BYTES..bytes.len())
        .filter(|at| bytes[*at] == 6)
        .collect();
    let read = places.iter().map(|place| {
        bytes[*place] = 60;
        let read = Control::decode(&bytes);
        bytes[*place] = 6;
        read
    });
    let unspecified = read.filter(|read| match read {
        Ok(Control::Routed(Routed {
            body: Body::Lost(lost),
            ..
        })) => lost.cause == LossCause::Unspecified,
        _ => false,
    });
    assert_eq!(unspecified.count(), 1);
    let Control::Routed(Routed {
        body: Body::Lost(lost),
        ..
    }) = known
    else {
        panic!("a loss was forged");
    };
    assert_eq!((lost.cause, lost.peer), (LossCause::NoRoute, None));
}

fn ids() -> impl Strategy<Value = NodeId> {
    let name = prop_oneof![
        "[a-z0-9.-]{1,12}",
        (1..=NODE_NAME_BYTES_MAX).prop_map(|len| "m".repeat(len)),
        (1..=NODE_NAME_BYTES_MAX / 2).prop_map(|len| "\u{e9}".repeat(len)),
    ];
    (name, any::<(u64, u64)>()).prop_map(|(name, (started_us, random))| NodeId {
        name: NodeName::new(&name).expect("a good name"),
        incarnation: Incarnation { started_us, random },
    })
}

fn items() -> impl Strategy<Value = Item> {
    let filters = prop::collection::vec(any::<u8>(), 1..=TOPIC_BYTES_MAX / 2);
    let exact = |bytes: Vec<u8>| TopicFilter::exact(bytes).expect("short enough");
    prop_oneof![
        ids().prop_map(Item::Neighbour),
        ids().prop_map(Item::Leaf),
        ids().prop_map(Item::Superseded),
        filters.prop_map(exact).prop_map(Item::Filter),
        (1..=255_usize).prop_map(|len| Item::Pool("l".repeat(len).into())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_update_is_cut_and_joined(
        origin in ids(),
        added in prop::collection::vec(items(), 0..150),
        removed in prop::collection::vec(items(), 0..150),
        (base, tree) in (0..u64::MAX >> 2, 1..u32::MAX),
        (complete, confirm) in any::<(bool, bool)>(),
    ) {
        let version = base + 1;
        let whole = Update {
            origin, base, version, tree, complete: true, confirm, added, removed,
        };
        let parts = decoded(&Control::Update(whole.clone()));
        prop_assert_eq!(sorted(joined(&parts)), sorted(whole.clone()));
        // The start of a longer one stays a start.
        let start = Update { complete, ..whole };
        let ends = |part: &Control| matches!(part, Control::Update(part) if part.complete);
        let parts = decoded(&Control::Update(start));
        prop_assert_eq!(parts.iter().filter(|part| ends(part)).count(), usize::from(complete));
    }

    #[test]
    fn any_trace_that_grows_can_be_reported(
        origin in ids(),
        (to, from) in (ids(), ids()),
        topic in prop::collection::vec(any::<u8>(), 1..=TOPIC_BYTES_MAX),
        nodes in prop::collection::vec(ids(), 0..100),
    ) {
        let mut trace = trace_of(origin, &topic);
        for node in nodes {
            if !trace.add(hop(node.name)) {
                break;
            }
        }
        let report = routed(to, from, Body::Traced(trace.clone()));
        for control in [Control::Trace(trace), report] {
            prop_assert_eq!(decoded(&control), [control]);
        }
    }

    #[test]
    fn what_is_read_of_damaged_bytes_can_be_passed_on(
        sample in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let samples = samples();
        let mut bytes = payloads(sample.get(&samples))[0].clone();
        for (place, value) in damage {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Ok(read) = Control::decode(&bytes) {
            let again = decoded(&read);
            match (&read, &again[..]) {
                (Control::Newer, _) => {}
                (Control::Routed(routed), _) if routed.body == Body::Newer => {}
                (Control::Update(update), parts) if update.complete => {
                    prop_assert_eq!(sorted(joined(parts)), sorted(update.clone()));
                }
                (_, [again]) => prop_assert_eq!(again, &read),
                (_, parts) => prop_assert!(parts.len() > 1),
            }
        }
    }
}
