//! The events that format figures encode and decode, and the bare code that stands beside ours.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use capnp::message::{Builder, ReaderOptions, ScratchSpaceHeapAllocator};
use capnp::serialize;
use zeekwire_schema::event_capnp::event;
use zeekwire_schema::value_capnp::{PortProtocol as WireProtocol, value};
use zeekwire_serializer::{EventEncoder, EventMessage, ValueRef};
use zeekwire_types::value::{Port, PortProtocol};
use zeekwire_types::{Event, Value};

use crate::failure::{Failure, Result};

/// An event of five arguments, as a sensor sends by the thousand: when, who, to which port, how
/// much, and in which words.
pub(crate) fn five_arguments() -> Event {
    Event::new(
        NAME,
        [
            Value::Time(TIME),
            Value::Addr(IpAddr::V4(ADDRESS)),
            Value::Port(Port {
                number: PORT,
                protocol: PortProtocol::Tcp,
            }),
            Value::Count(COUNT),
            Value::String(TEXT.to_vec()),
        ],
    )
}

/// An event with a record of many fields, as those about connections are.
pub(crate) fn connection() -> Event {
    let address = |last| Value::Addr(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)));
    let port = |number| {
        Value::Port(Port {
            number,
            protocol: PortProtocol::Tcp,
        })
    };
    let id = Value::record([
        ("orig_h", address(17)),
        ("orig_p", port(49_152)),
        ("resp_h", address(42)),
        ("resp_p", port(443)),
    ]);
    let services = ["http", "ssl"].map(|name| Value::String(name.into()));
    let connection = Value::record([
        ("id", id),
        ("start_time", Value::Time(TIME)),
        ("duration", Value::Interval(12.75)),
        ("service", Value::Set(services.into())),
        ("uid", Value::String(b"CHhAvVGS1DHFjwGM9".to_vec())),
        ("history", Value::String(b"ShADadFf".to_vec())),
        ("orig_bytes", Value::Count(1_240)),
        ("resp_bytes", Value::Count(73_512)),
        ("missed", Value::Unset),
    ]);
    Event::new(
        "Bench::connection_ended",
        [connection, Value::Bool(true), Value::Count(COUNT)],
    )
}

/// Encodes `event` and visits every argument in place, with our encoder and views.
pub(crate) fn visit_ours(encoder: &mut EventEncoder, event: &Event) -> Result<u64> {
    let bytes = encoder
        .encode(&event.name, &event.args, &[])
        .map_err(|error| Failure::new(error.to_string()))?;
    visit_encoded(bytes)
}

/// Visits every argument of an encoded event with our views.
pub(crate) fn visit_encoded(bytes: &[u8]) -> Result<u64> {
    let failure = |error: zeekwire_serializer::DecodeError| Failure::new(error.to_string());
    let message = EventMessage::new(black_box(bytes)).map_err(failure)?;
    let event = message.event().map_err(failure)?;
    let mut sum = length(event.name().len());
    for argument in event.args().iter() {
        sum = sum.wrapping_add(match argument.read().map_err(failure)? {
            ValueRef::Time(time) => time.to_bits(),
            ValueRef::Addr(IpAddr::V4(address)) => u64::from(address.to_bits()),
            ValueRef::Port(port) => u64::from(port.number),
            ValueRef::Count(count) => count,
            ValueRef::String(text) => length(text.len()),
            _ => return Err(Failure::new("an argument changed its type")),
        });
    }
    Ok(sum)
}

/// The same with nothing but generated code: written straight into a buffer that is used again,
/// and read from there.
pub(crate) fn visit_bare(scratch: &mut [u8], output: &mut Vec<u8>) -> capnp::Result<u64> {
    encode_bare(scratch, output)?;
    let mut bytes = black_box(output.as_slice());
    let options = ReaderOptions::new();
    let message = serialize::read_message_from_flat_slice_no_alloc(&mut bytes, options)?;
    let event: event::Reader<'_> = message.get_root()?;
    let mut sum = length(event.get_name()?.to_str()?.len());
    for argument in event.get_args()? {
        sum = sum.wrapping_add(match argument.which()? {
            value::Time(time) => time.to_bits(),
            value::Addr(address) => {
                let octets = <[u8; 4]>::try_from(address?)
                    .map_err(|_| capnp::Error::failed("not an IPv4 address".into()))?;
                u64::from(Ipv4Addr::from(octets).to_bits())
            }
            value::Port(port) => {
                black_box(port.get_protocol()?);
                u64::from(port.get_number())
            }
            value::Count(count) => count,
            value::String(text) => length(text?.len()),
            _ => return Err(capnp::Error::failed("an argument changed its type".into())),
        });
    }
    Ok(sum)
}

fn encode_bare(scratch: &mut [u8], output: &mut Vec<u8>) -> capnp::Result<()> {
    let mut builder = Builder::new(ScratchSpaceHeapAllocator::new(scratch));
    let mut event: event::Builder<'_> = builder.init_root();
    event.set_name(black_box(NAME));
    let mut arguments = event.init_args(5);
    arguments.reborrow().get(0).set_time(black_box(TIME));
    arguments
        .reborrow()
        .get(1)
        .set_addr(&black_box(ADDRESS).octets());
    let mut port = arguments.reborrow().get(2).init_port();
    port.set_number(black_box(PORT));
    port.set_protocol(black_box(WireProtocol::Tcp));
    arguments.reborrow().get(3).set_count(black_box(COUNT));
    arguments.get(4).set_string(black_box(TEXT));
    output.clear();
    serialize::write_message(output, &builder)
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

const NAME: &str = "Bench::transfer_seen";
const TIME: f64 = 1_700_000_000.25;
const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 17);
const PORT: u16 = 8080;
const COUNT: u64 = 1_048_576;
const TEXT: &[u8] = b"GET /download/archive.tar.gz";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_code_writes_the_same_bytes_and_sees_the_same_arguments() {
        let mut encoder = EventEncoder::new();
        let event = five_arguments();
        let ours = visit_ours(&mut encoder, &event).unwrap();
        let mut output = Vec::new();
        let bare = visit_bare(&mut [0; 1024], &mut output).unwrap();
        assert_eq!(ours, bare);
        assert_eq!(encoder.encode_event(&event).unwrap(), output);
    }
}
