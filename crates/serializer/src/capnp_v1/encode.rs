//! Events to `capnp-v1`.

use std::net::IpAddr;

use capnp::message::Builder;
use capnp::struct_list;
use zeekwire_buffer::scratch::Scratch;
use zeekwire_schema::event_capnp::event;
use zeekwire_schema::value_capnp as schema;
use zeekwire_types::limits::{PAYLOAD_BYTES_MAX, VALUE_DEPTH_MAX};
use zeekwire_types::value::{PortProtocol, Subnet};
use zeekwire_types::{Event, Metadata, Value};

use super::{NAME, WORD_BYTES};
use crate::{EncodeError, EncodeFault, Step};

/// Words of one value in a list.
const VALUE_WORDS: usize = 3;
/// Words of one entry of the metadata, and of the value it points to.
const METADATA_WORDS: usize = 2 + VALUE_WORDS;
/// Room for the segment table and an event's own struct and lists.
const FIXED_WORDS: usize = 64;

/// Writes events, reusing its memory.
///
/// ```
/// use zeekwire_serializer::{EventEncoder, EventMessage};
/// use zeekwire_types::args;
///
/// let mut encoder = EventEncoder::new();
/// let bytes = encoder.encode("Test::hello", &args![5_u64], &[])?;
/// let message = EventMessage::new(bytes)?;
/// let event = message.event()?;
/// assert_eq!(event.name(), "Test::hello");
/// assert_eq!(event.arg(0)?.as_count()?, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct EventEncoder {
    scratch: Scratch,
}

impl EventEncoder {
    /// An encoder with little memory, which grows with its events.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes of memory that this encoder holds.
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.scratch.held_bytes()
    }

    /// The event as a payload of `capnp-v1`: one segment, aligned to eight bytes, until the next
    /// call.
    ///
    /// # Errors
    /// [`EncodeError`] when values nest too deep, a record's names do not match its fields, or
    /// the payload would be too large.
    pub fn encode_event(&mut self, event: &Event) -> Result<&[u8], EncodeError> {
        self.encode(&event.name, &event.args, &event.metadata)
    }

    /// As [`EventEncoder::encode_event`], from the event's parts.
    ///
    /// # Errors
    /// As [`EventEncoder::encode_event`].
    pub fn encode(
        &mut self,
        name: &str,
        args: &[Value],
        metadata: &[Metadata],
    ) -> Result<&[u8], EncodeError> {
        // What does not fit one segment has taught the scratch its size: the second time it fits.
        if self.build(name, args, metadata)? > 1 {
            self.build(name, args, metadata)?;
        }
        self.scratch
            .message()
            .ok_or_else(|| fault(EncodeFault::TooLarge))
    }

    /// Builds the message in the scratch, and tells how many segments it took.
    fn build(
        &mut self,
        name: &str,
        args: &[Value],
        metadata: &[Metadata],
    ) -> Result<usize, EncodeError> {
        let mut builder = Builder::new(&mut self.scratch);
        let mut writer = Writer {
            words_left: PAYLOAD_BYTES_MAX / WORD_BYTES - FIXED_WORDS,
        };
        writer.event(builder.init_root(), name, args, metadata)?;
        Ok(builder.get_segments_for_output().len())
    }
}

type Values<'a> = struct_list::Builder<'a, schema::value::Owned>;

/// Fills builders, within a budget of words.
struct Writer {
    words_left: usize,
}

impl Writer {
    fn event(
        &mut self,
        mut event: event::Builder<'_>,
        name: &str,
        args: &[Value],
        metadata: &[Metadata],
    ) -> Result<(), EncodeError> {
        self.charge_bytes(name.len())?;
        event.set_name(name);
        let count = self.charge_values(args.len())?;
        self.values(
            event.reborrow().init_args(count),
            args,
            VALUE_DEPTH_MAX,
            Step::Arg,
        )?;
        if metadata.is_empty() {
            return Ok(());
        }
        self.charge(metadata.len().saturating_mul(METADATA_WORDS))?;
        let mut list = event.init_metadata(count_of(metadata.len())?);
        for (i, entry) in (0..).zip(metadata) {
            let mut slot = list.reborrow().get(i);
            slot.set_id(entry.id);
            self.value(slot.init_value(), &entry.value, VALUE_DEPTH_MAX)
                .map_err(|e| e.inside(Step::Metadata(i as usize)))?;
        }
        Ok(())
    }

    fn values(
        &mut self,
        mut list: Values<'_>,
        values: &[Value],
        levels: usize,
        step: fn(usize) -> Step,
    ) -> Result<(), EncodeError> {
        for (i, value) in (0..).zip(values) {
            self.value(list.reborrow().get(i), value, levels)
                .map_err(|e| e.inside(step(i as usize)))?;
        }
        Ok(())
    }

    /// One value, in which at most `levels` containers nest.
    #[inline]
    fn value(
        &mut self,
        mut slot: schema::value::Builder<'_>,
        value: &Value,
        levels: usize,
    ) -> Result<(), EncodeError> {
        match value {
            Value::Unset => slot.set_unset(()),
            Value::Bool(x) => slot.set_bool(*x),
            Value::Count(x) => slot.set_count(*x),
            Value::Int(x) => slot.set_int(*x),
            Value::Double(x) => slot.set_double(*x),
            Value::Time(x) => slot.set_time(*x),
            Value::Interval(x) => slot.set_interval(*x),
            Value::String(x) => {
                self.charge_bytes(x.len())?;
                slot.set_string(x);
            }
            Value::Enum(x) => {
                self.charge_bytes(x.len())?;
                slot.set_enum(x.as_str());
            }
            Value::Port(x) => {
                let mut port = slot.init_port();
                port.set_number(x.number);
                port.set_protocol(protocol(x.protocol));
            }
            Value::Addr(x) => {
                self.charge(2)?;
                match x.to_canonical() {
                    IpAddr::V4(v4) => slot.set_addr(&v4.octets()),
                    IpAddr::V6(v6) => slot.set_addr(&v6.octets()),
                }
            }
            Value::Subnet(x) => {
                self.charge(2)?;
                subnet(slot, x);
            }
            _ => return self.container(slot, value, levels),
        }
        Ok(())
    }

    fn container(
        &mut self,
        slot: schema::value::Builder<'_>,
        value: &Value,
        levels: usize,
    ) -> Result<(), EncodeError> {
        let levels = levels
            .checked_sub(1)
            .ok_or_else(|| fault(EncodeFault::TooDeep))?;
        match value {
            Value::Set(x) => {
                let count = self.charge_values(x.len())?;
                self.values(slot.init_set(count), x, levels, Step::Element)
            }
            Value::Vector(x) => {
                let count = self.charge_values(x.len())?;
                self.values(slot.init_vector(count), x, levels, Step::Element)
            }
            Value::List(x) => {
                let count = self.charge_values(x.len())?;
                self.values(slot.init_list(count), x, levels, Step::Element)
            }
            Value::Table(x) => self.table(slot.init_table(), x, levels),
            Value::Record(x) => self.record(slot.init_record(), x, levels),
            Value::Pattern(x) => {
                self.charge_bytes(x.exact.len())?;
                self.charge_bytes(x.anywhere.len())?;
                let mut pattern = slot.init_pattern();
                pattern.set_exact(&x.exact);
                pattern.set_anywhere(&x.anywhere);
                Ok(())
            }
            Value::Function(x) => {
                self.charge_bytes(x.name.len())?;
                let mut function = slot.init_function();
                function.set_name(x.name.as_str());
                let Some(captures) = &x.captures else {
                    return Ok(());
                };
                function.set_is_closure(true);
                let count = self.charge_values(captures.len())?;
                self.values(
                    function.init_captures(count),
                    captures,
                    levels,
                    Step::Capture,
                )
            }
            Value::Opaque(x) => {
                self.charge_bytes(x.type_id.len())?;
                self.charge(VALUE_WORDS)?;
                let mut opaque = slot.init_opaque();
                opaque.set_type_id(x.type_id.as_str());
                self.value(opaque.init_data(), &x.data, levels)
                    .map_err(|e| e.inside(Step::Data))
            }
            Value::Any(x) => {
                self.charge(VALUE_WORDS)?;
                self.value(slot.init_any(), x, levels)
                    .map_err(|e| e.inside(Step::Any))
            }
            _ => Err(fault(EncodeFault::UnknownType)),
        }
    }

    fn table(
        &mut self,
        mut table: schema::table::Builder<'_>,
        entries: &[(Value, Value)],
        levels: usize,
    ) -> Result<(), EncodeError> {
        let count = self.charge_values(entries.len())?;
        let mut keys = table.reborrow().init_keys(count);
        for (i, (key, _)) in (0..).zip(entries) {
            self.value(keys.reborrow().get(i), key, levels)
                .map_err(|e| e.inside(Step::Key(i as usize)))?;
        }
        let count = self.charge_values(entries.len())?;
        let mut values = table.init_values(count);
        for (i, (_, value)) in (0..).zip(entries) {
            self.value(values.reborrow().get(i), value, levels)
                .map_err(|e| e.inside(Step::Value(i as usize)))?;
        }
        Ok(())
    }

    fn record(
        &mut self,
        mut record: schema::record::Builder<'_>,
        source: &zeekwire_types::value::Record,
        levels: usize,
    ) -> Result<(), EncodeError> {
        let count = self.charge_values(source.fields.len())?;
        self.values(
            record.reborrow().init_fields(count),
            &source.fields,
            levels,
            Step::Field,
        )?;
        if source.names.is_empty() {
            return Ok(());
        }
        if source.names.len() != source.fields.len() {
            return Err(fault(EncodeFault::NameCount));
        }
        self.charge(source.names.len())?;
        let mut names = record.init_names(count);
        for (i, name) in (0..).zip(&source.names) {
            self.charge_bytes(name.len())?;
            names.set(i, name.as_str());
        }
        Ok(())
    }

    /// Takes a list of values out of the budget, and gives their number as the wire has it.
    fn charge_values(&mut self, count: usize) -> Result<u32, EncodeError> {
        self.charge(
            count
                .saturating_mul(VALUE_WORDS)
                .saturating_add(VALUE_WORDS),
        )?;
        count_of(count)
    }

    /// Takes bytes, and the NUL behind text, out of the budget.
    fn charge_bytes(&mut self, bytes: usize) -> Result<(), EncodeError> {
        self.charge(bytes / WORD_BYTES + 1)
    }

    fn charge(&mut self, words: usize) -> Result<(), EncodeError> {
        let left = self.words_left.checked_sub(words);
        self.words_left = left.ok_or_else(|| fault(EncodeFault::TooLarge))?;
        Ok(())
    }
}

fn subnet(slot: schema::value::Builder<'_>, subnet: &Subnet) {
    let mut group = slot.init_subnet();
    match subnet.address() {
        IpAddr::V4(v4) => group.set_address(&v4.octets()),
        IpAddr::V6(v6) => group.set_address(&v6.octets()),
    }
    group.set_length(subnet.length());
}

const fn protocol(protocol: PortProtocol) -> schema::PortProtocol {
    match protocol {
        PortProtocol::Unknown => schema::PortProtocol::Unknown,
        PortProtocol::Tcp => schema::PortProtocol::Tcp,
        PortProtocol::Udp => schema::PortProtocol::Udp,
        PortProtocol::Icmp => schema::PortProtocol::Icmp,
    }
}

fn count_of(count: usize) -> Result<u32, EncodeError> {
    u32::try_from(count).map_err(|_| fault(EncodeFault::TooLarge))
}

const fn fault(fault: EncodeFault) -> EncodeError {
    EncodeError::new(NAME, fault)
}
