//! Recorded events, cut off and with bytes changed: an error or an event, never more.

use zeekwire_serializer::EventMessage;

use crate::vectors::recorded;
use crate::{BIN, CAPNP, JSON, decode, encode};

/// Up to this many bytes every place is damaged; beyond, some.
const THOROUGH_BYTES_MAX: usize = 1500;

fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let mut samples = Vec::new();
    for (_, bin, json) in recorded() {
        let event = decode(BIN, &bin).unwrap();
        samples.push((CAPNP, encode(CAPNP, &event).unwrap()));
        samples.push((BIN, bin));
        samples.push((JSON, json));
    }
    samples
}

fn places(bytes: usize) -> impl Iterator<Item = usize> {
    let step = if bytes > THOROUGH_BYTES_MAX {
        bytes / 200 + 1
    } else {
        1
    };
    (0..bytes).step_by(step)
}

#[test]
fn every_truncation_is_an_error() {
    for (format, bytes) in samples() {
        for end in places(bytes.len()) {
            let result = decode(format, &bytes[..end]);
            assert!(result.is_err(), "{format}: {end} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn changed_bytes_never_panic_and_what_is_read_can_be_written() {
    for (format, mut bytes) in samples() {
        for place in places(bytes.len()) {
            for change in [0x01, 0x80, 0x7f, 0xff] {
                bytes[place] ^= change;
                if let Ok(event) = decode(format, &bytes) {
                    assert!(
                        event
                            .args
                            .iter()
                            .all(zeekwire_types::Value::is_depth_allowed)
                    );
                    assert!(
                        encode(CAPNP, &event).is_ok(),
                        "{format} at {place} by {change:#x}"
                    );
                }
                bytes[place] ^= change;
            }
        }
    }
}

#[test]
fn views_of_changed_bytes_never_panic() {
    for (format, bytes) in samples() {
        if format != CAPNP {
            continue;
        }
        let mut aligned = zeekwire_buffer::AlignedBytes::copied(&bytes);
        for place in places(bytes.len()) {
            for change in [0x01, 0x04, 0x80] {
                aligned[place] ^= change;
                let message = EventMessage::new(&aligned);
                if let Ok(event) = message
                    .as_ref()
                    .map_or_else(|e| Err(e.clone()), |m| m.event())
                {
                    let readable = event.args().iter().filter(|arg| arg.read().is_ok());
                    assert!(readable.count() <= event.args().len());
                }
                drop(message);
                aligned[place] ^= change;
            }
        }
    }
}
