//! Events as JSON that no implementation prefers: what `cases.json` holds.
//!
//! Every value is an object with one member, named after its kind. Numbers of 64 bits are decimal
//! text, doubles their bits as hexadecimal text, addresses their bytes as hexadecimal text, and
//! other bytes text in which what is not printable ASCII, and the percent sign, is `%XX`. So two
//! descriptions are the same when their JSON is.

use std::fmt::Write as _;
use std::net::IpAddr;

use serde_json::{Value as Json, json};
use zeekwire_types::value::{Function, Opaque, Pattern, Port, PortProtocol, Record, Subnet, Value};
use zeekwire_types::{Event, Metadata};

/// The kinds of values, by their names in descriptions and in `schema/value.capnp`.
pub const KINDS: [&str; 21] = [
    "unset", "bool", "count", "int", "double", "time", "interval", "string", "pattern", "enum",
    "port", "addr", "subnet", "set", "table", "record", "vector", "list", "function", "opaque",
    "any",
];

/// Describes an event.
#[must_use]
pub fn describe(event: &Event) -> Json {
    let fact =
        |fact: &Metadata| json!({"id": fact.id.to_string(), "value": describe_value(&fact.value)});
    json!({
        "name": event.name,
        "args": describe_all(&event.args),
        "metadata": event.metadata.iter().map(fact).collect::<Vec<_>>(),
    })
}

/// Describes a value.
///
/// # Panics
/// When the value is of a kind that came after this was written.
#[must_use]
pub fn describe_value(value: &Value) -> Json {
    match value {
        Value::Unset => json!({"unset": null}),
        Value::Bool(flag) => json!({"bool": flag}),
        Value::Count(number) => json!({"count": number.to_string()}),
        Value::Int(number) => json!({"int": number.to_string()}),
        Value::Double(number) => json!({"double": bits(*number)}),
        Value::Time(seconds) => json!({"time": bits(*seconds)}),
        Value::Interval(seconds) => json!({"interval": bits(*seconds)}),
        Value::String(bytes) => json!({"string": text(bytes)}),
        Value::Pattern(Pattern { exact, anywhere }) => {
            json!({"pattern": {"exact": text(exact), "anywhere": text(anywhere)}})
        }
        Value::Enum(name) => json!({"enum": name}),
        Value::Port(Port { number, protocol }) => {
            json!({"port": {"number": number, "protocol": protocol.to_string()}})
        }
        Value::Addr(address) => json!({"addr": hex(&octets(*address))}),
        Value::Subnet(subnet) => {
            let address = hex(&octets(subnet.address()));
            json!({"subnet": {"address": address, "length": subnet.length()}})
        }
        Value::Set(elements) => json!({"set": describe_all(elements)}),
        Value::Table(entries) => {
            let entry = |(key, value)| json!([describe_value(key), describe_value(value)]);
            let entries = entries.iter().map(|(key, value)| entry((key, value)));
            json!({"table": entries.collect::<Vec<_>>()})
        }
        Value::Record(Record { fields, names }) => {
            json!({"record": {"fields": describe_all(fields), "names": names}})
        }
        Value::Vector(elements) => json!({"vector": describe_all(elements)}),
        Value::List(items) => json!({"list": describe_all(items)}),
        Value::Function(Function { name, captures }) => {
            let captures = captures.as_deref().map(describe_all);
            json!({"function": {"name": name, "captures": captures}})
        }
        Value::Opaque(Opaque { type_id, data }) => {
            json!({"opaque": {"type_id": type_id, "data": describe_value(data)}})
        }
        Value::Any(inner) => json!({"any": describe_value(inner)}),
        other => panic!("descriptions lack a kind: {other:?}"),
    }
}

/// Builds the event that a description means; `None` when it is not one.
#[must_use]
pub fn event_of(description: &Json) -> Option<Event> {
    let fact = |fact: &Json| {
        Some(Metadata {
            id: number(&fact["id"])?,
            value: value_of(&fact["value"])?,
        })
    };
    Some(Event {
        name: owned(&description["name"])?,
        args: values_of(&description["args"])?,
        metadata: description["metadata"]
            .as_array()?
            .iter()
            .map(fact)
            .collect::<Option<_>>()?,
    })
}

/// Builds the value that a description means; `None` when it is not one.
#[must_use]
pub fn value_of(description: &Json) -> Option<Value> {
    let (kind, json) = description
        .as_object()
        .filter(|only| only.len() == 1)?
        .iter()
        .next()?;
    Some(match kind.as_str() {
        "unset" => json.is_null().then_some(Value::Unset)?,
        "bool" => Value::Bool(json.as_bool()?),
        "count" => Value::Count(number(json)?),
        "int" => Value::Int(json.as_str()?.parse().ok()?),
        "double" => Value::Double(double(json)?),
        "time" => Value::Time(double(json)?),
        "interval" => Value::Interval(double(json)?),
        "string" => Value::String(bytes(json)?),
        "pattern" => {
            let (exact, anywhere) = (bytes(&json["exact"])?, bytes(&json["anywhere"])?);
            Value::Pattern(Pattern { exact, anywhere })
        }
        "enum" => Value::Enum(owned(json)?),
        "port" => Value::Port(port_of(json)?),
        "addr" => Value::Addr(address_of(json)?),
        "subnet" => Value::Subnet(subnet_of(json)?),
        "set" => Value::Set(values_of(json)?),
        "table" => Value::Table(
            json.as_array()?
                .iter()
                .map(entry_of)
                .collect::<Option<_>>()?,
        ),
        "record" => {
            let names = json["names"]
                .as_array()?
                .iter()
                .map(owned)
                .collect::<Option<_>>()?;
            Value::Record(Record {
                fields: values_of(&json["fields"])?,
                names,
            })
        }
        "vector" => Value::Vector(values_of(json)?),
        "list" => Value::List(values_of(json)?),
        "function" => {
            let captures = match &json["captures"] {
                Json::Null => None,
                captures => Some(values_of(captures)?),
            };
            Value::Function(Function {
                name: owned(&json["name"])?,
                captures,
            })
        }
        "opaque" => {
            let data = Box::new(value_of(&json["data"])?);
            Value::Opaque(Opaque {
                type_id: owned(&json["type_id"])?,
                data,
            })
        }
        "any" => Value::Any(Box::new(value_of(json)?)),
        _ => return None,
    })
}

fn describe_all(values: &[Value]) -> Json {
    values.iter().map(describe_value).collect()
}

fn bits(number: f64) -> String {
    format!("{:016x}", number.to_bits())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, &byte| {
        if (0x20..0x7f).contains(&byte) && byte != b'%' {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

fn values_of(json: &Json) -> Option<Vec<Value>> {
    json.as_array()?.iter().map(value_of).collect()
}

fn entry_of(json: &Json) -> Option<(Value, Value)> {
    let [key, value] = &json.as_array()?[..] else {
        return None;
    };
    Some((value_of(key)?, value_of(value)?))
}

fn port_of(json: &Json) -> Option<Port> {
    let protocol = json["protocol"].as_str()?;
    let protocol = (0..=3)
        .filter_map(PortProtocol::from_number)
        .find(|p| p.to_string() == protocol)?;
    Some(Port::new(
        u16::try_from(json["number"].as_u64()?).ok()?,
        protocol,
    ))
}

fn address_of(json: &Json) -> Option<IpAddr> {
    let octets = unhex(json)?;
    let v4 = <[u8; 4]>::try_from(&octets[..]).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(&octets[..]).map(IpAddr::from))
        .ok()
}

/// Host bits and the family stay as described, so this does not use `Subnet::new`.
fn subnet_of(json: &Json) -> Option<Subnet> {
    let length = u8::try_from(json["length"].as_u64()?).ok()?;
    let (address, length) = match address_of(&json["address"])? {
        IpAddr::V4(_) if length > 32 => return None,
        IpAddr::V4(v4) => (v4.to_ipv6_mapped(), length + 96),
        IpAddr::V6(v6) => (v6, length),
    };
    Subnet::from_raw(address.octets(), length).ok()
}

fn owned(json: &Json) -> Option<String> {
    json.as_str().map(str::to_owned)
}

fn number(json: &Json) -> Option<u64> {
    json.as_str()?.parse().ok()
}

fn double(json: &Json) -> Option<f64> {
    u64::from_str_radix(json.as_str()?, 16)
        .ok()
        .map(f64::from_bits)
}

fn unhex(json: &Json) -> Option<Vec<u8>> {
    let hex = json.as_str().filter(|hex| hex.is_ascii())?;
    let pairs = (0..hex.len()).step_by(2).map(|at| hex.get(at..at + 2));
    pairs
        .map(|pair| u8::from_str_radix(pair?, 16).ok())
        .collect()
}

fn bytes(json: &Json) -> Option<Vec<u8>> {
    let text = json.as_str().filter(|text| text.is_ascii())?;
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_description_is_refused() {
        for text in [
            r#"{}"#,
            r#"{"count": 1}"#,
            r#"{"count": "-1"}"#,
            r#"{"count": "1", "int": "1"}"#,
            r#"{"colour": "red"}"#,
            r#"{"unset": 0}"#,
            r#"{"addr": "0a0000"}"#,
            r#"{"subnet": {"address": "0a000000", "length": 33}}"#,
            r#"{"string": "%4"}"#,
            r#"{"port": {"number": 65536, "protocol": "tcp"}}"#,
            r#"{"port": {"number": 1, "protocol": "sctp"}}"#,
            r#"{"table": [[{"unset": null}]]}"#,
        ] {
            let description = serde_json::from_str(text).expect("the test's own JSON");
            assert!(value_of(&description).is_none(), "of {text}");
        }
    }
}
