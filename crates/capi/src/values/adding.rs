//! The calls that append values.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use super::fault::ValuesFault;
use super::tokens::{Added, Token, Tokens};
use super::zw_values;
use crate::boundary::{bytes, chars, guard};
use crate::codec::{BadAddress, address_of, subnet_of};
use crate::value_view::zw_type;
use crate::zw_result;

/// Appends nothing: an unset field, or a hole in a vector.
///
/// As every call that adds: ZW_OK, or why not, which sticks. Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_add_unset(values: *mut zw_values) -> zw_result {
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe { word(values, zw_type::ZW_UNSET, 0) }
}

/// Appends a bool.
///
/// As every call that adds: ZW_OK, or why not, which sticks. Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_add_bool(values: *mut zw_values, value: bool) -> zw_result {
    let token = Token {
        flag: value.into(),
        ..Token::of(zw_type::ZW_BOOL)
    };
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe { change(values, |tokens| tokens.add(token)) }
}

/// Appends a count.
///
/// As `zw_values_add_unset`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_add_count(values: *mut zw_values, value: u64) -> zw_result {
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe { word(values, zw_type::ZW_COUNT, value) }
}

/// Appends an int.
///
/// As `zw_values_add_unset`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_add_int(values: *mut zw_values, value: i64) -> zw_result {
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe { word(values, zw_type::ZW_INT, value.cast_unsigned()) }
}

/// Appends a double.
///
/// As `zw_values_add_unset`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_add_double(values: *mut zw_values, value: f64) -> zw_result {
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe { word(values, zw_type::ZW_DOUBLE, value.to_bits()) }
}

/// Appends a time: seconds since the Unix epoch.
///
/// As `zw_values_add_unset`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_add_time(values: *mut zw_values, seconds: f64) -> zw_result {
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe { word(values, zw_type::ZW_TIME, seconds.to_bits()) }
}

/// Appends an interval: seconds.
///
/// As `zw_values_add_unset`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_add_interval(values: *mut zw_values, seconds: f64) -> zw_result {
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe { word(values, zw_type::ZW_INTERVAL, seconds.to_bits()) }
}

/// Appends a string: any `n` bytes, which are copied.
///
/// As `zw_values_add_unset`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_add_string(
    values: *mut zw_values,
    p: *const c_char,
    n: usize,
) -> zw_result {
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe {
        with_bytes(values, p, n, |tokens, bytes| {
            tokens.add_text(zw_type::ZW_STRING, bytes)
        })
    }
}

/// Appends an enum by its fully qualified name, UTF-8, which is copied.
///
/// As `zw_values_add_unset`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_add_enum(
    values: *mut zw_values,
    p: *const c_char,
    n: usize,
) -> zw_result {
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe {
        with_name(values, p, n, |tokens, name| {
            tokens.add_text(zw_type::ZW_ENUM, name)
        })
    }
}

/// Appends a pattern: the expression for whole strings, and that for parts; both are copied.
///
/// As `zw_values_add_unset`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_add_pattern(
    values: *mut zw_values,
    exact: *const c_char,
    exact_n: usize,
    anywhere: *const c_char,
    anywhere_n: usize,
) -> zw_result {
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe {
        let anywhere = chars(anywhere, anywhere_n);
        with_bytes(values, exact, exact_n, |tokens, exact| {
            tokens.add_pattern(exact, anywhere.ok_or(ValuesFault::Null)?)
        })
    }
}

/// Appends a port. `protocol` is 0 for unknown, 1 tcp, 2 udp, 3 icmp.
///
/// As `zw_values_add_unset`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_add_port(
    values: *mut zw_values,
    number: u16,
    protocol: u8,
) -> zw_result {
    let token = Token {
        flag: protocol,
        small: number,
        ..Token::of(zw_type::ZW_PORT)
    };
    let add = |tokens: &mut Tokens| match protocol {
        0..=3 => tokens.add(token),
        _ => Err(ValuesFault::PortProtocol(protocol)),
    };
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe { change(values, add) }
}

/// Appends an addr of `width` bytes, 4 or 16, in network order. An IPv4-mapped IPv6 address is the
/// IPv4 address.
///
/// As `zw_values_add_unset`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_add_addr(
    values: *mut zw_values,
    bytes: *const u8,
    width: usize,
) -> zw_result {
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe {
        let bytes = self::bytes(bytes, width);
        change(values, |tokens| {
            let bytes = bytes.ok_or(ValuesFault::Null)?;
            tokens.add_addr(address_of(bytes)?)
        })
    }
}

/// Appends a subnet: an address of `width` bytes, 4 or 16, in network order, and the bits of the
/// prefix, at most 32 or 128.
///
/// As `zw_values_add_unset`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_add_subnet(
    values: *mut zw_values,
    bytes: *const u8,
    width: usize,
    length: u8,
) -> zw_result {
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe {
        let bytes = self::bytes(bytes, width);
        change(values, |tokens| {
            let bytes = bytes.ok_or(ValuesFault::Null)?;
            tokens.add_subnet(&subnet_of(bytes, length)?)
        })
    }
}

/// Appends a function, event or hook by its fully qualified name, UTF-8, which is copied. For one
/// that captured values see `zw_values_begin_closure`.
///
/// As `zw_values_add_unset`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_add_function(
    values: *mut zw_values,
    name: *const c_char,
    n: usize,
) -> zw_result {
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe { with_name(values, name, n, Tokens::add_function) }
}

/// Names the field that comes next in the record that is open. UTF-8, copied. A record's fields
/// have names all or none.
///
/// As `zw_values_add_unset`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_add_field(
    values: *mut zw_values,
    name: *const c_char,
    n: usize,
) -> zw_result {
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe { with_name(values, name, n, Tokens::add_field) }
}

/// Begins a container: what is added now is in it, until `zw_values_end`. `type` is ZW_SET,
/// ZW_VECTOR, ZW_LIST, ZW_RECORD, ZW_ANY (one value) or ZW_TABLE (each key before its value).
/// Whether an element or a key is there twice is not checked.
///
/// As `zw_values_add_unset`; ZW_TYPE for another type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_begin(
    values: *mut zw_values,
    r#type: MaybeUninit<zw_type>,
) -> zw_result {
    let r#type = zw_type::from_c(r#type);
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe {
        change(values, |tokens| {
            tokens.begin(r#type.ok_or(ValuesFault::NotAContainer)?)
        })
    }
}

/// As `zw_values_begin` for ZW_SET and ZW_TABLE, and the order of the elements means something.
///
/// As `zw_values_add_unset`; ZW_TYPE for another type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_begin_ordered(
    values: *mut zw_values,
    r#type: MaybeUninit<zw_type>,
) -> zw_result {
    let r#type = zw_type::from_c(r#type);
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe {
        change(values, |tokens| {
            tokens.begin_ordered(r#type.ok_or(ValuesFault::NoOrder)?)
        })
    }
}

/// Begins a closure by its name, UTF-8, which is copied: what it captured follows, until
/// `zw_values_end`.
///
/// As `zw_values_add_unset`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_begin_closure(
    values: *mut zw_values,
    name: *const c_char,
    n: usize,
) -> zw_result {
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe {
        with_name(values, name, n, |tokens, name| {
            tokens.begin_named(zw_type::ZW_FUNCTION, name)
        })
    }
}

/// Begins an opaque value of the type `type_id`, UTF-8, which is copied: one value with its data
/// follows, then `zw_values_end`.
///
/// As `zw_values_add_unset`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_begin_opaque(
    values: *mut zw_values,
    type_id: *const c_char,
    n: usize,
) -> zw_result {
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe {
        with_name(values, type_id, n, |tokens, name| {
            tokens.begin_named(zw_type::ZW_OPAQUE, name)
        })
    }
}

/// Ends the container that was begun last.
///
/// As `zw_values_add_unset`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_end(values: *mut zw_values) -> zw_result {
    // SAFETY: C keeps what the comment of `zw_values` and of this call ask for.
    unsafe { change(values, Tokens::end) }
}

/// # Safety
/// `values` is null, or values of this library that nobody else uses.
unsafe fn change(values: *mut zw_values, call: impl FnOnce(&mut Tokens) -> Added) -> zw_result {
    // SAFETY: the caller vouches for it.
    let Some(values) = (unsafe { values.as_mut() }) else {
        return zw_result::ZW_INVALID;
    };
    match guard(None, || Some(values.change(call))) {
        Some(result) => result,
        None => values.give_up(),
    }
}

/// # Safety
/// As [`change`].
unsafe fn word(values: *mut zw_values, r#type: zw_type, word: u64) -> zw_result {
    // SAFETY: the caller vouches for it.
    unsafe { change(values, |tokens| tokens.add_word(r#type, word)) }
}

/// # Safety
/// As [`change`]; and `p` is null, or `n` bytes from there can be read.
unsafe fn with_bytes(
    values: *mut zw_values,
    p: *const c_char,
    n: usize,
    call: impl FnOnce(&mut Tokens, &[u8]) -> Added,
) -> zw_result {
    // SAFETY: the caller vouches for both.
    unsafe {
        let bytes = chars(p, n);
        change(values, |tokens| {
            call(tokens, bytes.ok_or(ValuesFault::Null)?)
        })
    }
}

/// # Safety
/// As [`with_bytes`].
unsafe fn with_name(
    values: *mut zw_values,
    p: *const c_char,
    n: usize,
    call: impl FnOnce(&mut Tokens, &[u8]) -> Added,
) -> zw_result {
    // SAFETY: the caller vouches for it.
    unsafe {
        with_bytes(values, p, n, |tokens, bytes| {
            match std::str::from_utf8(bytes) {
                Ok(_) => call(tokens, bytes),
                Err(_) => Err(ValuesFault::NotUtf8),
            }
        })
    }
}

impl From<BadAddress> for ValuesFault {
    fn from(bad: BadAddress) -> Self {
        match bad {
            BadAddress::Width(bytes) => Self::AddressLength(bytes),
            BadAddress::Subnet(error) => Self::Subnet(error),
        }
    }
}
