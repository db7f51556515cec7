//! Result codes, whose numbers never change.

use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;

/// What became of a call. Numbers never change; a newer library may have more of them.
#[repr(i32)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum zw_result {
    /// It was done.
    ZW_OK = 0,
    /// A pointer, name, option or number breaks a rule.
    ZW_INVALID = 1,
    /// A topic or filter breaks a rule.
    ZW_TOPIC = 2,
    /// More bytes, or deeper nesting, than a message may have.
    ZW_TOO_LARGE = 3,
    /// The queues are full: try again later, or do with one message less. It was counted.
    ZW_OVERLOADED = 4,
    /// The context was stopped.
    ZW_STOPPED = 5,
    /// No format has this name.
    ZW_FORMAT = 6,
    /// Bytes that arrived are damaged.
    ZW_DECODE = 7,
    /// What was given cannot be encoded.
    ZW_ENCODE = 8,
    /// A value has another type.
    ZW_TYPE = 9,
    /// There is no such thing.
    ZW_NOT_FOUND = 10,
    /// Past the last element.
    ZW_END = 11,
    /// The endpoint cannot be bound.
    ZW_LISTEN = 12,
    /// The connection cannot be made.
    ZW_CONNECT = 13,
    /// The endpoint is not on this machine, and that was not allowed.
    ZW_NOT_LOCAL = 14,
    /// Not in time.
    ZW_TIMEOUT = 15,
    /// No member of the pool is there.
    ZW_EMPTY_POOL = 16,
    /// The other side does not want it.
    ZW_REFUSED = 17,
    /// The operating system gave no thread, descriptor or memory.
    ZW_SYSTEM = 18,
    /// A fault of this library: the context does nothing more, the program may go on.
    ZW_PANIC = 19,
    /// This process is a forked child of the one that started the context.
    ZW_FORKED = 20,
    /// Called again from within itself, or started already.
    ZW_BUSY = 21,
}

impl zw_result {
    /// All of them: the place is the number.
    const NAMES: [&'static CStr; 22] = [
        c"ZW_OK",
        c"ZW_INVALID",
        c"ZW_TOPIC",
        c"ZW_TOO_LARGE",
        c"ZW_OVERLOADED",
        c"ZW_STOPPED",
        c"ZW_FORMAT",
        c"ZW_DECODE",
        c"ZW_ENCODE",
        c"ZW_TYPE",
        c"ZW_NOT_FOUND",
        c"ZW_END",
        c"ZW_LISTEN",
        c"ZW_CONNECT",
        c"ZW_NOT_LOCAL",
        c"ZW_TIMEOUT",
        c"ZW_EMPTY_POOL",
        c"ZW_REFUSED",
        c"ZW_SYSTEM",
        c"ZW_PANIC",
        c"ZW_FORKED",
        c"ZW_BUSY",
    ];
}

/// The name of a result, such as "ZW_OK". Never NULL; "ZW_UNKNOWN" for numbers that are none.
///
/// Any thread. The text is static.
#[unsafe(no_mangle)]
pub extern "C" fn zw_result_name(result: MaybeUninit<zw_result>) -> *const c_char {
    // SAFETY: any bits are an i32, which is what C passes; C may pass numbers that are no result.
    let number: i32 = unsafe { std::mem::transmute(result) };
    usize::try_from(number)
        .ok()
        .and_then(|place| zw_result::NAMES.get(place).copied())
        .unwrap_or(c"ZW_UNKNOWN")
        .as_ptr()
}
