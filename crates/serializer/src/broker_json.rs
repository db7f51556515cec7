//! `broker-json-v1`: Broker's JSON, which WebSocket clients of Zeek speak.
//!
//! A value is `{"@data-type":…,"data":…}`; an event is the same message as in `broker-bin-v1`.
//! Reading takes members in any order, passes over members it does not know (`type` and `topic`
//! of a WebSocket message, say), and refuses a known one that is there twice.
//!
//! Written by hand, because Zeek writes strings with raw control bytes and bytes that are not
//! UTF-8, which no JSON library reads.
//!
//! What does not survive is what `broker-bin-v1` loses, and more: reals keep six decimals, and
//! times keep milliseconds. Infinite reals and NaN are refused, where Broker writes what is not
//! JSON.

pub(crate) mod decode;
pub(crate) mod encode;
mod text;
mod time;

use zeekwire_types::Event;

use crate::{DecodeError, EncodeError, EventSerializer};

/// The format's name.
pub const NAME: &str = "broker-json-v1";

/// The format.
#[derive(Clone, Copy, Debug, Default)]
pub struct BrokerJsonV1;

impl EventSerializer for BrokerJsonV1 {
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
