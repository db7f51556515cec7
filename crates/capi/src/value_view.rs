//! Lists of values and single values, looked at from C: in a payload that was received, or in a
//! `zw_values`.
//!
//! A [`zw_list`] is a copyable view: it borrows from what it was taken of, allocates nothing, and
//! needs no freeing. It holds the reader of a payload as words that C carries about and never
//! looks into.

mod making;
mod source;

use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;

use crate::boundary::guarded;
use crate::failure::put;
use crate::zw_result;

pub(crate) use making::{
    Room, write, write_addr, write_function, write_opaque, write_pattern, write_port, write_record,
    write_set, write_string, write_table, write_unset,
};
pub(crate) use source::{LEVELS_MAX, Source, list_of_event, looked_at};

/// The type of a value. Numbers never change; a newer library may have more of them.
#[repr(i32)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum zw_type {
    /// Nothing: an unset record field, or a hole in a vector.
    ZW_UNSET = 0,
    /// `as.b`
    ZW_BOOL = 1,
    /// `as.count`
    ZW_COUNT = 2,
    /// `as.integer`
    ZW_INT = 3,
    /// `as.real`
    ZW_DOUBLE = 4,
    /// `as.real`: seconds since the Unix epoch.
    ZW_TIME = 5,
    /// `as.real`: seconds.
    ZW_INTERVAL = 6,
    /// `as.string`: any bytes.
    ZW_STRING = 7,
    /// `as.pattern`
    ZW_PATTERN = 8,
    /// `as.string`: the fully qualified name, UTF-8.
    ZW_ENUM = 9,
    /// `as.port`
    ZW_PORT = 10,
    /// `as.addr`
    ZW_ADDR = 11,
    /// `as.addr`, with the length of the prefix.
    ZW_SUBNET = 12,
    /// `as.list`: the elements. Whether one is there twice was not checked.
    ZW_SET = 13,
    /// `as.table`. Whether a key is there twice was not checked.
    ZW_TABLE = 14,
    /// `as.record`
    ZW_RECORD = 15,
    /// `as.list`: the elements; holes are unset.
    ZW_VECTOR = 16,
    /// `as.list`: the parts of a composite index.
    ZW_LIST = 17,
    /// `as.function`
    ZW_FUNCTION = 18,
    /// `as.opaque`
    ZW_OPAQUE = 19,
    /// `as.list`: one value, whose declared type is any.
    ZW_ANY = 20,
}

impl zw_type {
    /// All of them, with their names: the place is the number.
    const ALL: [(Self, &'static CStr); 21] = [
        (Self::ZW_UNSET, c"unset"),
        (Self::ZW_BOOL, c"bool"),
        (Self::ZW_COUNT, c"count"),
        (Self::ZW_INT, c"int"),
        (Self::ZW_DOUBLE, c"double"),
        (Self::ZW_TIME, c"time"),
        (Self::ZW_INTERVAL, c"interval"),
        (Self::ZW_STRING, c"string"),
        (Self::ZW_PATTERN, c"pattern"),
        (Self::ZW_ENUM, c"enum"),
        (Self::ZW_PORT, c"port"),
        (Self::ZW_ADDR, c"addr"),
        (Self::ZW_SUBNET, c"subnet"),
        (Self::ZW_SET, c"set"),
        (Self::ZW_TABLE, c"table"),
        (Self::ZW_RECORD, c"record"),
        (Self::ZW_VECTOR, c"vector"),
        (Self::ZW_LIST, c"list"),
        (Self::ZW_FUNCTION, c"function"),
        (Self::ZW_OPAQUE, c"opaque"),
        (Self::ZW_ANY, c"any"),
    ];

    /// The type that C means, if the number is one.
    pub(crate) fn from_c(r#type: MaybeUninit<Self>) -> Option<Self> {
        // SAFETY: any bits are an i32, which is what C passes; it may be a number of no type.
        let number: i32 = unsafe { std::mem::transmute(r#type) };
        let place = usize::try_from(number).ok()?;
        Self::ALL.get(place).map(|(r#type, _)| *r#type)
    }

    fn name(self) -> &'static CStr {
        Self::ALL[self as usize].1
    }
}

/// Values one after the other. Copy it freely: it borrows what it was taken from, and is valid as
/// long as that is: a payload and its decoder, a message, or a `zw_values` that was not changed
/// since. All zeros are an empty list.
///
/// Any one thread at a time per decoder, message or `zw_values` that it was taken from.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zw_list {
    /// Not for you.
    opaque: [MaybeUninit<u64>; 5],
    /// How many values there are.
    pub count: usize,
}

/// Words that hold a [`Source`]: as many as the field has, in which the header needs a number.
const LIST_WORDS: usize = 5;

const _: () = assert!(size_of::<Source>() <= LIST_WORDS * 8);
const _: () = assert!(align_of::<Source>() <= align_of::<zw_list>());

/// A value, looked at. Everything in it borrows from the list that it was taken from.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zw_value {
    /// Which member of `as` is there.
    pub r#type: zw_type,
    /// Of a set or table: whether the order of its elements means something.
    pub ordered: bool,
    /// The value.
    pub r#as: zw_value_data,
}

/// What a value holds, by its type.
#[repr(C)]
#[derive(Clone, Copy)]
pub union zw_value_data {
    /// Of a bool.
    pub b: bool,
    /// Of a count.
    pub count: u64,
    /// Of an int.
    pub integer: i64,
    /// Of a double, a time or an interval.
    pub real: f64,
    /// Of a string or an enum.
    pub string: zw_string_view,
    /// Of a pattern.
    pub pattern: zw_pattern_view,
    /// Of a port.
    pub port: zw_port_view,
    /// Of an addr or a subnet.
    pub addr: zw_addr_view,
    /// Of a set, a vector, a list or an any.
    pub list: zw_list,
    /// Of a table.
    pub table: zw_table_view,
    /// Of a record.
    pub record: zw_record_view,
    /// Of a function.
    pub function: zw_function_view,
    /// Of an opaque value.
    pub opaque: zw_opaque_view,
}

/// Bytes, without a NUL that one could rely on.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zw_string_view {
    /// The first byte; never NULL.
    pub p: *const c_char,
    /// How many there are.
    pub n: usize,
}

/// The two expressions of a pattern.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zw_pattern_view {
    /// Matches a whole string.
    pub exact: *const c_char,
    /// Its bytes.
    pub exact_n: usize,
    /// Matches anywhere in a string.
    pub anywhere: *const c_char,
    /// Its bytes.
    pub anywhere_n: usize,
}

/// A port.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zw_port_view {
    /// Its number.
    pub number: u16,
    /// 0 unknown, 1 tcp, 2 udp, 3 icmp.
    pub protocol: u8,
}

/// An address, or a subnet.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zw_addr_view {
    /// In network order.
    pub bytes: [u8; 16],
    /// How many of the bytes count: 4 or 16.
    pub width: u8,
    /// Of a subnet: bits of the prefix, at most 32 or 128.
    pub length: u8,
}

/// The entries of a table: the value at an index belongs to the key at that index.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zw_table_view {
    /// The keys. A composite key is a list.
    pub keys: zw_list,
    /// The values, as many as keys.
    pub values: zw_list,
}

/// The fields of a record, in the order of its declaration.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zw_record_view {
    /// Their values.
    pub fields: zw_list,
    /// Their names, as strings; as many as fields, or none where they were left out.
    pub names: zw_list,
    /// The fully qualified name of the record's type, never NULL.
    pub type_name: *const c_char,
    /// Its bytes; 0 where it was left out.
    pub type_name_n: usize,
}

/// A function, event or hook.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zw_function_view {
    /// The fully qualified name.
    pub name: *const c_char,
    /// Its bytes.
    pub n: usize,
    /// Whether it captured values.
    pub is_closure: bool,
    /// What it captured.
    pub captures: zw_list,
}

/// A value of an opaque type.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zw_opaque_view {
    /// The name of the type.
    pub type_id: *const c_char,
    /// Its bytes.
    pub n: usize,
    /// One value: what the type's own code made of it.
    pub data: zw_list,
}

/// The name of a type, such as "count". Never NULL; "unknown" for numbers that are none.
///
/// Any thread. The text is static.
#[unsafe(no_mangle)]
pub extern "C" fn zw_type_name(r#type: MaybeUninit<zw_type>) -> *const c_char {
    zw_type::from_c(r#type)
        .map_or(c"unknown", zw_type::name)
        .as_ptr()
}

/// Looks at the value at index `i`.
///
/// ZW_END past the last one; ZW_DECODE when the payload is damaged there, or nests too deep: then
/// `zw_decoder_strerror` says where and what. A payload may be read a few times over, and not
/// endlessly: keep what you need again.
///
/// Any one thread at a time per origin of the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_list_get(
    list: *const zw_list,
    i: usize,
    out: *mut zw_value,
) -> zw_result {
    guarded(|| {
        // SAFETY: C gives null, or a list that came from this library.
        let Some(list) = (unsafe { list.as_ref() }) else {
            return zw_result::ZW_INVALID;
        };
        // SAFETY: C gives null, or room for a value.
        match unsafe { out.cast::<Room>().as_mut() } {
            Some(out) => list.show(i, out),
            None => zw_result::ZW_INVALID,
        }
    })
}

/// The name of a record's field. ZW_NOT_FOUND when the names were left out, ZW_END past the last
/// field, ZW_TYPE when the value is no record.
///
/// As `zw_list_get`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_record_name(
    value: *const zw_value,
    i: usize,
    p: *mut *const c_char,
    n: *mut usize,
) -> zw_result {
    guarded(|| {
        // SAFETY: C gives null, or a value that came from this library.
        let Some(value) = (unsafe { value.as_ref() }) else {
            return zw_result::ZW_INVALID;
        };
        if value.r#type != zw_type::ZW_RECORD {
            return zw_result::ZW_TYPE;
        }
        // SAFETY: the type says that it is a record.
        let record = unsafe { &value.r#as.record };
        if i >= record.fields.count {
            return zw_result::ZW_END;
        }
        let mut name = Room::uninit();
        match record.names.source().show(i, &mut name) {
            zw_result::ZW_OK => {
                // SAFETY: names are strings, and this one was written; C gives null or room for
                // the results.
                unsafe {
                    let name = (*name.as_ptr()).r#as.string;
                    put(p, name.p);
                    put(n, name.n);
                }
                zw_result::ZW_OK
            }
            zw_result::ZW_END => zw_result::ZW_NOT_FOUND,
            result => result,
        }
    })
}
