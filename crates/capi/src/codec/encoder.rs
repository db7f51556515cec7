//! Payloads written value by value, from C.

use std::ffi::{CString, c_char};

use zeekwire::value::{Port, PortProtocol};
use zeekwire_serializer::{EncodeFault, StreamEncoder};

use super::{BadAddress, address_of, encode_failure, subnet_of};
use crate::boundary::{bytes, chars, guard, guarded};
use crate::failure::{c_text, put};
use crate::zw_result;

/// Writes one payload after the other.
///
/// Begin with `zw_encode_event`, then put each value with one call. After the call of a container
/// the values in it follow, as many as it announced. The first fault sticks: calls after it do
/// nothing, and `zw_encode_finish` reports it. So no call in between needs to be checked. With NULL
/// for the encoder they do nothing.
///
/// Any one thread at a time.
pub struct zw_encoder {
    stream: StreamEncoder,
    /// What `zw_encode_finish` said last.
    text: CString,
    /// Whether there was a panic since the event began.
    is_broken: bool,
}

/// An encoder. Yours: `zw_encoder_delete` it. It keeps its memory between events.
///
/// Any thread. Never NULL but after a fault of this library.
#[unsafe(no_mangle)]
pub extern "C" fn zw_encoder_new() -> *mut zw_encoder {
    guard(std::ptr::null_mut(), || {
        Box::into_raw(Box::new(zw_encoder {
            stream: StreamEncoder::new(),
            text: CString::default(),
            is_broken: false,
        }))
    })
}

/// Frees the encoder and its last payload. NULL is fine.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encoder_delete(encoder: *mut zw_encoder) {
    if !encoder.is_null() {
        // SAFETY: C owns it, made by `zw_encoder_new`, and does not use it again.
        guard((), || drop(unsafe { Box::from_raw(encoder) }));
    }
}

/// Begins an event, whatever became of the one before; its payload is gone. `arg_count` values
/// follow, then `metadata_count` times `zw_encode_metadata` and a value. `name` is UTF-8.
///
/// ZW_TOO_LARGE or ZW_ENCODE at once when that cannot be; so would `zw_encode_finish` say.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_event(
    encoder: *mut zw_encoder,
    name: *const c_char,
    n: usize,
    arg_count: usize,
    metadata_count: usize,
) -> zw_result {
    guarded(|| {
        // SAFETY: null, or an encoder of this library that nobody else uses; and C vouches for
        // the name.
        let (encoder, name) = unsafe { (encoder.as_mut(), chars(name, n)) };
        let Some(encoder) = encoder else {
            return zw_result::ZW_INVALID;
        };
        encoder.is_broken = false;
        let name = name.map(std::str::from_utf8);
        if let Some(Ok(name)) = name {
            encoder.stream.begin(name, arg_count, metadata_count);
        } else {
            encoder.stream.begin("", 0, 0);
            encoder.stream.refuse(match name {
                Some(_) => EncodeFault::NotUtf8,
                None => EncodeFault::NoBytes,
            });
        }
        let fault = encoder.stream.fault();
        fault.map_or(zw_result::ZW_OK, |error| encode_failure(error).result)
    })
}

/// An entry of the metadata; its value follows. Id 1 is the network time at the origin, a time.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_metadata(encoder: *mut zw_encoder, id: u64) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { call(encoder, |stream| stream.put_metadata(id)) }
}

/// Nothing: an unset field, or a hole in a vector.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_unset(encoder: *mut zw_encoder) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { call(encoder, StreamEncoder::put_unset) }
}

/// A bool.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_bool(encoder: *mut zw_encoder, value: bool) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { call(encoder, |stream| stream.put_bool(value)) }
}

/// A count.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_count(encoder: *mut zw_encoder, value: u64) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { call(encoder, |stream| stream.put_count(value)) }
}

/// An int.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_int(encoder: *mut zw_encoder, value: i64) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { call(encoder, |stream| stream.put_int(value)) }
}

/// A double.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_double(encoder: *mut zw_encoder, value: f64) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { call(encoder, |stream| stream.put_double(value)) }
}

/// A time: seconds since the Unix epoch.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_time(encoder: *mut zw_encoder, seconds: f64) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { call(encoder, |stream| stream.put_time(seconds)) }
}

/// An interval: seconds.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_interval(encoder: *mut zw_encoder, seconds: f64) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { call(encoder, |stream| stream.put_interval(seconds)) }
}

/// A string: any `n` bytes.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_string(encoder: *mut zw_encoder, p: *const c_char, n: usize) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { with_bytes(encoder, p, n, StreamEncoder::put_string) }
}

/// An enum by its fully qualified name, UTF-8.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_enum(encoder: *mut zw_encoder, p: *const c_char, n: usize) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { with_name(encoder, p, n, StreamEncoder::put_enum) }
}

/// A pattern: the expression for whole strings, and that for parts.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_pattern(
    encoder: *mut zw_encoder,
    exact: *const c_char,
    exact_n: usize,
    anywhere: *const c_char,
    anywhere_n: usize,
) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe {
        let anywhere = chars(anywhere, anywhere_n);
        with_bytes(encoder, exact, exact_n, |stream, exact| match anywhere {
            Some(anywhere) => stream.put_pattern(exact, anywhere),
            None => stream.refuse(EncodeFault::NoBytes),
        });
    }
}

/// A port. `protocol` is 0 for unknown, 1 tcp, 2 udp, 3 icmp.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_port(encoder: *mut zw_encoder, number: u16, protocol: u8) {
    let put = |stream: &mut StreamEncoder| match PortProtocol::from_number(protocol) {
        Some(protocol) => stream.put_port(Port { number, protocol }),
        None => stream.refuse(EncodeFault::PortProtocol(protocol)),
    };
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { call(encoder, put) }
}

/// An addr of `width` bytes, 4 or 16, in network order. An IPv4-mapped IPv6 address is sent as the
/// IPv4 address.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_addr(encoder: *mut zw_encoder, bytes: *const u8, width: usize) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe {
        with_bytes(
            encoder,
            bytes.cast(),
            width,
            |stream, bytes| match address_of(bytes) {
                Ok(address) => stream.put_addr(address),
                Err(bad) => stream.refuse(bad.into()),
            },
        );
    }
}

/// A subnet: an address of `width` bytes, 4 or 16, in network order, and the bits of the prefix, at
/// most 32 or 128. Host bits stay. An IPv4-mapped IPv6 address with at least 96 bits is sent as
/// IPv4.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_subnet(
    encoder: *mut zw_encoder,
    bytes: *const u8,
    width: usize,
    length: u8,
) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe {
        with_bytes(
            encoder,
            bytes.cast(),
            width,
            |stream, bytes| match subnet_of(bytes, length) {
                Ok(subnet) => stream.put_subnet(&subnet),
                Err(bad) => stream.refuse(bad.into()),
            },
        );
    }
}

/// A set: `count` elements follow, none twice, which is not checked.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_set(encoder: *mut zw_encoder, count: usize) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { call(encoder, |stream| stream.put_set(count)) }
}

/// As `zw_encode_set`, and the order of the elements means something.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_ordered_set(encoder: *mut zw_encoder, count: usize) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { call(encoder, |stream| stream.put_ordered_set(count)) }
}

/// A vector: `count` elements follow; holes are unset.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_vector(encoder: *mut zw_encoder, count: usize) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { call(encoder, |stream| stream.put_vector(count)) }
}

/// A composite index: `count` values follow.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_list(encoder: *mut zw_encoder, count: usize) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { call(encoder, |stream| stream.put_list(count)) }
}

/// A table: `count` times a key and its value follow, no key twice, which is not checked.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_table(encoder: *mut zw_encoder, count: usize) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { call(encoder, |stream| stream.put_table(count)) }
}

/// As `zw_encode_table`, and the order of the entries means something.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_ordered_table(encoder: *mut zw_encoder, count: usize) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { call(encoder, |stream| stream.put_ordered_table(count)) }
}

/// A record: `count` fields follow, in the order of its declaration; if it is `named`, each after
/// its `zw_encode_field_name`.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_record(encoder: *mut zw_encoder, count: usize, named: bool) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { call(encoder, |stream| stream.put_record(count, named)) }
}

/// As `zw_encode_record`, with the fully qualified name of the record's type, UTF-8. It pays inside
/// an any, where no declaration tells the receiver what the record is.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_typed_record(
    encoder: *mut zw_encoder,
    type_name: *const c_char,
    n: usize,
    count: usize,
    named: bool,
) {
    let put = |stream: &mut StreamEncoder, name: &str| stream.put_typed_record(name, count, named);
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { with_name(encoder, type_name, n, put) }
}

/// The name of the record's field that comes next, UTF-8.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_field_name(
    encoder: *mut zw_encoder,
    p: *const c_char,
    n: usize,
) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { with_name(encoder, p, n, StreamEncoder::put_field_name) }
}

/// A function, event or hook by its fully qualified name, UTF-8. For a closure `capture_count`
/// values follow; for others that is 0.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_function(
    encoder: *mut zw_encoder,
    name: *const c_char,
    n: usize,
    is_closure: bool,
    capture_count: usize,
) {
    let put = |stream: &mut StreamEncoder, name: &str| match (is_closure, capture_count) {
        (true, _) => stream.put_function(name, Some(capture_count)),
        (false, 0) => stream.put_function(name, None),
        (false, _) => stream.refuse(EncodeFault::CapturesWithoutClosure),
    };
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { with_name(encoder, name, n, put) }
}

/// A value of the opaque type `type_id`, UTF-8: one value with its data follows.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_opaque(
    encoder: *mut zw_encoder,
    type_id: *const c_char,
    n: usize,
) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { with_name(encoder, type_id, n, StreamEncoder::put_opaque) }
}

/// A value whose declared type is any: the value follows.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_any(encoder: *mut zw_encoder) {
    // SAFETY: C keeps what the comments of `zw_encoder` and of this call ask for.
    unsafe { call(encoder, StreamEncoder::put_any) }
}

/// The payload: format `capnp-v1`, aligned to 8 bytes, the encoder's until the next
/// `zw_encode_event`.
///
/// ZW_TOO_LARGE or ZW_ENCODE for the first fault since then; `zw_encoder_strerror` says in which
/// value and what.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encode_finish(
    encoder: *mut zw_encoder,
    p: *mut *const u8,
    n: *mut usize,
) -> zw_result {
    guarded(|| {
        // SAFETY: null, or an encoder of this library that nobody else uses.
        let Some(encoder) = (unsafe { encoder.as_mut() }) else {
            return zw_result::ZW_INVALID;
        };
        if encoder.is_broken {
            encoder.text = c"the library has a fault; please report it".to_owned();
            return zw_result::ZW_PANIC;
        }
        match encoder.stream.finish() {
            Ok(payload) => {
                // SAFETY: C gives null or room for the results.
                unsafe {
                    put(p, payload.as_ptr());
                    put(n, payload.len());
                }
                zw_result::ZW_OK
            }
            Err(error) => {
                let failure = encode_failure(&error);
                encoder.text = c_text(failure.text);
                failure.result
            }
        }
    })
}

/// What `zw_encode_finish` found wrong last, and where: `capnp-v1: args[1].fields[0]: …`; "" if
/// nothing was. Never NULL.
///
/// Any one thread at a time. The text lives until the next failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_encoder_strerror(encoder: *const zw_encoder) -> *const c_char {
    guard(c"".as_ptr(), || {
        // SAFETY: null, or an encoder of this library that nobody changes now.
        unsafe { encoder.as_ref() }.map_or(c"".as_ptr(), |encoder| encoder.text.as_ptr())
    })
}

/// # Safety
/// `encoder` is null, or an encoder of this library that nobody else uses.
#[inline]
unsafe fn call(encoder: *mut zw_encoder, put: impl FnOnce(&mut StreamEncoder)) {
    // SAFETY: the caller vouches for it.
    let Some(encoder) = (unsafe { encoder.as_mut() }) else {
        return;
    };
    let is_done = guard(false, || {
        put(&mut encoder.stream);
        true
    });
    encoder.is_broken |= !is_done;
}

/// # Safety
/// As [`call`]; and `p` is null, or `n` bytes from there can be read.
#[inline]
unsafe fn with_bytes(
    encoder: *mut zw_encoder,
    p: *const c_char,
    n: usize,
    put: impl FnOnce(&mut StreamEncoder, &[u8]),
) {
    // SAFETY: the caller vouches for both.
    unsafe {
        let bytes = bytes(p.cast(), n);
        call(encoder, |stream| match bytes {
            Some(bytes) => put(stream, bytes),
            None => stream.refuse(EncodeFault::NoBytes),
        });
    }
}

/// # Safety
/// As [`with_bytes`].
#[inline]
unsafe fn with_name(
    encoder: *mut zw_encoder,
    p: *const c_char,
    n: usize,
    put: impl FnOnce(&mut StreamEncoder, &str),
) {
    // SAFETY: the caller vouches for it.
    unsafe {
        with_bytes(encoder, p, n, |stream, bytes| {
            match std::str::from_utf8(bytes) {
                Ok(name) => put(stream, name),
                Err(_) => stream.refuse(EncodeFault::NotUtf8),
            }
        });
    }
}

impl From<BadAddress> for EncodeFault {
    fn from(bad: BadAddress) -> Self {
        match bad {
            BadAddress::Width(bytes) => Self::AddressLength(bytes),
            BadAddress::Subnet(error) => Self::Subnet(error),
        }
    }
}
