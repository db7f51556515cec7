//! A whole node whose peer follows a script: good frames around any contents, time, commands.

use zeekwire_core::wire::{Control, EnvelopeTemplate};
use zeekwire_types::{Incarnation, NodeId, TopicFilter, TrafficClass};

use crate::input::Input;
use crate::peer::{Peer, frame, message, node_id};

const FLAG_RAW_START: u8 = 8;
const FLAG_DECIDES_LATE: u8 = 16;

/// Input: flags as for the target `node_stream`, then steps, each a number and what it needs. Bit
/// 4 of the flags: the accept hook answers only when a step says so. Bit 5: the peer routes.
pub fn node_script(data: &[u8]) {
    let mut input = Input::new(data);
    let flags = input.byte();
    let mut peer = Peer::new(flags);
    peer.decides = flags & FLAG_DECIDES_LATE == 0;
    if flags & FLAG_RAW_START == 0 {
        peer.introduce();
    }
    let mut steps = 0;
    while !input.is_empty() && steps < 500 {
        step(&mut peer, &mut input);
        steps += 1;
    }
    peer.lose();
}

fn step(peer: &mut Peer, input: &mut Input<'_>) {
    match input.byte() % 16 {
        0 => peer.hear(input.short_run()),
        1 => {
            let payload = input.long_run();
            peer.hear(&frame(TrafficClass::Control, false, b"", payload));
        }
        2 => {
            let envelope = whole_words(input.short_run());
            peer.hear(&frame(input.class(), false, &envelope, input.short_run()));
        }
        3 => {
            let bytes = written(input);
            peer.hear(&bytes);
        }
        4 => fragments(peer, input),
        5 => peer.hear(&frame(input.class(), true, b"", input.short_run())),
        6 => say_filters(peer, input),
        7 => {
            let limit = u64::from(input.number()) << (input.byte() % 40);
            let class = TrafficClass::ALL[usize::from(input.byte() % 4)];
            peer.say(&Control::Credit { class, limit });
        }
        8 => peer.say(&Control::Done(input.byte().into())),
        9 => peer.wait(u64::from(input.number())),
        10 => {
            let class = input.class();
            let topic = topic(input);
            let len = usize::from(input.number());
            peer.publish(class, &topic, len, input.number().into());
        }
        11 => peer.write(usize::from(input.number())),
        12 => peer.node.decide(peer.key, verdict(input)),
        13 => own_filters(peer, input),
        14 => peer.close(),
        _ => peer.drain(),
    }
}

fn verdict(input: &mut Input<'_>) -> Result<(), String> {
    match input.byte() % 4 {
        0 => Err("no".to_owned()),
        _ => Ok(()),
    }
}

/// A good message from one of several publishers, about one of several topics.
fn written(input: &mut Input<'_>) -> Vec<u8> {
    let class = input.class();
    let publisher = publisher(input);
    let topic = topic(input);
    let sequence = input.byte().into();
    message(class, &publisher, &topic, sequence, input.short_run())
}

fn publisher(input: &mut Input<'_>) -> NodeId {
    let choice = input.byte();
    let name = ["peer", "other", "node"][usize::from(choice % 3)];
    let started_us = u64::from(choice >> 4);
    NodeId {
        incarnation: Incarnation {
            started_us,
            random: 0,
        },
        ..node_id(name)
    }
}

fn topic(input: &mut Input<'_>) -> Vec<u8> {
    match input.byte() % 4 {
        0 => b"t".to_vec(),
        1 => b"zeek/a".to_vec(),
        2 => b".node.peer".to_vec(),
        _ => match input.short_run() {
            b"" => b"zeek/all".to_vec(),
            any => any.to_vec(),
        },
    }
}

/// A long message in fragments of one size.
fn fragments(peer: &mut Peer, input: &mut Input<'_>) {
    let class = input.class();
    let publisher = publisher(input);
    let topic = topic(input);
    let mut envelope = EnvelopeTemplate::new(&publisher, &topic, "raw")
        .bytes()
        .to_vec();
    EnvelopeTemplate::set_sequence(&mut envelope, input.byte().into());
    let whole = frame(class, false, &envelope, &vec![2; input.number().into()]);
    let size = usize::from(input.number()).clamp(64, 32_000);
    for piece in whole.chunks(size) {
        peer.hear(&frame(class, true, b"", piece));
    }
}

fn filters(input: &mut Input<'_>) -> Vec<TopicFilter> {
    let texts = input.short_run().split(|byte| *byte == b'\n');
    texts
        .filter_map(|text| TopicFilter::new(text).ok())
        .collect()
}

fn say_filters(peer: &mut Peer, input: &mut Input<'_>) {
    let kind = input.byte();
    let token = u64::from(kind >> 4);
    let filters = filters(input);
    peer.say(&match kind % 4 {
        0 => Control::Unsubscribe { token, filters },
        1 => Control::Subscribe {
            token,
            filters,
            snapshot_end: true,
        },
        _ => Control::Subscribe {
            token,
            filters,
            snapshot_end: false,
        },
    });
}

/// The node's own subscriptions come and go. Their tokens are never used again.
fn own_filters(peer: &mut Peer, input: &mut Input<'_>) {
    let kind = input.byte();
    let filters = filters(input);
    let token = peer.token();
    match kind % 3 {
        0 => peer.subscribe(kind >> 4, &filters, token),
        1 => peer.unsubscribe(kind >> 4, &filters, token),
        _ => peer.forget(kind >> 4, token),
    }
}

fn whole_words(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}
