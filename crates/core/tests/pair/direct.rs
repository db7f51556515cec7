//! Two nodes joined without anything between them, for tests where only the outcome counts.

use std::io::IoSlice;

use zeekwire_buffer::AlignedBytes;
use zeekwire_core::Node;
use zeekwire_core::node::{LinkConfig, LinkKey, Output, Received};
use zeekwire_core::session::WRITE_SLICE_COUNT_MAX;
use zeekwire_types::Instant;

use crate::world::LINK;

/// Links two nodes and lets them get to know each other. Returns the link's key at each.
pub(crate) fn join(now: Instant, dialler: &mut Node, listener: &mut Node) -> [LinkKey; 2] {
    join_with(now, dialler, LINK, listener, LINK)
}

pub(crate) fn join_with(
    now: Instant,
    dialler: &mut Node,
    dialler_config: LinkConfig,
    listener: &mut Node,
    listener_config: LinkConfig,
) -> [LinkKey; 2] {
    let dialled = dialler.open_link(
        now,
        LinkConfig {
            dialled: true,
            ..dialler_config
        },
    );
    let accepted = listener.open_link(
        now,
        LinkConfig {
            dialled: false,
            ..listener_config
        },
    );
    exchange([(dialler, dialled), (listener, accepted)]);
    [dialled, accepted]
}

/// Carries bytes between two links until both are silent. Returns how many messages each side's
/// subscribers were brought.
pub(crate) fn exchange(mut ends: [(&mut Node, LinkKey); 2]) -> [usize; 2] {
    let mut delivered = [0; 2];
    let mut partial = [AlignedBytes::new(), AlignedBytes::new()];
    for _ in 0..TURN_COUNT_MAX {
        let mut silent = true;
        for side in [0, 1] {
            let bytes = said(&mut ends[side]);
            silent &= bytes.is_empty();
            let hearing = &mut partial[1 - side];
            hearing.extend_from_slice(&bytes);
            let (node, key) = &mut ends[1 - side];
            let mut start = 0;
            loop {
                match node.receive(*key, &hearing[start..]) {
                    Received::Nothing(taken) => start += taken,
                    Received::Message(message) => {
                        start += message.taken;
                        delivered[1 - side] += 1;
                    }
                    Received::Incomplete | Received::Over => break,
                }
            }
            *hearing = AlignedBytes::copied(&hearing[start..]);
            while let Some(output) = node.poll_output() {
                if let Output::Decide { link } = output {
                    node.decide(link, Ok(()));
                }
            }
        }
        if silent {
            return delivered;
        }
    }
    panic!("the nodes never come to an end");
}

/// Far more than any conversation takes.
const TURN_COUNT_MAX: usize = 1000;

fn said((node, key): &mut (&mut Node, LinkKey)) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(link) = node.link_mut(*key)
        && link.session.outgoing.plan_write() > 0
    {
        let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
        let count = link.session.outgoing.plan_slices(&mut slices);
        let start = bytes.len();
        slices[..count]
            .iter()
            .for_each(|slice| bytes.extend_from_slice(slice));
        let written = bytes.len() - start;
        link.session.outgoing.plan_written(written);
        node.relax(Instant::ZERO, *key);
    }
    bytes
}
