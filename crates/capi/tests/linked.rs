//! Two contexts and more, linked: events, messages, notices, and what is meant for one link only.

mod common;

use std::ffi::{c_char, c_void};
use std::ptr;

use common::{AUTO, Notes, Peer, c, first_count, slice, text};
use zeekwire_c::connections::*;
use zeekwire_c::context::*;
use zeekwire_c::events::*;
use zeekwire_c::members::zw_on_topic;
use zeekwire_c::messages::*;
use zeekwire_c::topics::*;
use zeekwire_c::value_view::*;
use zeekwire_c::{zw_class, zw_result::*};

/// One hears what the other raises, at an endpoint.
fn exchange(location: &str) {
    let (hub, spoke) = (Peer::new("hub"), Peer::new("spoke"));
    let bound = hub.listen(location);
    hub.subscribe("to-hub/*");
    let connection = spoke.connect(&bound);
    spoke.subscribe("to-spoke/*");
    assert_eq!(spoke.raise("to-hub/1", "A::a", 1), ZW_OK);
    assert_eq!(hub.raise("to-spoke/1", "B::b", 2), ZW_OK);
    assert_eq!(hub.raise("to-nobody", "B::b", 3), ZW_OK);
    hub.until("spoke to-hub/1 A::a(1)");
    spoke.until("hub to-spoke/1 B::b(2)");
    // SAFETY: the connection lives.
    unsafe {
        assert_eq!(text(zw_connection_peer(connection)), "hub");
        assert_eq!(text(zw_connection_name(connection)), "spoke");
    }
}

#[test]
fn events_travel_over_tcp() {
    exchange("tcp://127.0.0.1:0");
}

#[test]
fn events_travel_over_ipc() {
    let folder = tempfile::tempdir().expect("a folder");
    exchange(&format!("ipc://{}", folder.path().join("s").display()));
}

#[test]
fn events_travel_within_the_process() {
    exchange("inproc://exchange");
}

#[test]
fn endpoints_that_cannot_be_are_told_why() {
    let peer = Peer::new("node");
    let refused = |location: &str, flags: u32| {
        let location = c(location);
        // SAFETY: the context lives.
        let listener = unsafe {
            let (name, cookie) = (ptr::null(), ptr::null_mut());
            let at = location.as_ptr();
            zw_connection_listen(peer.context, name, at, flags, None, cookie, ptr::null_mut())
        };
        assert!(listener.is_null());
        peer.errno().0
    };
    assert_eq!(refused("tcp://0.0.0.0:0", AUTO), ZW_NOT_LOCAL);
    assert_eq!(refused("tcp://127.0.0.1:0", 64), ZW_INVALID);
    assert_eq!(refused("http://here", AUTO), ZW_INVALID);
    let bound = peer.listen("tcp://127.0.0.1:0");
    assert_eq!(refused(&bound, AUTO), ZW_LISTEN);
    // Nobody listens there, and one attempt is all.
    let lonely = Peer::new("lonely");
    let connection = lonely.open("inproc://nobody", AUTO | ZW_ONE_ATTEMPT);
    // SAFETY: the connection lives.
    let waited = unsafe { zw_connection_wait(connection, 20_000) };
    assert_eq!(waited, ZW_CONNECT);
    lonely.until("failed ");
}

/// Keeps a message, looks at it after its handler, and at its parts.
unsafe extern "C" fn keep(_: *mut zw_context, message: *const zw_message, cookie: *mut c_void) {
    // SAFETY: the library gave a message, and the cookie is a place for one.
    unsafe { *cookie.cast::<*mut zw_message>() = zw_message_keep(message) };
}

#[test]
fn kept_messages_outlive_their_handler_and_context() {
    let kept: Vec<*mut zw_message> = {
        let (hub, spoke) = (Peer::new("hub"), Peer::new("spoke"));
        hub.listen("inproc://keeping");
        spoke.connect("inproc://keeping");
        hub.subscribe("a");
        let mut place: *mut zw_message = ptr::null_mut();
        let cookie = (&raw mut place).cast();
        // SAFETY: the context and the place live.
        unsafe { assert_eq!(zw_on_message(hub.context, Some(keep), cookie), ZW_OK) };
        // Small ones are copied, large ones pinned.
        let payloads = [vec![7; 10], vec![8; 20_000], vec![9; 1_000_000]];
        let kept = payloads.iter().map(|payload| {
            let (topic, format) = (b"a", c("raw"));
            // SAFETY: the context lives.
            let sent = unsafe {
                let class = std::mem::MaybeUninit::new(zw_class::ZW_CLASS_LOG);
                let (p, n) = (payload.as_ptr(), payload.len());
                zw_publish(
                    spoke.context,
                    class,
                    topic.as_ptr().cast(),
                    1,
                    format.as_ptr(),
                    p,
                    n,
                )
            };
            assert_eq!(sent, ZW_OK);
            let place = &raw const place;
            // SAFETY: it lives, and only handlers write to it.
            hub.until_so("message", |_| !unsafe { place.read_volatile() }.is_null());
            // SAFETY: as before.
            unsafe { std::mem::replace(&mut *place.cast_mut(), ptr::null_mut()) }
        });
        kept.collect()
    };
    for (message, (fill, len)) in kept.into_iter().zip([(7, 10), (8, 20_000), (9, 1_000_000)]) {
        // SAFETY: the message was kept.
        unsafe {
            let again = zw_message_keep(message);
            zw_message_release(message);
            let mut n = 0;
            let payload = zw_message_payload(again, &raw mut n);
            assert_eq!((n, payload.addr() % 8), (len, 0));
            assert!(
                std::slice::from_raw_parts(payload, n)
                    .iter()
                    .all(|byte| *byte == fill)
            );
            assert_eq!(text(zw_message_publisher(again)), "spoke");
            assert_eq!(text(zw_message_format(again)), "raw");
            assert_eq!(zw_message_class(again), zw_class::ZW_CLASS_LOG);
            assert_eq!(zw_message_survey(again), 0);
            let event = zw_message_event(again, ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
            assert_eq!(event, ZW_DECODE);
            zw_message_release(again);
        }
    }
}

/// Notes an event in whatever format, and its time.
unsafe extern "C" fn note_converted(
    _: *mut zw_context,
    message: *const zw_message,
    name: *const c_char,
    n: usize,
    args: *const zw_list,
    cookie: *mut c_void,
) {
    // SAFETY: the library gave what the types say.
    unsafe {
        let (mut id, mut value) = (0, std::mem::zeroed::<zw_value>());
        let time = zw_message_metadata(message, 0, &raw mut id, &raw mut value);
        let time = match time {
            ZW_OK => format!("{id} at {}", value.r#as.real),
            other => format!("{other:?}"),
        };
        let (format, name) = (text(zw_message_format(message)), slice(name, n));
        let count = first_count(args);
        Notes::of(cookie).add(format!("{format} {name}({count}) {time}"));
    }
}

#[test]
fn event_handlers_are_found_by_name_and_read_every_format() {
    let (hub, spoke) = (Peer::new("hub"), Peer::new("spoke"));
    hub.listen("inproc://formats");
    spoke.connect("inproc://formats");
    hub.subscribe("a");
    let name = c("A::timed");
    // SAFETY: the context and the notes live.
    unsafe {
        let handler = Some(note_converted as _);
        let set = zw_on_event(hub.context, name.as_ptr(), handler, hub.notes.cookie());
        assert_eq!(set, ZW_OK);
    }
    assert_eq!(spoke.raise("a", "A::timed", 1), ZW_OK);
    assert_eq!(spoke.raise("a", "A::other", 2), ZW_OK);
    hub.until("capnp-v1 A::timed(1) 1 at 1.5");
    hub.until("spoke a A::other(2)");
    // The same from a program that speaks Broker's format.
    let event = zeekwire::Event::new("A::timed", [zeekwire::Value::Count(3)]);
    let format = zeekwire::serializer::by_name("broker-bin-v1").expect("it is built in");
    let mut payload = Vec::new();
    format.encode(&event, &mut payload).expect("it can be");
    let format = c("broker-bin-v1");
    // SAFETY: the context lives.
    unsafe {
        let class = std::mem::MaybeUninit::new(zw_class::ZW_CLASS_EVENT);
        let (p, n, at) = (payload.as_ptr(), payload.len(), format.as_ptr());
        let sent = zw_publish(spoke.context, class, b"a".as_ptr().cast(), 1, at, p, n);
        assert_eq!(sent, ZW_OK);
    }
    hub.until("broker-bin-v1 A::timed(3) ZW_END");
}

#[test]
fn members_and_links_are_told_of_until_they_go() {
    let hub = Peer::new("hub");
    hub.listen("inproc://members");
    let alias = c("life-1");
    let labels = [c("proxy"), c("eu")];
    let labels = labels.each_ref().map(|label| label.as_ptr());
    let spoke = Peer::with("spoke", |options| {
        options.alias = alias.as_ptr();
        (options.pools, options.pool_count) = (labels.as_ptr(), labels.len());
    });
    spoke.connect("inproc://members");
    hub.until("up spoke");
    hub.until("ready spoke");
    hub.until("member up spoke life-1 proxy+eu");
    spoke.until("member up hub  ");
    drop(spoke);
    hub.until("down spoke");
    hub.until("member down spoke life-1 proxy+eu");
    assert_eq!(hub.notes.count("member up spoke life-1 proxy+eu"), 1);
}

/// Welcomes those whose name starts with "good".
unsafe extern "C" fn good_only(
    peer: *const c_char,
    _program: *const c_char,
    _location: *const c_char,
    cookie: *mut c_void,
) -> bool {
    // SAFETY: the library gave strings, and the cookie is notes.
    unsafe { Notes::of(cookie).add(format!("asked {}", text(peer))) };
    text(peer).starts_with("good")
}

#[test]
fn peers_that_are_not_welcome_are_told_so() {
    let hub = Peer::new("hub");
    let (location, asked) = (c("inproc://welcome"), Notes::default());
    // SAFETY: the context and the notes live.
    unsafe {
        let (name, at, cookie) = (ptr::null(), location.as_ptr(), asked.cookie());
        let accept: zw_accept_handler = Some(good_only);
        let bound = ptr::null_mut();
        let listener = zw_connection_listen(hub.context, name, at, AUTO, accept, cookie, bound);
        assert!(!listener.is_null());
        let good = Peer::new("good");
        good.connect("inproc://welcome");
        let evil = Peer::new("evil");
        let refused = evil.open("inproc://welcome", AUTO | ZW_ONE_ATTEMPT);
        assert_eq!(zw_connection_wait(refused, 20_000), ZW_CONNECT);
        assert!(
            evil.errno().1.contains("evil is not welcome at hub"),
            "{:?}",
            evil.errno()
        );
        assert_eq!(asked.all(), ["asked good", "asked evil"]);
        zw_listener_close(listener);
        drop((good, evil));
    }
    drop(hub);
}

#[test]
fn closed_connection_is_told_of_once_more() {
    let (hub, spoke) = (Peer::new("hub"), Peer::new("spoke"));
    hub.listen("inproc://closing");
    let connection = spoke.connect("inproc://closing");
    // SAFETY: the connection lives until then.
    assert_eq!(unsafe { zw_connection_close(connection, 1000) }, ZW_OK);
    spoke.until("down hub");
    hub.until("down spoke");
}

#[test]
fn subscription_on_one_connection_comes_with_every_link_of_it() {
    let (left, right) = (Peer::new("left"), Peer::new("right"));
    let folder = tempfile::tempdir().expect("a folder");
    let location = format!("ipc://{}", folder.path().join("left").display());
    right.listen("inproc://right");
    let middle = Peer::with("middle", |options| options.no_forwarding = true);
    // Nobody listens on the left yet.
    let to_left = middle.open(&location, 0);
    middle.subscribe_on(to_left, "a");
    middle.connect("inproc://right");
    assert!(!middle.notes.has("done a"));
    left.listen(&location);
    middle.until("done a");
    assert_eq!(left.raise("a", "A::a", 1), ZW_OK);
    assert_eq!(right.raise("a", "A::a", 2), ZW_OK);
    middle.until("left a A::a(1)");
    // The next life of the left node is asked again.
    drop(left);
    middle.until("down left");
    let left = Peer::new("left");
    left.listen(&location);
    left.until("ready middle");
    assert_eq!(left.raise("a", "A::a", 3), ZW_OK);
    middle.until("left a A::a(3)");
    assert!(!middle.notes.has("right a A::a(2)"));
    let filter = b"a";
    // SAFETY: the context and the connection live.
    unsafe {
        let (start, n, none) = (filter.as_ptr().cast(), 1, ptr::null_mut());
        let taken = zw_topic_unsubscribe(middle.context, to_left, start, n, None, none);
        assert_eq!(taken, ZW_OK);
        let taken = zw_topic_unsubscribe(middle.context, to_left, start, n, None, none);
        assert_eq!(taken, ZW_NOT_FOUND);
    }
}

#[test]
fn only_what_is_published_leaves_over_a_connection_without_auto_publish() {
    let (hub, spoke) = (Peer::new("hub"), Peer::new("spoke"));
    hub.listen("inproc://advertised");
    hub.subscribe("*");
    let connection = spoke.open("inproc://advertised", ZW_AUTO_SUBSCRIBE);
    let filter = b"open/*";
    // SAFETY: the context and the connection live.
    unsafe {
        let (start, n, none) = (filter.as_ptr().cast(), filter.len(), ptr::null_mut());
        // Before the link is up.
        let told = zw_topic_publish(spoke.context, connection, start, n, None, none);
        assert_eq!(told, ZW_OK);
        assert_eq!(zw_connection_wait(connection, 20_000), ZW_OK);
    }
    assert_eq!(spoke.raise("closed", "A::a", 1), ZW_OK);
    assert_eq!(spoke.raise("open/1", "A::a", 2), ZW_OK);
    hub.until("spoke open/1 A::a(2)");
    assert!(!hub.notes.has("spoke closed A::a(1)"));
}

#[test]
fn what_is_local_stays_and_what_is_own_comes_only_locally() {
    let (hub, spoke) = (Peer::new("hub"), Peer::new("spoke"));
    hub.listen("inproc://local");
    spoke.connect("inproc://local");
    hub.subscribe("*");
    spoke.subscribe("*");
    // SAFETY: the context lives.
    let locally = |call: unsafe extern "C" fn(*mut zw_context, *const c_char, usize) -> _,
                   filter: &str| unsafe {
        assert_eq!(
            call(spoke.context, filter.as_ptr().cast(), filter.len()),
            ZW_OK
        );
    };
    locally(zw_topic_subscribe_locally, "mine/*");
    locally(zw_topic_publish_locally, "mine/kept");
    for (topic, number) in [("mine/kept", 1), ("mine/told", 2), ("other", 3)] {
        assert_eq!(spoke.raise(topic, "A::a", number), ZW_OK);
    }
    spoke.until("spoke mine/kept A::a(1)");
    spoke.until("spoke mine/told A::a(2)");
    hub.until("spoke other A::a(3)");
    assert!(hub.notes.has("spoke mine/told A::a(2)"));
    assert!(!hub.notes.has("spoke mine/kept A::a(1)"));
    // Of what comes over the link, both subscriptions want the same message, which comes once.
    assert_eq!(hub.raise("mine/theirs", "A::a", 4), ZW_OK);
    assert_eq!(hub.raise("mine/theirs", "A::a", 5), ZW_OK);
    spoke.until("hub mine/theirs A::a(5)");
    assert_eq!(spoke.notes.count("hub mine/theirs A::a(4)"), 1);
    assert!(!spoke.notes.has("spoke other A::a(3)"));
    locally(zw_topic_unpublish_locally, "mine/kept");
    locally(zw_topic_unsubscribe_locally, "mine/*");
    assert_eq!(spoke.raise("mine/kept", "A::a", 6), ZW_OK);
    hub.until("spoke mine/kept A::a(6)");
    spoke.settle();
    assert!(!spoke.notes.has("spoke mine/kept A::a(6)"));
}

#[test]
fn filters_are_counted_and_done_each_time() {
    let (hub, spoke) = (Peer::new("hub"), Peer::new("spoke"));
    hub.listen("inproc://counted");
    spoke.connect("inproc://counted");
    for _ in 0..2 {
        hub.subscribe_on(ptr::null_mut(), "a");
    }
    hub.until_so("second completion", |notes| notes.count("done a") == 2);
    let unsubscribe = || {
        // SAFETY: the context lives.
        unsafe {
            let (start, none) = (b"a".as_ptr().cast(), ptr::null_mut());
            zw_topic_unsubscribe(hub.context, ptr::null_mut(), start, 1, None, none)
        }
    };
    assert_eq!(unsubscribe(), ZW_OK);
    assert_eq!(spoke.raise("a", "A::a", 1), ZW_OK);
    hub.until("spoke a A::a(1)");
    assert_eq!(unsubscribe(), ZW_OK);
    assert_eq!(unsubscribe(), ZW_NOT_FOUND);
}

#[test]
fn rules_pass_on_from_one_connection_to_another() {
    let border = Peer::with("border", |options| options.forwarding_rules = true);
    let (left, right) = (Peer::new("left"), Peer::new("right"));
    left.listen("inproc://rule-left");
    right.listen("inproc://rule-right");
    let (to_left, to_right) = (
        border.connect("inproc://rule-left"),
        border.connect("inproc://rule-right"),
    );
    let filter = b"a/*";
    let (start, n) = (filter.as_ptr().cast(), filter.len());
    // SAFETY: the context and the connections live.
    unsafe {
        assert_eq!(
            zw_topic_forward(border.context, start, n, to_left, to_right),
            ZW_OK
        );
        assert_eq!(
            zw_topic_forward(border.context, start, n, to_left, ptr::null_mut()),
            ZW_INVALID
        );
        assert_eq!(
            zw_topic_forward(left.context, start, n, to_left, to_right),
            ZW_INVALID
        );
    }
    right.subscribe("a/*");
    // The rule reaches the left node behind our back: publish until it has.
    right.until_so("forwarded event", |notes| {
        assert_eq!(left.raise("a/1", "A::a", 1), ZW_OK);
        notes.has("left a/1 A::a(1)")
    });
    // SAFETY: as before.
    unsafe {
        assert_eq!(
            zw_topic_unforward(border.context, start, n, to_left, to_right),
            ZW_OK
        );
    }
}

/// Notes "wanted filter" and its end.
unsafe extern "C" fn note_topic(
    _: *mut zw_context,
    filter: *const c_char,
    n: usize,
    subscribed: bool,
    cookie: *mut c_void,
) {
    let what = if subscribed { "wanted" } else { "unwanted" };
    // SAFETY: the library gave a filter, and the cookie is notes.
    unsafe { Notes::of(cookie).add(format!("{what} {}", slice(filter, n))) };
}

#[test]
fn topics_of_others_are_told_of() {
    let hub = Peer::with("hub", |options| options.watch_topics = true);
    // SAFETY: the context and the notes live.
    let set = unsafe { zw_on_topic(hub.context, Some(note_topic), hub.notes.cookie()) };
    assert_eq!(set, ZW_OK);
    hub.listen("inproc://watched");
    let spoke = Peer::new("spoke");
    spoke.connect("inproc://watched");
    spoke.subscribe("a/*");
    hub.until("wanted a/*");
    drop(spoke);
    hub.until("unwanted a/*");
}

#[test]
fn prefixes_become_filters() {
    let filter_of = |prefix: &[u8], cap: usize| {
        let mut out = vec![0_u8; cap];
        // SAFETY: there is room for as much.
        let n = unsafe {
            let (start, out) = (prefix.as_ptr().cast(), out.as_mut_ptr().cast());
            zw_topic_of_prefix(start, prefix.len(), out, cap)
        };
        (n, out)
    };
    assert_eq!(filter_of(b"zeek/", 6), (6, b"zeek/*".to_vec()));
    assert_eq!(filter_of(br"a*\", 6), (6, br"a\*\\*".to_vec()));
    assert_eq!(filter_of(b"zeek/", 2), (6, b"ze".to_vec()));
    assert_eq!(filter_of(b"", 1), (1, b"*".to_vec()));
}
