//! The life of a context: made, started, stopped and destroyed, and what refuses to.

mod common;

use std::ffi::c_void;
use std::ptr;

use common::{Notes, Peer, c, event, options, text};
use zeekwire_c::context::*;
use zeekwire_c::handlers::*;
use zeekwire_c::members::*;
use zeekwire_c::options::*;
use zeekwire_c::processing::*;
use zeekwire_c::topics::*;
use zeekwire_c::{zw_result, zw_result::*, zw_result_name};

/// Why a context cannot be made; empty if it can.
fn create_error(options: *const zw_context_options) -> String {
    let mut error = ptr::null();
    // SAFETY: the options live during the call.
    unsafe {
        let context = zw_context_create(options, &raw mut error);
        if context.is_null() {
            return text(error);
        }
        assert_eq!(zw_context_destroy(context), ZW_OK);
        String::new()
    }
}

#[test]
fn options_that_break_a_rule_are_named() {
    let (good, bad) = (c("node"), c("a b"));
    let error = |name, edit: fn(&mut zw_context_options)| {
        let mut options = options(name);
        edit(&mut options);
        create_error(&raw const options)
    };
    assert_eq!(error(&good, |_| {}), "");
    assert!(error(&bad, |_| {}).contains("' '"));
    assert!(error(&good, |o| o.name = ptr::null()).contains("`name`"));
    assert!(error(&good, |o| o.size = 0).contains("`size`"));
    let both = error(&good, |o| {
        (o.forwarding_rules, o.no_forwarding) = (true, true)
    });
    assert!(both.contains("exclude each other"), "{both}");
    // SAFETY: any number is what C might write there.
    let odd = |o: &mut zw_context_options| unsafe {
        o.role.as_mut_ptr().cast::<i32>().write(7);
    };
    assert!(error(&good, odd).contains("7 is no zw_role"));
    assert!(create_error(ptr::null()).contains("NULL"));
}

#[test]
fn options_of_older_and_newer_programs_are_understood() {
    #[repr(C)]
    struct Newer {
        known: zw_context_options,
        unknown: [u64; 4],
    }
    let name = c("node");
    let mut newer = Newer {
        known: options(&name),
        unknown: [0; 4],
    };
    newer.known.size = size_of::<Newer>();
    assert_eq!(create_error((&raw const newer).cast()), "");
    newer.unknown[3] = 1;
    assert!(create_error((&raw const newer).cast()).contains("does not know"));
    // An older program knows the size and the name only; what follows in memory is not its own.
    let mut older = options(&name);
    older.size = 2 * size_of::<usize>();
    // SAFETY: any number is what might stand there.
    unsafe { older.role.as_mut_ptr().cast::<i32>().write(7) };
    assert_eq!(create_error(&raw const older), "");
}

#[test]
fn failures_are_remembered_by_thread_and_context() {
    let (one, other) = (Peer::new("one"), Peer::new("other"));
    assert_eq!(one.errno(), (ZW_OK, "no call has failed".to_owned()));
    assert_eq!(one.raise("", "A::a", 1), ZW_TOPIC);
    assert!(
        one.errno().1.contains("at least one byte"),
        "{:?}",
        one.errno()
    );
    assert_eq!(other.errno().0, ZW_OK);
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(one.errno().0, ZW_OK));
    });
    assert_eq!(one.raise("a", "A::a", 1), ZW_OK);
    assert_eq!(one.errno().0, ZW_TOPIC);
}

#[test]
fn results_have_names_whatever_c_passes() {
    let name = |result| text(zw_result_name(result));
    assert_eq!(name(std::mem::MaybeUninit::new(ZW_BUSY)), "ZW_BUSY");
    let mut odd = std::mem::MaybeUninit::<zw_result>::uninit();
    for number in [-1, 22, i32::MAX] {
        // SAFETY: any number is what C might pass.
        unsafe { odd.as_mut_ptr().cast::<i32>().write(number) };
        assert_eq!(name(odd), "ZW_UNKNOWN");
    }
}

#[test]
fn null_is_refused_everywhere() {
    // SAFETY: NULL is checked for.
    unsafe {
        assert_eq!(zw_context_start(ptr::null_mut()), ZW_INVALID);
        assert_eq!(zw_context_destroy(ptr::null_mut()), ZW_OK);
        assert_eq!(zw_context_fd(ptr::null_mut()), -1);
        assert_eq!(
            zw_process(ptr::null_mut(), ptr::null(), ptr::null_mut()),
            ZW_INVALID
        );
        assert_eq!(zw_context_errno(ptr::null()), ZW_INVALID);
        let peer = Peer::new("node");
        let (context, none) = (peer.context, ptr::null_mut());
        assert_eq!(
            zw_topic_subscribe(context, none, ptr::null(), 3, None, ptr::null_mut()),
            ZW_INVALID
        );
        assert_eq!(peer.errno().0, ZW_INVALID);
    }
}

#[test]
fn stopped_context_does_nothing_more() {
    let peer = Peer::new("node");
    peer.start();
    peer.subscribe_on(ptr::null_mut(), "a");
    // SAFETY: the context lives.
    unsafe {
        assert_eq!(zw_context_stop(peer.context, 0), ZW_OK);
        assert_eq!(zw_context_stop(peer.context, 0), ZW_OK);
        assert_eq!(zw_context_start(peer.context), ZW_STOPPED);
        assert_eq!(
            zw_process(peer.context, ptr::null(), ptr::null_mut()),
            ZW_STOPPED
        );
        assert_eq!(zw_run(peer.context, -1), ZW_STOPPED);
    }
    assert_eq!(peer.raise("a", "A::a", 1), ZW_STOPPED);
    assert_eq!(peer.notes.all(), [""; 0]);
}

#[test]
fn context_that_never_started_is_stopped_and_destroyed() {
    let peer = Peer::new("node");
    // SAFETY: the context lives.
    assert_eq!(unsafe { zw_context_stop(peer.context, 1000) }, ZW_OK);
}

/// Tries from within a handler what must not be done there, and what may.
unsafe extern "C" fn try_all(context: *mut zw_context, _: zw_result, cookie: *mut c_void) {
    // SAFETY: the library gave a context, and the cookie is notes.
    unsafe {
        let notes = Notes::of(cookie);
        let note = |what: &str, result: zw_result| notes.add(format!("{what} {result:?}"));
        note("process", zw_process(context, ptr::null(), ptr::null_mut()));
        note("run", zw_run(context, 0));
        note("destroy", zw_context_destroy(context));
        note("unset", zw_on_member(context, None, ptr::null_mut()));
        let filter = b"b/*";
        let (start, n) = (filter.as_ptr().cast(), filter.len());
        let locally = zw_topic_subscribe_locally(context, start, n);
        note("locally", locally);
        let topic = b"b/1";
        let raised = event("B::b", 7);
        let raised =
            zeekwire_c::events::zw_event_raise(context, topic.as_ptr().cast(), topic.len(), raised);
        note("raise", raised);
    }
}

#[test]
fn handler_may_call_all_but_processing_and_destruction() {
    let peer = Peer::new("node");
    let filter = b"a";
    // SAFETY: the context and the notes live.
    let asked = unsafe {
        let (start, n, cookie) = (filter.as_ptr().cast(), filter.len(), peer.notes.cookie());
        zw_topic_subscribe(
            peer.context,
            ptr::null_mut(),
            start,
            n,
            Some(try_all),
            cookie,
        )
    };
    assert_eq!(asked, ZW_OK);
    peer.until("node b/1 B::b(7)");
    let told = peer.notes.all();
    let expected = [
        "process ZW_BUSY",
        "run ZW_BUSY",
        "destroy ZW_BUSY",
        "unset ZW_OK",
        "locally ZW_OK",
        "raise ZW_OK",
        "node b/1 B::b(7)",
    ];
    assert_eq!(told, expected);
}

/// Stops the context that calls it.
unsafe extern "C" fn stop(context: *mut zw_context, _: zw_result, cookie: *mut c_void) {
    // SAFETY: the library gave a context, and the cookie is notes.
    unsafe {
        assert_eq!(zw_context_stop(context, 100), ZW_OK);
        Notes::of(cookie).add("stopped");
    }
}

#[test]
fn handler_may_stop_its_context_and_is_the_last() {
    let peer = Peer::new("node");
    // SAFETY: the context and the notes live.
    unsafe {
        let (start, cookie) = (b"a".as_ptr().cast(), peer.notes.cookie());
        let done: zw_done_handler = Some(stop);
        for _ in 0..3 {
            let none = ptr::null_mut();
            let asked = zw_topic_subscribe(peer.context, none, start, 1, done, cookie);
            assert_eq!(asked, ZW_OK);
        }
        assert_eq!(zw_run(peer.context, 20_000), ZW_STOPPED);
    }
    assert_eq!(peer.notes.all(), ["stopped"]);
}

#[test]
fn another_thread_ends_a_run() {
    let peer = Peer::new("node");
    std::thread::scope(|scope| {
        scope.spawn(|| peer.stop_running());
        // SAFETY: as before.
        assert_eq!(unsafe { zw_run(peer.context, 20_000) }, ZW_OK);
    });
    // SAFETY: as before.
    assert_eq!(unsafe { zw_run(peer.context, 10) }, ZW_TIMEOUT);
}

#[test]
fn status_is_told_as_json() {
    let peer = Peer::new("node-7");
    let (mut p, mut n) = (ptr::null(), 0);
    // SAFETY: the context lives.
    let told = unsafe { zw_context_status_json(peer.context, &raw mut p, &raw mut n) };
    assert_eq!(told, ZW_OK);
    let json = common::slice(p, n);
    assert!(json.starts_with("{\"name\":\"node-7\""), "{json}");
}
