//! Entering a context: the checks that all calls begin with, and what becomes of failures.

use crate::boundary::guard;
use crate::failure::{Failure, Outcome, remember};
use crate::{zw_context, zw_result};

/// Runs `body` with the context, and remembers why it failed.
///
/// # Safety
/// `context` is null or a context that lives.
pub(crate) unsafe fn call(
    context: *const zw_context,
    body: impl FnOnce(&zw_context) -> Outcome,
) -> zw_result {
    // SAFETY: the caller vouches for it.
    match unsafe { enter(context, body) } {
        Ok(()) => zw_result::ZW_OK,
        Err(result) => result,
    }
}

/// [`call`] for functions that return something else than a result.
///
/// # Safety
/// As [`call`].
pub(crate) unsafe fn call_for<T>(
    context: *const zw_context,
    on_failure: T,
    body: impl FnOnce(&zw_context) -> Outcome<T>,
) -> T {
    // SAFETY: the caller vouches for it.
    unsafe { enter(context, body) }.unwrap_or(on_failure)
}

/// # Safety
/// As [`call`].
unsafe fn enter<T>(
    context: *const zw_context,
    body: impl FnOnce(&zw_context) -> Outcome<T>,
) -> Result<T, zw_result> {
    // SAFETY: the caller vouches for it.
    let Some(context) = (unsafe { context.as_ref() }) else {
        return Err(zw_result::ZW_INVALID);
    };
    let outcome = guard(None, || Some(context.admit().and_then(|()| body(context))));
    let outcome = outcome.unwrap_or_else(|| {
        context.give_up();
        Err(Failure::new(
            zw_result::ZW_PANIC,
            "the library has a fault and ended the context; please report it",
        ))
    });
    outcome.map_err(|failure| {
        let result = failure.result;
        remember(context.number(), failure);
        result
    })
}
