//! All formats against recorded bytes, random values and damage.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod broker_malformed;
mod capnp_malformed;
mod damage;
mod differential;
mod generated;
mod json_malformed;
mod log_malformed;
mod log_vectors;
mod round_trip;
mod strategies;
mod stream;
mod vectors;
mod wire;

use zeekwire_serializer::{DecodeError, EncodeError, by_name};
use zeekwire_types::Event;

const CAPNP: &str = "capnp-v1";
const BIN: &str = "broker-bin-v1";
const JSON: &str = "broker-json-v1";

fn encode(format: &str, event: &Event) -> Result<Vec<u8>, EncodeError> {
    let mut out = b"before".to_vec();
    let encoded = by_name(format).unwrap().encode(event, &mut out);
    assert!(out.starts_with(b"before"));
    if encoded.is_err() {
        assert_eq!(out, b"before", "an error leaves the output as it was");
    }
    encoded.map(|()| out.split_off(6))
}

fn decode(format: &str, bytes: &[u8]) -> Result<Event, DecodeError> {
    by_name(format).unwrap().decode(bytes)
}

/// Bytes of hexadecimal digits, between which there may be spaces.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}
