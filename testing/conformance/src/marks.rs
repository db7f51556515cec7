//! What payloads say that the values of the Rust API do not keep: whether sets and tables are
//! ordered, and the names of records' types.
//!
//! In descriptions, an ordered set or table has a second member, `ordered`, which is true; a record
//! has a member `type`.

use serde_json::{Map, Value as Json, json};
use zeekwire_serializer::{EventView, StreamEncoder, ValueList, ValueRef, ValueView};
use zeekwire_types::Event;
use zeekwire_types::value::{Function, Opaque, Pattern, Record, Value};

/// The description without its marks.
#[must_use]
pub fn without(description: &Json) -> Json {
    match description {
        Json::Object(members) => {
            let is_mark = |name: &str, member: &Json| match name {
                "ordered" => *member == json!(true) && holds_any(members, ["set", "table"]),
                "type" => member.is_string() && holds_any(members, ["fields"]),
                _ => false,
            };
            let kept = members
                .iter()
                .filter(|(name, member)| !is_mark(name, member));
            let kept = kept.map(|(name, member)| (name.clone(), without(member)));
            Json::Object(kept.collect())
        }
        Json::Array(items) => items.iter().map(without).collect(),
        other => other.clone(),
    }
}

/// Adds the marks of a payload's event to its description.
pub fn add(event: &EventView<'_>, description: &mut Json) {
    add_all(event.args(), &mut description["args"]);
    for (i, fact) in event.metadata().enumerate() {
        if let Ok((_, value)) = fact {
            add_one(value, &mut description["metadata"][i]["value"]);
        }
    }
}

fn add_all(values: ValueList<'_>, descriptions: &mut Json) {
    for (i, value) in values.iter().enumerate() {
        add_one(value, &mut descriptions[i]);
    }
}

fn add_one(value: ValueView<'_>, description: &mut Json) {
    let Ok(read) = value.read() else {
        return;
    };
    if value.is_ordered() {
        description["ordered"] = json!(true);
    }
    match read {
        ValueRef::Set(elements) => add_all(elements, &mut description["set"]),
        ValueRef::Vector(elements) => add_all(elements, &mut description["vector"]),
        ValueRef::List(items) => add_all(items, &mut description["list"]),
        ValueRef::Table(keys, values) => {
            for (i, (key, value)) in keys.iter().zip(values.iter()).enumerate() {
                add_one(key, &mut description["table"][i][0]);
                add_one(value, &mut description["table"][i][1]);
            }
        }
        ValueRef::Record(record) => {
            let description = &mut description["record"];
            if !record.type_name().is_empty() {
                description["type"] = json!(record.type_name());
            }
            add_all(record.fields(), &mut description["fields"]);
        }
        ValueRef::Function(_, Some(captures)) => {
            add_all(captures, &mut description["function"]["captures"]);
        }
        ValueRef::Opaque(_, data) => add_one(data, &mut description["opaque"]["data"]),
        ValueRef::Any(inner) => add_one(inner, &mut description["any"]),
        _ => {}
    }
}

/// Puts an event with the marks of its description.
pub fn put(encoder: &mut StreamEncoder, event: &Event, description: &Json) {
    encoder.begin(&event.name, event.args.len(), event.metadata.len());
    put_all(encoder, &event.args, &description["args"]);
    for (i, fact) in event.metadata.iter().enumerate() {
        encoder.put_metadata(fact.id);
        put_one(encoder, &fact.value, &description["metadata"][i]["value"]);
    }
}

fn put_all(encoder: &mut StreamEncoder, values: &[Value], descriptions: &Json) {
    for (i, value) in values.iter().enumerate() {
        put_one(encoder, value, &descriptions[i]);
    }
}

fn put_one(encoder: &mut StreamEncoder, value: &Value, description: &Json) {
    match value {
        Value::Unset => encoder.put_unset(),
        Value::Bool(flag) => encoder.put_bool(*flag),
        Value::Count(number) => encoder.put_count(*number),
        Value::Int(number) => encoder.put_int(*number),
        Value::Double(number) => encoder.put_double(*number),
        Value::Time(seconds) => encoder.put_time(*seconds),
        Value::Interval(seconds) => encoder.put_interval(*seconds),
        Value::String(bytes) => encoder.put_string(bytes),
        Value::Pattern(Pattern { exact, anywhere }) => encoder.put_pattern(exact, anywhere),
        Value::Enum(name) => encoder.put_enum(name),
        Value::Port(port) => encoder.put_port(*port),
        Value::Addr(address) => encoder.put_addr(*address),
        Value::Subnet(subnet) => encoder.put_subnet(subnet),
        container => put_container(encoder, container, description),
    }
}

fn put_container(encoder: &mut StreamEncoder, value: &Value, description: &Json) {
    let is_ordered = description["ordered"] == json!(true);
    match value {
        Value::Set(elements) => {
            match is_ordered {
                true => encoder.put_ordered_set(elements.len()),
                false => encoder.put_set(elements.len()),
            }
            put_all(encoder, elements, &description["set"]);
        }
        Value::Vector(elements) => {
            encoder.put_vector(elements.len());
            put_all(encoder, elements, &description["vector"]);
        }
        Value::List(items) => {
            encoder.put_list(items.len());
            put_all(encoder, items, &description["list"]);
        }
        Value::Table(entries) => {
            match is_ordered {
                true => encoder.put_ordered_table(entries.len()),
                false => encoder.put_table(entries.len()),
            }
            for (i, (key, value)) in entries.iter().enumerate() {
                put_one(encoder, key, &description["table"][i][0]);
                put_one(encoder, value, &description["table"][i][1]);
            }
        }
        Value::Record(record) => put_record(encoder, record, &description["record"]),
        Value::Function(Function { name, captures }) => {
            encoder.put_function(name, captures.as_ref().map(Vec::len));
            let captures = captures.as_deref().unwrap_or_default();
            put_all(encoder, captures, &description["function"]["captures"]);
        }
        Value::Opaque(Opaque { type_id, data }) => {
            encoder.put_opaque(type_id);
            put_one(encoder, data, &description["opaque"]["data"]);
        }
        Value::Any(inner) => {
            encoder.put_any();
            put_one(encoder, inner, &description["any"]);
        }
        other => panic!("descriptions lack a kind: {other:?}"),
    }
}

fn put_record(encoder: &mut StreamEncoder, record: &Record, description: &Json) {
    let Record { fields, names } = record;
    match description["type"].as_str() {
        Some(name) => encoder.put_typed_record(name, fields.len(), !names.is_empty()),
        None => encoder.put_record(fields.len(), !names.is_empty()),
    }
    for (i, field) in fields.iter().enumerate() {
        if let Some(name) = names.get(i) {
            encoder.put_field_name(name);
        }
        put_one(encoder, field, &description["fields"][i]);
    }
}

fn holds_any<const COUNT: usize>(members: &Map<String, Json>, names: [&str; COUNT]) -> bool {
    names.iter().any(|name| members.contains_key(*name))
}
