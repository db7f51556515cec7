//! Putting messages together again from fragments.

use zeekwire_core::session::{Incoming, IncomingLimits};
use zeekwire_core::wire::{Frame, FrameHeader};
use zeekwire_types::TrafficClass;
use zeekwire_types::limits::FRAME_HEADER_BYTES;

use crate::input::Input;

const MESSAGE_BYTES_MAX: usize = 40_000;

/// Feeds fragments of several classes, and compares with plain concatenation.
///
/// Input: for each fragment a class, a kind and a run of bytes. Some kinds put a header that fits
/// before the run, or repeat the run to make it long.
pub fn fragments(data: &[u8]) {
    let mut input = Input::new(data);
    let limits = IncomingLimits {
        message_bytes_max: MESSAGE_BYTES_MAX,
        ..Default::default()
    };
    let mut incoming = Incoming::new(limits);
    let mut expected: [Vec<u8>; TrafficClass::COUNT] = Default::default();
    let mut paid_bytes = 0;
    while !input.is_empty() {
        let class = input.class();
        let piece = piece(class, &mut input);
        paid_bytes += piece.len();
        let header = FrameHeader {
            class,
            fragment: true,
            hop_limit: 0,
            envelope_bytes: 0,
            payload_bytes: piece.len(),
            tree: 0,
        };
        let mut bytes = header.encode().to_vec();
        bytes.extend(&piece);
        bytes.resize(header.frame_bytes(), 0);
        let frame = Frame::whole(&bytes).expect("a good frame");
        let whole = &mut expected[class.index()];
        whole.extend(&piece);
        let Ok(done) = incoming.reassemble(&frame) else {
            assert!(is_fault(class, &piece, whole), "a good piece was refused");
            return;
        };
        assert!(!is_fault(class, &piece, whole), "a bad piece was taken");
        // A queue of bytes doubles as it grows, and starts with a few.
        assert!(incoming.held_bytes() <= 2 * paid_bytes + 64 * TrafficClass::COUNT);
        match done {
            None => assert!(whole.len() < total(whole)),
            Some(done) => {
                assert_eq!(done[..], whole[..]);
                assert_eq!(
                    Frame::whole(&done).map(|frame| frame.header.class),
                    Ok(class)
                );
                whole.clear();
            }
        }
    }
}

fn piece(class: TrafficClass, input: &mut Input<'_>) -> Vec<u8> {
    let kind = input.byte();
    let envelope_bytes = usize::from(kind >> 4) * 8;
    let run = input.short_run();
    match kind % 4 {
        // As it is.
        0 | 1 => run.to_vec(),
        // The start of a message.
        2 => {
            let payload_bytes = usize::from(input.number());
            let hop_limit = 1;
            let fragment = kind & 4 != 0;
            let envelope_bytes = if fragment { 0 } else { envelope_bytes };
            let header = FrameHeader {
                class,
                fragment,
                hop_limit,
                envelope_bytes,
                payload_bytes,
                tree: 0,
            };
            [&header.encode()[..], run].concat()
        }
        _ => run.repeat(usize::from(input.byte()) + 1),
    }
}

/// Bytes that the message says it has.
fn total(whole: &[u8]) -> usize {
    let header = whole
        .first_chunk::<FRAME_HEADER_BYTES>()
        .map(FrameHeader::decode);
    header
        .and_then(Result::ok)
        .map_or(0, |header| header.frame_bytes())
}

fn is_fault(class: TrafficClass, piece: &[u8], whole: &[u8]) -> bool {
    let header = whole
        .first_chunk::<FRAME_HEADER_BYTES>()
        .map(FrameHeader::decode);
    let Some(Ok(header)) = header else {
        return true;
    };
    let first = whole.len() == piece.len();
    let starts_badly = header.fragment || header.class != class;
    piece.is_empty()
        || first && starts_badly
        || header.frame_bytes() > MESSAGE_BYTES_MAX
        || whole.len() > header.frame_bytes()
}
