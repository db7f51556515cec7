//! Lists of values that C builds: for events to be raised, and to be looked at again.
//!
//! Values are appended, and containers begun and ended. The memory is three growing blocks, which
//! `zw_values_clear` keeps.

mod adding;
mod emission;
mod fault;
#[cfg(test)]
mod tests;
mod tokens;

use std::ffi::c_char;

use crate::boundary::{guard, guarded};
use crate::failure::put;
use crate::value_view::{self, Room, Source, zw_list, zw_type};
use crate::zw_result;
use fault::{Sticky, ValuesFault};
use tokens::{Token, Tokens, unmapped};

pub use adding::*;
pub(crate) use emission::encode_values_event;
pub(crate) use tokens::Run;

/// A list of values that is built by appending. The first call that fails leaves it unusable until
/// `zw_values_clear`: later calls fail alike, and `zw_values_strerror` says why.
///
/// Any one thread at a time.
#[derive(Debug, Default)]
pub struct zw_values {
    tokens: Tokens,
    fault: Sticky,
}

/// An empty list. Yours: `zw_values_delete` it, or give it to an event.
///
/// Any thread. Never NULL but after a fault of this library.
#[unsafe(no_mangle)]
pub extern "C" fn zw_values_new() -> *mut zw_values {
    guard(std::ptr::null_mut(), || {
        Box::into_raw(Box::<zw_values>::default())
    })
}

/// Frees the values. What was taken from them is gone. NULL is fine.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_delete(values: *mut zw_values) {
    if !values.is_null() {
        // SAFETY: C owns it, made by `zw_values_new`, and does not use it again.
        guard((), || drop(unsafe { Box::from_raw(values) }));
    }
}

/// Forgets the values, and a failure; keeps the memory. Lists that were taken are invalid.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_clear(values: *mut zw_values) {
    guard((), || {
        // SAFETY: null, or values of this library that nobody else uses.
        if let Some(values) = unsafe { values.as_mut() } {
            values.tokens.clear();
            values.fault.clear();
        }
    });
}

/// How many values there are, those inside containers not counted. 0 for NULL.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_count(values: *const zw_values) -> usize {
    guard(0, || {
        // SAFETY: null, or values of this library that nobody changes now.
        unsafe { values.as_ref() }.map_or(0, |values| values.tokens.count())
    })
}

/// What went wrong first; "" if nothing did. Never NULL.
///
/// Any one thread at a time. The text lives until the values are cleared or deleted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_strerror(values: *const zw_values) -> *const c_char {
    guard(c"".as_ptr(), || {
        // SAFETY: null, or values of this library that nobody changes now.
        unsafe { values.as_ref() }
            .map_or(c"", |values| values.fault.text())
            .as_ptr()
    })
}

/// The values as a list, which borrows from them: it is valid until they are changed, cleared or
/// deleted. ZW_INVALID while a container is open; what an earlier call returned when it failed.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_values_list(values: *const zw_values, out: *mut zw_list) -> zw_result {
    guarded(|| {
        // SAFETY: null, or values of this library that nobody changes now.
        let Some(found) = (unsafe { values.as_ref() }) else {
            return zw_result::ZW_INVALID;
        };
        if let Some(result) = found.fault.result() {
            return result;
        }
        match found.tokens.top() {
            Ok(run) => {
                // SAFETY: null, or room for a list.
                unsafe { put(out, list(run, values)) };
                zw_result::ZW_OK
            }
            Err(fault) => fault.result(),
        }
    })
}

impl zw_values {
    /// Does a call, unless one before it failed.
    fn change(&mut self, call: impl FnOnce(&mut Tokens) -> Result<(), ValuesFault>) -> zw_result {
        if let Some(result) = self.fault.result() {
            return result;
        }
        match call(&mut self.tokens) {
            Ok(()) => zw_result::ZW_OK,
            Err(fault) => self.fault.set(fault, self.tokens.count()),
        }
    }

    /// After a panic: nothing here can be trusted.
    #[cold]
    fn give_up(&mut self) -> zw_result {
        let text = "the library has a fault; please report it".to_owned();
        self.fault.set_text(zw_result::ZW_PANIC, text)
    }

    /// Writes the value at `index` of a run, and says what `zw_list_get` is to say. `handle` is
    /// how C knows these values: lists keep it, as a reference would not outlive a change.
    pub(crate) fn show(
        &self,
        handle: *const Self,
        run: Run,
        index: usize,
        out: &mut Room,
    ) -> zw_result {
        let Some(token) = self.tokens.tokens(run).get(index) else {
            return zw_result::ZW_END;
        };
        let r#type = token.r#type;
        let bytes = || self.tokens.bytes(token.word, token.len);
        let list = |first, len| list(token.run(first, len), handle);
        match r#type {
            zw_type::ZW_UNSET => value_view::write_unset(out),
            zw_type::ZW_BOOL => value_view::write(out, r#type, token.flag != 0),
            zw_type::ZW_COUNT => value_view::write(out, r#type, token.word),
            zw_type::ZW_INT => value_view::write(out, r#type, token.word.cast_signed()),
            zw_type::ZW_DOUBLE | zw_type::ZW_TIME | zw_type::ZW_INTERVAL => {
                value_view::write(out, r#type, token.real());
            }
            zw_type::ZW_STRING | zw_type::ZW_ENUM => {
                value_view::write_string(out, r#type, bytes());
            }
            zw_type::ZW_PATTERN => {
                let (exact, anywhere) = self.expressions(token);
                value_view::write_pattern(out, exact, anywhere);
            }
            zw_type::ZW_PORT => value_view::write_port(out, token.small, token.flag),
            zw_type::ZW_ADDR => value_view::write_addr(out, r#type, unmapped(bytes()), 0),
            zw_type::ZW_SUBNET => {
                let subnet = emission::subnet(token, bytes());
                value_view::write_addr(out, r#type, subnet.address(), subnet.length());
            }
            zw_type::ZW_TABLE => {
                let values = list(token.len, token.len);
                value_view::write_table(out, list(0, token.len), values, token.flag != 0);
            }
            zw_type::ZW_RECORD => {
                let names = if token.flag != 0 { token.len } else { 0 };
                let names = list(token.len, names);
                value_view::write_record(out, list(0, token.len), names, "");
            }
            zw_type::ZW_FUNCTION => {
                let (is_closure, captures) = (token.flag != 0, list(1, token.len));
                value_view::write_function(out, self.name(token), is_closure, captures);
            }
            zw_type::ZW_OPAQUE => value_view::write_opaque(out, self.name(token), list(1, 1)),
            zw_type::ZW_SET => {
                value_view::write_set(out, list(0, token.len), token.flag != 0);
            }
            zw_type::ZW_VECTOR | zw_type::ZW_LIST | zw_type::ZW_ANY => {
                value_view::write(out, r#type, list(0, token.len));
            }
        }
        zw_result::ZW_OK
    }

    /// The name in front of what a function captured, or of an opaque value's data.
    fn name(&self, token: &Token) -> &[u8] {
        let name = self.tokens.tokens(token.run(0, 1)).first();
        name.map_or(&[], |name| self.tokens.bytes(name.word, name.len))
    }

    /// The two expressions of a pattern.
    fn expressions(&self, token: &Token) -> (&[u8], &[u8]) {
        #[expect(clippy::cast_possible_truncation, reason = "two halves of a word")]
        let (at, anywhere_len) = (token.word as u32, (token.word >> 32) as u32);
        let exact = self.tokens.bytes(at.into(), token.len);
        let behind = u64::from(at) + u64::from(token.len);
        (exact, self.tokens.bytes(behind, anywhere_len))
    }
}

fn list(run: Run, values: *const zw_values) -> zw_list {
    zw_list::new(Source::Built { run, values }, run.len())
}
