//! Telling a forked child from the process that started a context.
//!
//! Threads do not survive a fork, and what they had locked stays locked in the child. So a child
//! must not touch what its parent started; it may start contexts of its own.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

/// Forks between the first process that asked and this one. Starts at 1: 0 is for "never".
static GENERATION: AtomicU32 = AtomicU32::new(1);
static WATCH: Once = Once::new();

/// This process, among its forebears. Forks are noticed from the first call on.
pub(crate) fn generation() -> u32 {
    WATCH.call_once(|| {
        // SAFETY: the function does nothing but add to an atomic. Without memory for the note
        // nothing is noticed, as on a system without this call.
        let _out_of_memory = unsafe { libc::pthread_atfork(None, None, Some(forked)) };
    });
    current()
}

/// As [`generation`], once that was called.
pub(crate) fn current() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Runs in the child.
extern "C" fn forked() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}
