//! Values that C built, on their way into an event's payload.

use zeekwire::Metadata;
use zeekwire::value::{Port, PortProtocol, Subnet};
use zeekwire_serializer::StreamEncoder;

use super::tokens::{Run, Token, unmapped};
use super::zw_values;
use crate::codec::encode_failure;
use crate::failure::{Failure, Outcome};
use crate::value_view::zw_type;

/// The payload of an event with these arguments; `time`, if there is one, goes into the metadata
/// as the network time at the origin.
pub(crate) fn encode_values_event<'e>(
    name: &str,
    time: Option<f64>,
    values: Option<&zw_values>,
    encoder: &'e mut StreamEncoder,
) -> Outcome<&'e [u8]> {
    let args = values.map(zw_values::complete).transpose()?;
    encoder.begin(
        name,
        args.map_or(0, |run| run.len()),
        usize::from(time.is_some()),
    );
    if let (Some(values), Some(args)) = (values, args) {
        values.emit(args, encoder);
    }
    if let Some(time) = time {
        encoder.put_metadata(Metadata::NETWORK_TIMESTAMP);
        encoder.put_time(time);
    }
    encoder.finish().map_err(|e| encode_failure(&e))
}

impl zw_values {
    /// The values, if all calls went well and no container is open.
    fn complete(&self) -> Outcome<Run> {
        if let Some(result) = self.fault.result() {
            return Err(Failure::new(result, self.fault.text().to_string_lossy()));
        }
        let top = self.tokens.top();
        top.map_err(|fault| Failure::new(fault.result(), fault.to_string()))
    }

    /// Puts the values of a run. Containers nest no deeper than `VALUE_DEPTH_MAX`, and so does
    /// this.
    fn emit(&self, run: Run, encoder: &mut StreamEncoder) {
        for token in self.tokens.tokens(run) {
            self.emit_token(token, encoder);
        }
    }

    fn emit_token(&self, token: &Token, encoder: &mut StreamEncoder) {
        let bytes = || self.tokens.bytes(token.word, token.len);
        let len = token.len as usize;
        match token.r#type {
            zw_type::ZW_UNSET => encoder.put_unset(),
            zw_type::ZW_BOOL => encoder.put_bool(token.flag != 0),
            zw_type::ZW_COUNT => encoder.put_count(token.word),
            zw_type::ZW_INT => encoder.put_int(token.word.cast_signed()),
            zw_type::ZW_DOUBLE => encoder.put_double(token.real()),
            zw_type::ZW_TIME => encoder.put_time(token.real()),
            zw_type::ZW_INTERVAL => encoder.put_interval(token.real()),
            zw_type::ZW_STRING => encoder.put_string(bytes()),
            zw_type::ZW_PATTERN => {
                let (exact, anywhere) = self.expressions(token);
                encoder.put_pattern(exact, anywhere);
            }
            zw_type::ZW_ENUM => encoder.put_enum(text(bytes())),
            zw_type::ZW_PORT => encoder.put_port(Port {
                number: token.small,
                protocol: PortProtocol::from_number(token.flag).unwrap_or_default(),
            }),
            zw_type::ZW_ADDR => encoder.put_addr(unmapped(bytes())),
            zw_type::ZW_SUBNET => encoder.put_subnet(&subnet(token, bytes())),
            zw_type::ZW_SET => self.emit_list(
                token,
                encoder,
                match token.flag {
                    0 => StreamEncoder::put_set,
                    _ => StreamEncoder::put_ordered_set,
                },
            ),
            zw_type::ZW_VECTOR => self.emit_list(token, encoder, StreamEncoder::put_vector),
            zw_type::ZW_LIST => self.emit_list(token, encoder, StreamEncoder::put_list),
            zw_type::ZW_ANY => self.emit_list(token, encoder, |encoder, _| encoder.put_any()),
            zw_type::ZW_TABLE => {
                match token.flag {
                    0 => encoder.put_table(len),
                    _ => encoder.put_ordered_table(len),
                }
                let keys = self.tokens.tokens(token.run(0, token.len));
                let values = self.tokens.tokens(token.run(token.len, token.len));
                for (key, value) in keys.iter().zip(values) {
                    self.emit_token(key, encoder);
                    self.emit_token(value, encoder);
                }
            }
            zw_type::ZW_RECORD => self.emit_record(token, encoder),
            zw_type::ZW_FUNCTION => {
                let captures = (token.flag != 0).then_some(len);
                encoder.put_function(text(self.name(token)), captures);
                self.emit(token.run(1, token.len), encoder);
            }
            zw_type::ZW_OPAQUE => {
                encoder.put_opaque(text(self.name(token)));
                self.emit(token.run(1, 1), encoder);
            }
        }
    }

    fn emit_list(
        &self,
        token: &Token,
        encoder: &mut StreamEncoder,
        begin: fn(&mut StreamEncoder, usize),
    ) {
        begin(encoder, token.len as usize);
        self.emit(token.run(0, token.len), encoder);
    }

    fn emit_record(&self, token: &Token, encoder: &mut StreamEncoder) {
        let has_names = token.flag != 0;
        encoder.put_record(token.len as usize, has_names);
        if !has_names {
            return self.emit(token.run(0, token.len), encoder);
        }
        let fields = self.tokens.tokens(token.run(0, token.len));
        let names = self.tokens.tokens(token.run(token.len, token.len));
        for (field, name) in fields.iter().zip(names) {
            encoder.put_field_name(text(self.tokens.bytes(name.word, name.len)));
            self.emit_token(field, encoder);
        }
    }
}

/// The subnet that a token and its bytes are.
pub(super) fn subnet(token: &Token, bytes: &[u8]) -> Subnet {
    let octets = <[u8; 16]>::try_from(bytes).unwrap_or_default();
    let length = u8::try_from(token.small).unwrap_or_default();
    Subnet::from_raw(octets, length).expect("the length was checked when the subnet was added")
}

/// Names were checked when they were added.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}
