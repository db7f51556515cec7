//! The frame splitter and the fixed header.

use zeekwire_core::wire::{Frame, FrameHeader, split};
use zeekwire_types::limits::{FRAGMENT_BYTES_MAX, FRAME_HEADER_BYTES, HOP_LIMIT_MAX};

/// Cuts the input into frames, as it is and with headers that are made valid.
///
/// The check of a header is hard to guess, so the second reading goes by the fields alone.
pub fn frames(data: &[u8]) {
    cut(data);
    let _ = Frame::whole(data).map(|frame| check(&frame));
    if let Some(repaired) = repaired(data) {
        cut(&repaired);
        if let Ok(frame) = Frame::whole(&repaired) {
            check(&frame);
        }
    }
}

fn cut(bytes: &[u8]) {
    let mut rest = bytes;
    while let Ok(Some(frame)) = split(rest) {
        assert!(frame.bytes.len() <= FRAGMENT_BYTES_MAX);
        assert!(std::ptr::eq(
            frame.bytes,
            &raw const rest[..frame.bytes.len()]
        ));
        check(&frame);
        let whole = Frame::whole(frame.bytes).expect("it was just cut out");
        assert_eq!((whole.header, whole.bytes), (frame.header, frame.bytes));
        // One byte less is not enough, one more makes no difference.
        let short = &rest[..frame.bytes.len() - 1];
        assert!(split(short).expect("the header is good").is_none());
        assert!(Frame::whole(short).is_err());
        rest = &rest[frame.bytes.len()..];
    }
    // Waiting for the rest of a frame is right only where it may come in one piece.
    if let (Ok(None), Some(header)) = (split(rest), rest.first_chunk()) {
        let header = FrameHeader::decode(header).expect("the splitter took it");
        assert!((rest.len() + 1..=FRAGMENT_BYTES_MAX).contains(&header.frame_bytes()));
    }
}

fn check(frame: &Frame<'_>) {
    let header = frame.header;
    assert_eq!(header.frame_bytes(), frame.bytes.len());
    assert!(frame.bytes.len().is_multiple_of(8) && header.hop_limit <= HOP_LIMIT_MAX);
    assert!(!header.fragment || header.envelope_bytes == 0);
    assert_eq!(frame.envelope().len(), header.envelope_bytes);
    assert_eq!(frame.payload().len(), header.payload_bytes);
    let padding = frame.bytes.len() - FRAME_HEADER_BYTES - header.envelope_bytes;
    assert!((0..8).contains(&(padding - header.payload_bytes)));
    assert_eq!(header.encode()[..], frame.bytes[..FRAME_HEADER_BYTES]);
}

/// The input with every header's check as it should be.
fn repaired(data: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = data.to_vec();
    let mut at = 0;
    while let Some(fields) = bytes[at..].first_chunk::<FRAME_HEADER_BYTES>() {
        let header = repaired_header(fields)?;
        bytes[at..at + FRAME_HEADER_BYTES].copy_from_slice(&header.encode());
        at += header.frame_bytes();
        if at > bytes.len() {
            break;
        }
    }
    Some(bytes)
}

fn repaired_header(fields: &[u8; FRAME_HEADER_BYTES]) -> Option<FrameHeader> {
    let [
        class,
        flags,
        hop_limit,
        _,
        envelope,
        _,
        _,
        _,
        p0,
        p1,
        p2,
        p3,
        t0,
        t1,
        t2,
        t3,
    ] = *fields;
    let header = FrameHeader {
        class: zeekwire_types::TrafficClass::from_number(class)?,
        fragment: flags & 1 != 0,
        hop_limit,
        envelope_bytes: usize::from(envelope) * 8,
        payload_bytes: u32::from_le_bytes([p0, p1, p2, p3]).try_into().ok()?,
        tree: u32::from_le_bytes([t0, t1, t2, t3]),
    };
    let accepted = FrameHeader::decode(&header.encode());
    assert!(accepted.is_err() || accepted == Ok(header));
    Some(header)
}
