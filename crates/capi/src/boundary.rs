//! Where C calls in: panics are caught, pointers become slices and strings.

use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::zw_result;

/// Runs `body`, and returns `on_panic` where it panics: nothing may unwind into C.
pub(crate) fn guard<T>(on_panic: T, body: impl FnOnce() -> T) -> T {
    // Whatever `body` left half done is behind a lock that forgives poison, or is not used again:
    // a context that saw a panic says so and does nothing more.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(on_panic)
}

/// [`guard`] for functions that return a result code.
pub(crate) fn guarded(body: impl FnOnce() -> zw_result) -> zw_result {
    guard(zw_result::ZW_PANIC, body)
}

/// The bytes at `start`; `None` for a null pointer with a length, or a length beyond all memory.
///
/// # Safety
/// `start` is null, or `len` bytes from there can be read for `'a`.
pub(crate) unsafe fn bytes<'a>(start: *const u8, len: usize) -> Option<&'a [u8]> {
    if len == 0 {
        return Some(&[]);
    }
    if start.is_null() || len > isize::MAX.unsigned_abs() {
        return None;
    }
    // SAFETY: not null, and the caller vouches for the bytes.
    Some(unsafe { std::slice::from_raw_parts(start, len) })
}

/// [`bytes`] of characters.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn chars<'a>(start: *const c_char, len: usize) -> Option<&'a [u8]> {
    // SAFETY: the same bytes.
    unsafe { bytes(start.cast(), len) }
}

/// The text of a C string; `None` where it is null or not UTF-8.
///
/// # Safety
/// `text` is null, or a C string that lives for `'a`.
pub(crate) unsafe fn text<'a>(text: *const c_char) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not null, and the caller vouches for its end.
    unsafe { CStr::from_ptr(text) }.to_str().ok()
}
