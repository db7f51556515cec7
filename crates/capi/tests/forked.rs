//! Forking: what a child may do with what its parent made.

mod common;

use std::panic::AssertUnwindSafe;

use common::Peer;
use zeekwire_c::context::*;
use zeekwire_c::processing::zw_context_fd;
use zeekwire_c::zw_result::*;

/// What the child found wrong; 0 is nothing.
fn in_child(started: &Peer, fresh: &Peer) -> i32 {
    // SAFETY: the contexts live, in the child too.
    unsafe {
        if zw_context_start(started.context) != ZW_FORKED {
            return 1;
        }
        if started.raise("a", "A::a", 1) != ZW_FORKED || started.errno().0 != ZW_FORKED {
            return 2;
        }
        if zw_context_fd(started.context) != -1 || zw_context_stop(started.context, 9) != ZW_FORKED
        {
            return 3;
        }
        if zw_context_destroy(started.context) != ZW_FORKED {
            return 4;
        }
        // What never started is the child's as well as the parent's.
        fresh.subscribe("a");
        let own = Peer::new("child");
        own.listen("inproc://here");
        fresh.connect("inproc://here");
        own.raise("a", "A::a", 5);
        fresh.until("child a A::a(5)");
    }
    0
}

#[test]
fn child_gets_told_and_has_contexts_of_its_own() {
    let (started, fresh) = (Peer::new("started"), Peer::new("fresh"));
    started.listen("inproc://here");
    // SAFETY: the child calls what may be called there, and leaves without unwinding.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| in_child(&started, &fresh)));
            libc::_exit(outcome.unwrap_or(99));
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
        assert!(libc::WIFEXITED(status), "the child died of {status:#x}");
        assert_eq!(libc::WEXITSTATUS(status), 0);
    }
    // The parent goes on as before.
    fresh.connect("inproc://here");
    fresh.subscribe("a");
    assert_eq!(started.raise("a", "A::a", 6), ZW_OK);
    fresh.until("started a A::a(6)");
}
