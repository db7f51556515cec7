//! Streams' definitions.

use capnp::{NotInSchema, text};
use zeekwire_schema::log_capnp as schema;
use zeekwire_types::log::{LogField, LogStream, LogType, StreamHash};

use super::fault::{DecodeError, Fault, fault, malformed};
use crate::columns::StreamError;

pub(super) fn write(mut to: schema::stream::Builder<'_>, stream: &LogStream, hash: StreamHash) {
    to.set_hash(hash.0);
    to.set_stream(&*stream.stream);
    to.set_writer(&*stream.writer);
    to.set_filter(&*stream.filter);
    to.set_path(&*stream.path);
    let count = u32::try_from(stream.fields.len()).unwrap_or(u32::MAX);
    let mut fields = to.init_fields(count);
    for (index, field) in (0..).zip(&stream.fields) {
        let mut to = fields.reborrow().get(index);
        to.set_name(&*field.name);
        if let Some(name) = &field.secondary_name {
            to.set_secondary_name(&**name);
        }
        to.set_type(type_of(field.kind));
        to.set_element(field.element.map_or(schema::Type::Void, type_of));
        to.set_optional(field.optional);
    }
}

/// Reads a definition and verifies its hash.
pub(super) fn read(
    from: schema::stream::Reader<'_>,
) -> Result<(LogStream, StreamHash), DecodeError> {
    let list = from.get_fields().map_err(malformed)?;
    // Each field in the list takes at least as many bytes as one here without its names.
    let mut fields = Vec::with_capacity(list.len() as usize);
    for (index, field) in list.iter().enumerate() {
        let field = read_field(field).map_err(|e| e.inside("fields", Some(index)))?;
        fields.push(field);
    }
    let stream = LogStream {
        stream: name(from.get_stream())?,
        writer: name(from.get_writer())?,
        filter: name(from.get_filter())?,
        path: name(from.get_path())?,
        fields,
    };
    StreamError::check(&stream).map_err(|error| fault(Fault::Stream(error)))?;
    let hash = stream.hash();
    if hash.0 != from.get_hash() {
        return Err(fault(Fault::Hash(hash)));
    }
    Ok((stream, hash))
}

fn read_field(from: schema::field::Reader<'_>) -> Result<LogField, DecodeError> {
    let secondary_name = match from.has_secondary_name() {
        true => Some(name(from.get_secondary_name())?),
        false => None,
    };
    let kind = kind_of(from.get_type())?;
    let kind = kind.ok_or_else(|| fault(Fault::FieldType(0)))?;
    Ok(LogField {
        name: name(from.get_name())?,
        secondary_name,
        kind,
        element: kind_of(from.get_element())?,
        optional: from.get_optional(),
    })
}

pub(super) fn name(text: capnp::Result<text::Reader<'_>>) -> Result<String, DecodeError> {
    let text = text.map_err(malformed)?.to_str();
    Ok(text.map_err(|_| fault(Fault::NotUtf8))?.to_owned())
}

/// The type; `None` for `void`.
fn kind_of(kind: Result<schema::Type, NotInSchema>) -> Result<Option<LogType>, DecodeError> {
    let number = match kind {
        Ok(schema::Type::Void) => return Ok(None),
        Ok(kind) => kind as u16,
        Err(NotInSchema(_)) => return Err(fault(Fault::Newer)),
    };
    let kind = u8::try_from(number).ok().and_then(LogType::from_number);
    kind.map(Some)
        .ok_or_else(|| fault(Fault::FieldType(number)))
}

const fn type_of(kind: LogType) -> schema::Type {
    match kind {
        LogType::Bool => schema::Type::Bool,
        LogType::Int => schema::Type::Int,
        LogType::Count => schema::Type::Count,
        LogType::Double => schema::Type::Double,
        LogType::Time => schema::Type::Time,
        LogType::Interval => schema::Type::Interval,
        LogType::String => schema::Type::String,
        LogType::Pattern => schema::Type::Pattern,
        LogType::Enum => schema::Type::Enum,
        LogType::Port => schema::Type::Port,
        LogType::Addr => schema::Type::Addr,
        LogType::Subnet => schema::Type::Subnet,
        LogType::Set => schema::Type::Set,
        LogType::Function => schema::Type::Func,
        LogType::File => schema::Type::File,
        LogType::Vector => schema::Type::Vector,
        _ => schema::Type::Void,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_zeeks_numbers_in_the_schema_too() {
        for kind in LogType::ALL {
            assert_eq!(type_of(kind) as u16, u16::from(kind.number()), "{kind}");
        }
    }
}
