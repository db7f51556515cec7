//! The first bytes of a link.

use zeekwire_core::wire::{PREAMBLE_BYTES, Preamble, PreambleError};

/// Reads ever longer starts of the input: an opinion once given stays.
pub fn preamble(data: &[u8]) {
    let mut opinion = None;
    for end in 0..=data.len().min(2 * PREAMBLE_BYTES) {
        let read = Preamble::decode(&data[..end]);
        match (read, opinion) {
            (Ok(None), None) => {}
            (read, None) => opinion = Some(read),
            (read, Some(before)) => assert_eq!(read, before, "after {end} bytes"),
        }
    }
    if data.len() >= PREAMBLE_BYTES {
        assert!(opinion.is_some(), "undecided");
    }
    match opinion {
        Some(Ok(Some(theirs))) => {
            assert_eq!(theirs.encode()[..12], data[..12]);
            let ours = Preamble::OURS;
            let agreed = ours.agree(&theirs).ok();
            assert_eq!(agreed, theirs.agree(&ours).ok());
            let speaks = |side: &Preamble, version: &u16| {
                (side.version_min..=side.version_max).contains(version)
            };
            let common = (ours.version_min..=ours.version_max).filter(|v| speaks(&theirs, v));
            assert_eq!(agreed, common.max());
        }
        Some(Err(PreambleError::Foreign(foreign))) => {
            assert!(!foreign.to_string().is_empty());
            assert!(foreign.answer().len() < 1024);
        }
        _ => {}
    }
}
