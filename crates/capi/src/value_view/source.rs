//! Where a list's values are, and looking at them.

use std::mem::MaybeUninit;

use zeekwire::limits::VALUE_DEPTH_MAX;
use zeekwire::{DecodeError, EventMessage};
use zeekwire_serializer::{Fault, FieldNames, ValueList, ValueRef, ValueView, ValueVisitor};

use super::making::{
    Room, write, write_addr, write_function, write_opaque, write_pattern, write_port, write_record,
    write_set, write_string, write_table, write_unset,
};
use super::{LIST_WORDS, zw_list, zw_type, zw_value};
use crate::codec::decoder::{report, zw_decoder};
use crate::values::{Run, zw_values};
use crate::zw_result;

/// Where the values of a list are. The first byte tells; zero is the empty list, so that a list of
/// zeros is one.
///
/// References are stretched to `'static`, as C knows no lifetimes: the contract of [`zw_list`]
/// says how long they are good for.
#[repr(u8)]
#[derive(Clone, Copy)]
pub(crate) enum Source {
    /// Nowhere: there are none.
    Empty = 0,
    /// A run in a payload, in whose values at most `levels` containers nest.
    Payload {
        levels: u8,
        decoder: *const zw_decoder,
        list: ValueList<'static>,
    },
    /// A single value in a payload.
    One {
        levels: u8,
        decoder: *const zw_decoder,
        value: ValueView<'static>,
    },
    /// The names of a record's fields in a payload.
    Names {
        decoder: *const zw_decoder,
        names: FieldNames<'static>,
    },
    /// A run in a `zw_values`.
    Built { run: Run, values: *const zw_values },
}

impl zw_list {
    pub(crate) fn new(source: Source, count: usize) -> Self {
        let mut opaque = [MaybeUninit::uninit(); LIST_WORDS];
        // SAFETY: size and alignment were compared above.
        unsafe { opaque.as_mut_ptr().cast::<Source>().write(source) };
        Self { opaque, count }
    }

    /// No values.
    pub(crate) fn empty() -> Self {
        Self::new(Source::Empty, 0)
    }

    /// The values of a payload. It must outlive the list, which the compiler no longer knows.
    pub(crate) fn of_payload(list: ValueList<'_>, levels: u8, decoder: *const zw_decoder) -> Self {
        // SAFETY: only the lifetime changes; whoever takes a list vouches for it.
        let list = unsafe { std::mem::transmute::<ValueList<'_>, ValueList<'static>>(list) };
        let source = Source::Payload {
            levels,
            decoder,
            list,
        };
        Self::new(source, list.len())
    }

    fn of_value(value: ValueView<'_>, levels: u8, decoder: *const zw_decoder) -> Self {
        // SAFETY: as in `of_payload`.
        let value = unsafe { std::mem::transmute::<ValueView<'_>, ValueView<'static>>(value) };
        let source = Source::One {
            levels,
            decoder,
            value,
        };
        Self::new(source, 1)
    }

    fn of_names(names: FieldNames<'_>, decoder: *const zw_decoder) -> Self {
        // SAFETY: as in `of_payload`.
        let names = unsafe { std::mem::transmute::<FieldNames<'_>, FieldNames<'static>>(names) };
        Self::new(Source::Names { decoder, names }, names.len())
    }

    #[inline]
    pub(super) fn source(&self) -> &Source {
        // SAFETY: lists are made by `new`, or are zeros, which are `Source::Empty`.
        unsafe { &*self.opaque.as_ptr().cast::<Source>() }
    }

    /// Writes the value at `index`, and says what `zw_list_get` is to say.
    #[inline(always)]
    pub(super) fn show(&self, index: usize, out: &mut Room) -> zw_result {
        let source = self.source();
        if let Source::Payload { list, .. } = source
            && let Some(view) = list.get(index)
            && let Some(()) = view.visit_plain(Plain(&mut *out))
        {
            return zw_result::ZW_OK;
        }
        source.show(index, out)
    }
}

impl Source {
    /// As [`zw_list::show`], in general.
    #[inline(never)]
    pub(super) fn show(&self, index: usize, out: &mut Room) -> zw_result {
        match self {
            Self::Empty => zw_result::ZW_END,
            Self::Payload {
                levels,
                decoder,
                list,
            } => match list.get(index) {
                Some(view) => look(view, *levels, *decoder, index, out),
                None => zw_result::ZW_END,
            },
            Self::One {
                levels,
                decoder,
                value,
            } => match index {
                0 => look(*value, *levels, *decoder, index, out),
                _ => zw_result::ZW_END,
            },
            Self::Names { decoder, names } => match names.get(index) {
                Ok(Some(name)) => {
                    write_string(out, zw_type::ZW_STRING, name.as_bytes());
                    zw_result::ZW_OK
                }
                Ok(None) => zw_result::ZW_END,
                Err(error) => damaged(*decoder, index, &error),
            },
            // SAFETY: the contract of `zw_list`: the values are still there.
            Self::Built { run, values } => unsafe { &**values }.show(*values, *run, index, out),
        }
    }
}

/// The arguments of an event, and its name. The message must outlive the list and stay where it
/// is, which the compiler no longer knows.
pub(crate) fn list_of_event<'m>(
    message: &'m EventMessage<'_>,
) -> Result<(&'m str, zw_list), DecodeError> {
    let event = message.event()?;
    let args = zw_list::of_payload(event.args(), LEVELS_MAX, std::ptr::null());
    Ok((event.name(), args))
}

/// The view of one value, in which at most `levels` containers nest.
pub(crate) fn looked_at(
    view: ValueView<'_>,
    levels: u8,
    decoder: *const zw_decoder,
    index: usize,
) -> Result<zw_value, zw_result> {
    let mut out = Room::uninit();
    match look(view, levels, decoder, index, &mut out) {
        // SAFETY: the type and the member that it means were written; unions may hold the rest
        // as it is.
        zw_result::ZW_OK => Ok(unsafe { out.assume_init() }),
        result => Err(result),
    }
}

/// As [`looked_at`], to where the value is wanted.
fn look(
    view: ValueView<'_>,
    levels: u8,
    decoder: *const zw_decoder,
    index: usize,
    out: &mut Room,
) -> zw_result {
    let value = match view.read() {
        Ok(value) => value,
        Err(error) => return damaged(decoder, index, &error),
    };
    let Some(container) = write_plain(value, out) else {
        return zw_result::ZW_OK;
    };
    let Some(levels) = levels.checked_sub(1) else {
        return report(decoder, index, Fault::TooDeep);
    };
    match look_inside(&container, view.is_ordered(), levels, decoder, out) {
        true => zw_result::ZW_OK,
        false => report(decoder, index, Fault::Newer),
    }
}

/// Writes a value of a simple type.
struct Plain<'a>(&'a mut Room);

impl<'m> ValueVisitor<'m> for Plain<'_> {
    type Output = ();

    #[inline(always)]
    fn visit(self, value: ValueRef<'m>) {
        let _none_are_containers = write_plain(value, self.0);
    }
}

/// Writes a value, unless it may hold others.
#[inline(always)]
fn write_plain<'m>(value: ValueRef<'m>, out: &mut Room) -> Option<ValueRef<'m>> {
    match value {
        ValueRef::Unset => write_unset(out),
        ValueRef::Bool(x) => write(out, zw_type::ZW_BOOL, x),
        ValueRef::Count(x) => write(out, zw_type::ZW_COUNT, x),
        ValueRef::Int(x) => write(out, zw_type::ZW_INT, x),
        ValueRef::Double(x) => write(out, zw_type::ZW_DOUBLE, x),
        ValueRef::Time(x) => write(out, zw_type::ZW_TIME, x),
        ValueRef::Interval(x) => write(out, zw_type::ZW_INTERVAL, x),
        ValueRef::String(x) => write_string(out, zw_type::ZW_STRING, x),
        ValueRef::Enum(x) => write_string(out, zw_type::ZW_ENUM, x.as_bytes()),
        ValueRef::Port(x) => write_port(out, x.number, x.protocol as u8),
        ValueRef::Addr(x) => write_addr(out, zw_type::ZW_ADDR, x, 0),
        ValueRef::Subnet(x) => write_addr(out, zw_type::ZW_SUBNET, x.address(), x.length()),
        container => return Some(container),
    }
    None
}

/// Writes a value that may hold others; false for what this library does not know.
#[inline(never)]
fn look_inside(
    value: &ValueRef<'_>,
    is_ordered: bool,
    levels: u8,
    decoder: *const zw_decoder,
    out: &mut Room,
) -> bool {
    let list = |x| zw_list::of_payload(x, levels, decoder);
    match *value {
        ValueRef::Set(x) => write_set(out, list(x), is_ordered),
        ValueRef::Vector(x) => write(out, zw_type::ZW_VECTOR, list(x)),
        ValueRef::List(x) => write(out, zw_type::ZW_LIST, list(x)),
        ValueRef::Table(keys, values) => {
            write_table(out, list(keys), list(values), is_ordered);
        }
        ValueRef::Record(x) => {
            let names = zw_list::of_names(x.names(), decoder);
            write_record(out, list(x.fields()), names, x.type_name());
        }
        ValueRef::Pattern(exact, anywhere) => write_pattern(out, exact, anywhere),
        ValueRef::Function(name, captures) => {
            let is_closure = captures.is_some();
            let captures = captures.map_or_else(zw_list::empty, list);
            write_function(out, name.as_bytes(), is_closure, captures);
        }
        ValueRef::Opaque(type_id, data) => {
            let data = zw_list::of_value(data, levels, decoder);
            write_opaque(out, type_id.as_bytes(), data);
        }
        ValueRef::Any(x) => {
            let inside = zw_list::of_value(x, levels, decoder);
            write(out, zw_type::ZW_ANY, inside);
        }
        _ => return false,
    }
    true
}

#[cold]
fn damaged(decoder: *const zw_decoder, index: usize, error: &DecodeError) -> zw_result {
    report(decoder, index, error.fault())
}

/// Containers that nest in a payload's outermost values.
#[expect(clippy::cast_possible_truncation, reason = "the limit is 32")]
pub(crate) const LEVELS_MAX: u8 = VALUE_DEPTH_MAX as u8;
