//! Events to one member of a group, and questions to all.

mod common;

use std::collections::BTreeSet;
use std::ffi::{CString, c_void};
use std::ptr;
use std::time::Instant;

use common::{Notes, Peer, c, event, first_count, text};
use zeekwire_c::context::*;
use zeekwire_c::events::*;
use zeekwire_c::messages::*;
use zeekwire_c::pools::*;
use zeekwire_c::surveys::*;
use zeekwire_c::value_view::zw_list;
use zeekwire_c::zw_class;
use zeekwire_c::{zw_result, zw_result::*};

/// A member of the pool "proxy".
fn proxy(name: &str) -> Peer {
    let label: &'static CString = Box::leak(Box::new(c("proxy")));
    let labels: &'static [_; 1] = Box::leak(Box::new([label.as_ptr()]));
    Peer::with(name, |options| {
        (options.pools, options.pool_count) = (labels.as_ptr(), 1)
    })
}

#[test]
fn pools_give_each_event_to_one_member() {
    let proxies = [proxy("proxy-1"), proxy("proxy-2")];
    proxies[0].listen("inproc://pool");
    let worker = Peer::new("worker");
    worker.connect("inproc://pool");
    proxies[1].connect("inproc://pool");
    worker.until("member up proxy-1  proxy");
    worker.until("member up proxy-2  proxy");
    let (label, pattern) = (c("proxy"), c("proxy-*"));
    // SAFETY: the contexts live.
    unsafe {
        let pool = zw_pool_new_label(worker.context, label.as_ptr());
        for number in 0..10 {
            let raised = zw_event_raise_next(worker.context, pool, event("Next::one", number));
            assert_eq!(raised, ZW_OK);
        }
        zw_pool_delete(pool);
        let pool = zw_pool_new_pattern(worker.context, pattern.as_ptr());
        // Each key twice: it goes to the same member both times.
        for key in (0..20_u64).chain(0..20) {
            let (start, n) = ((&raw const key).cast(), size_of::<u64>());
            let event = event("Hashed::one", key);
            let raised = zw_event_raise_hashed(worker.context, pool, start, n, event);
            assert_eq!(raised, ZW_OK);
        }
        zw_pool_delete(pool);
    }
    let got = |peer: &Peer, name: &str| -> Vec<String> {
        let mut notes = peer.notes.all();
        notes.retain(|note| note.contains(name));
        notes
    };
    let deadline = Instant::now() + common::PATIENCE;
    let total = |name: &str| {
        proxies
            .iter()
            .map(|peer| got(peer, name).len())
            .sum::<usize>()
    };
    while total("Next::one(") < 10 || total("Hashed::one(") < 40 {
        assert!(Instant::now() < deadline, "not all events arrived");
        proxies.iter().for_each(|peer| _ = peer.process());
    }
    for peer in &proxies {
        assert_eq!(got(peer, "Next::one(").len(), 5);
        let hashed = got(peer, "Hashed::one(");
        let unlike: BTreeSet<_> = hashed.iter().collect();
        assert_eq!(hashed.len(), 2 * unlike.len(), "a key went to two members");
        assert!(!hashed.is_empty());
    }
}

#[test]
fn pool_without_members_refuses() {
    let lone = Peer::new("lone");
    let label = c("logger");
    // SAFETY: the context lives.
    unsafe {
        let pool = zw_pool_new_label(lone.context, label.as_ptr());
        let raised = zw_event_raise_next(lone.context, pool, event("A::a", 0));
        assert_eq!(raised, ZW_EMPTY_POOL);
        zw_pool_delete(pool);
        assert!(zw_pool_new_label(lone.context, ptr::null()).is_null());
    }
    assert_eq!(lone.errno().0, ZW_INVALID);
}

#[test]
fn member_of_its_own_pool_hears_itself() {
    let lone = proxy("proxy-1");
    let label = c("proxy");
    // SAFETY: the context lives.
    unsafe {
        let pool = zw_pool_new_label(lone.context, label.as_ptr());
        assert_eq!(
            zw_event_raise_next(lone.context, pool, event("A::a", 1)),
            ZW_OK
        );
        zw_pool_delete(pool);
    }
    lone.until("proxy-1 .node.proxy-1 A::a(1)");
}

#[test]
fn message_to_a_node_reaches_that_one() {
    let (hub, spoke, other) = (Peer::new("hub"), Peer::new("spoke"), Peer::new("other"));
    hub.listen("inproc://to-node");
    spoke.connect("inproc://to-node");
    other.connect("inproc://to-node");
    spoke.until("member up other  ");
    let (node, format) = (c("other"), c("raw"));
    let class = std::mem::MaybeUninit::new(zw_class::ZW_CLASS_EVENT);
    // SAFETY: the contexts and the notes live.
    unsafe {
        assert_eq!(
            zw_on_message(other.context, Some(note_raw), other.notes.cookie()),
            ZW_OK
        );
        let (at, form, payload) = (node.as_ptr(), format.as_ptr(), b"hello");
        let sent = zw_publish_to_node(spoke.context, class, at, form, payload.as_ptr(), 5);
        assert_eq!(sent, ZW_OK);
    }
    other.until("spoke raw hello");
}

unsafe extern "C" fn note_raw(_: *mut zw_context, message: *const zw_message, cookie: *mut c_void) {
    // SAFETY: the library gave a message, and the cookie is notes.
    unsafe {
        let mut n = 0;
        let payload = zw_message_payload(message, &raw mut n);
        let payload = common::slice(payload.cast(), n);
        let (publisher, format) = (
            text(zw_message_publisher(message)),
            text(zw_message_format(message)),
        );
        Notes::of(cookie).add(format!("{publisher} {format} {payload}"));
    }
}

/// Answers a question with its number and one more.
unsafe extern "C" fn answer(context: *mut zw_context, question: *const zw_message, _: *mut c_void) {
    // SAFETY: the library gave a question.
    unsafe {
        let mut args = std::mem::zeroed::<zw_list>();
        let none = ptr::null_mut();
        assert_eq!(
            zw_message_event(question, none, none.cast(), &raw mut args),
            ZW_OK
        );
        let number = first_count(&raw const args);
        assert_eq!(
            zw_answer(context, question, event("Load::is", number + 1)),
            ZW_OK
        );
    }
}

/// Notes answers, and "over".
unsafe extern "C" fn note_answer(
    context: *mut zw_context,
    message: *const zw_message,
    cookie: *mut c_void,
) {
    // SAFETY: the library gave an answer or NULL, and the cookie is notes.
    unsafe {
        let notes = Notes::of(cookie);
        if message.is_null() {
            return notes.add("over");
        }
        let mut args = std::mem::zeroed::<zw_list>();
        let none = ptr::null_mut();
        assert_eq!(
            zw_message_event(message, none, none.cast(), &raw mut args),
            ZW_OK
        );
        let publisher = text(zw_message_publisher(message));
        let (format, number) = (
            text(zw_message_format(message)),
            first_count(&raw const args),
        );
        notes.add(format!("{publisher} {format} {number}"));
        // No answer can be answered, as it is no question.
        assert_eq!(
            zw_answer(context, ptr::null(), event("A::a", 1)),
            ZW_INVALID
        );
    }
}

fn ask(peer: &Peer, topic: &str, count_max: usize, timeout_ms: u32) -> zw_result {
    // SAFETY: the context and the notes live.
    unsafe {
        zw_survey(
            peer.context,
            topic.as_ptr().cast(),
            topic.len(),
            event("Load::ask", 7),
            count_max,
            timeout_ms,
            Some(note_answer),
            peer.notes.cookie(),
        )
    }
}

#[test]
fn surveys_collect_one_answer_of_each_node_and_end() {
    let hub = Peer::new("hub");
    hub.listen("inproc://survey");
    let workers = ["worker-1", "worker-2"].map(Peer::new);
    for worker in &workers {
        worker.connect("inproc://survey");
        // SAFETY: the context lives.
        let set = unsafe {
            let (filter, none) = (b"load/*", ptr::null_mut());
            zw_on_question(
                worker.context,
                filter.as_ptr().cast(),
                6,
                Some(answer),
                none,
            )
        };
        assert_eq!(set, ZW_OK);
    }
    hub.until_so("members", |notes| {
        notes.has("member up worker-1  ") && notes.has("member up worker-2  ")
    });
    assert_eq!(ask(&hub, ".bad", 2, 20_000), ZW_TOPIC);
    // Who answers becomes known in a moment: ask until both do.
    std::thread::scope(|scope| {
        for worker in &workers {
            scope.spawn(|| worker.run_until_stopped());
        }
        let both = ["worker-1 capnp-v1 8", "worker-2 capnp-v1 8"];
        let deadline = Instant::now() + common::PATIENCE;
        while !both.iter().all(|answer| hub.notes.has(answer)) {
            assert!(Instant::now() < deadline, "{:?}", hub.notes.all());
            hub.notes.clear();
            assert_eq!(ask(&hub, "load/now", 2, 500), ZW_OK);
            hub.until("over");
        }
        assert_eq!(hub.notes.all().len(), 3, "{:?}", hub.notes.all());
        workers.iter().for_each(Peer::stop_running);
    });
}

#[test]
fn survey_without_answers_is_over_in_time() {
    let lone = Peer::new("lone");
    assert_eq!(ask(&lone, "load/now", 0, 30), ZW_OK);
    lone.until("over");
    assert_eq!(lone.notes.count("over"), 1);
}

#[test]
fn answer_comes_in_the_questions_format() {
    let (hub, worker) = (Peer::new("hub"), Peer::new("worker"));
    hub.listen("inproc://survey-format");
    worker.connect("inproc://survey-format");
    // SAFETY: the context lives.
    unsafe {
        let (filter, none) = (b"load", ptr::null_mut());
        let set = zw_on_question(
            worker.context,
            filter.as_ptr().cast(),
            4,
            Some(answer),
            none,
        );
        assert_eq!(set, ZW_OK);
    }
    let event = zeekwire::Event::new("Load::ask", [zeekwire::Value::Count(3)]);
    let serializer = zeekwire::serializer::by_name("broker-json-v1").expect("it is built in");
    let mut payload = Vec::new();
    serializer.encode(&event, &mut payload).expect("it can be");
    let format = c("broker-json-v1");
    std::thread::scope(|scope| {
        scope.spawn(|| worker.run_until_stopped());
        hub.until_so("answer", |notes| {
            // SAFETY: the context and the notes live.
            let asked = unsafe {
                zw_survey_encoded(
                    hub.context,
                    b"load".as_ptr().cast(),
                    4,
                    format.as_ptr(),
                    payload.as_ptr(),
                    payload.len(),
                    1,
                    100,
                    Some(note_answer),
                    hub.notes.cookie(),
                )
            };
            assert_eq!(asked, ZW_OK);
            notes.has("worker broker-json-v1 4")
        });
        worker.stop_running();
    });
}
