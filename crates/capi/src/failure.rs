//! Why a call failed, and remembering it for whoever asks.
//!
//! What failed last is remembered by thread and context, so that threads do not read each other's
//! failures, and without a lock.

use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::fmt::Display;
use std::ptr;

use zeekwire::{Error, LinkError, PublishError, SetupError, SetupErrorKind, TopicError};

use crate::zw_result;

/// What a safe half returns.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// A failed call: the code for programs, the sentence for people.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) result: zw_result,
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(result: zw_result, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { result, text }
    }

    /// A rule of a parameter was broken.
    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::new(zw_result::ZW_INVALID, text)
    }

    /// A parameter is null, or no text.
    pub(crate) fn unreadable(parameter: &str) -> Self {
        Self::invalid(format!(
            "`{parameter}` must not be NULL, and names must be UTF-8"
        ))
    }

    pub(crate) fn stopped() -> Self {
        Self::new(zw_result::ZW_STOPPED, "the context has been stopped")
    }

    pub(crate) fn system(what: &str, error: &dyn Display) -> Self {
        Self::new(zw_result::ZW_SYSTEM, format!("{what}: {error}"))
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        let result = match error.kind() {
            SetupErrorKind::NotLocal => zw_result::ZW_NOT_LOCAL,
            SetupErrorKind::Listen => zw_result::ZW_LISTEN,
            SetupErrorKind::System => zw_result::ZW_SYSTEM,
            SetupErrorKind::Unknown => zw_result::ZW_NOT_FOUND,
            SetupErrorKind::Stopped => zw_result::ZW_STOPPED,
            _ => zw_result::ZW_INVALID,
        };
        Self::new(result, error.to_string())
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        let result = match error {
            PublishError::Stopped => zw_result::ZW_STOPPED,
            PublishError::Topic(_) => zw_result::ZW_TOPIC,
            PublishError::Format => zw_result::ZW_FORMAT,
            PublishError::TooLong(_) => zw_result::ZW_TOO_LARGE,
            PublishError::Overloaded => zw_result::ZW_OVERLOADED,
            _ => zw_result::ZW_INVALID,
        };
        Self::new(result, error.to_string())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Publish(error) => error.into(),
            Error::UnknownFormat(_) => Self::new(zw_result::ZW_FORMAT, error.to_string()),
            _ => Self::new(zw_result::ZW_ENCODE, error.to_string()),
        }
    }
}

impl From<TopicError> for Failure {
    fn from(error: TopicError) -> Self {
        Self::new(zw_result::ZW_TOPIC, error.to_string())
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        let result = match error {
            LinkError::Timeout { .. } => zw_result::ZW_TIMEOUT,
            LinkError::GaveUp { .. } => zw_result::ZW_CONNECT,
        };
        Self::new(result, error.to_string())
    }
}

/// What failed last in one context, on one thread.
struct Remembered {
    context: u64,
    result: zw_result,
    text: CString,
}

/// Contexts of which one thread remembers failures; a program has few of them.
const REMEMBERED_COUNT_MAX: usize = 16;

thread_local! {
    static REMEMBERED: RefCell<Vec<Remembered>> = const { RefCell::new(Vec::new()) };
}

/// Remembers a failure for this thread, by the context's number.
pub(crate) fn remember(context: u64, failure: Failure) {
    let text = c_text(failure.text);
    let result = failure.result;
    let new = Remembered {
        context,
        result,
        text,
    };
    REMEMBERED.with_borrow_mut(
        |all| match all.iter_mut().find(|known| known.context == context) {
            Some(known) => *known = new,
            None => {
                if all.len() >= REMEMBERED_COUNT_MAX {
                    all.remove(0);
                }
                all.push(new);
            }
        },
    );
}

/// The code of this thread's last failure in a context.
pub(crate) fn last_result(context: u64) -> zw_result {
    REMEMBERED.with_borrow(|all| {
        let known = all.iter().find(|known| known.context == context);
        known.map_or(zw_result::ZW_OK, |known| known.result)
    })
}

/// The text of this thread's last failure in a context; it stays until the next one.
pub(crate) fn last_text(context: u64) -> *const c_char {
    REMEMBERED.with_borrow(|all| {
        let known = all.iter().find(|known| known.context == context);
        known.map_or(c"no call has failed".as_ptr(), |known| known.text.as_ptr())
    })
}

/// Text for C. What holds a zero byte is cut there.
pub(crate) fn c_text(text: impl Into<Vec<u8>>) -> CString {
    let mut bytes = text.into();
    if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(end);
    }
    CString::new(bytes).unwrap_or_default()
}

/// A parameter that may be left out: where it points to, if anywhere.
///
/// # Safety
/// `out` is null or can be written to.
pub(crate) unsafe fn put<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: not null, and the caller vouches for it.
        unsafe { ptr::write(out, value) };
    }
}
