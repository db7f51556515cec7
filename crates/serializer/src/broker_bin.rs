//! `broker-bin-v1`: Broker's binary format, which Zeek's ZeroMQ backend sends by default.
//!
//! A value is a tag byte and a body. Fixed-width numbers are big-endian; lengths and counts are
//! LEB128 of 32 bits. An event is the list (1, 1, (name, arguments, metadata)).
//!
//! What does not survive: records, lists, patterns, functions and opaque values become sequences,
//! `any` vanishes (see the crate's documentation); times and intervals become nanoseconds;
//! subnormal doubles become zero; all that is not a number becomes one NaN. What cannot be sent is
//! refused: times out of the range of 64-bit nanoseconds, and sets and tables in which two
//! elements or keys become the same.

pub(crate) mod decode;
pub(crate) mod encode;
mod real;

use zeekwire_types::Event;

use crate::{DecodeError, EncodeError, EventSerializer};

/// The format's name.
pub const NAME: &str = "broker-bin-v1";

/// Numbers of Broker's types.
mod tag {
    pub(super) const NONE: u8 = 0;
    pub(super) const BOOLEAN: u8 = 1;
    pub(super) const COUNT: u8 = 2;
    pub(super) const INTEGER: u8 = 3;
    pub(super) const REAL: u8 = 4;
    pub(super) const STRING: u8 = 5;
    pub(super) const ADDRESS: u8 = 6;
    pub(super) const SUBNET: u8 = 7;
    pub(super) const PORT: u8 = 8;
    pub(super) const TIMESTAMP: u8 = 9;
    pub(super) const TIMESPAN: u8 = 10;
    pub(super) const ENUM: u8 = 11;
    pub(super) const SET: u8 = 12;
    pub(super) const TABLE: u8 = 13;
    pub(super) const LIST: u8 = 14;
}

/// The version of messages, and the type of those that are events.
const VERSION: u64 = 1;
const EVENT: u64 = 1;

/// The format.
#[derive(Clone, Copy, Debug, Default)]
pub struct BrokerBinV1;

impl EventSerializer for BrokerBinV1 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn encode(&self, event: &Event, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        encode::event(event, out)
    }

    fn decode(&self, bytes: &[u8]) -> Result<Event, DecodeError> {
        decode::event(bytes)
    }
}
