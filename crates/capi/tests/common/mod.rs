//! What the tests of the C functions share: contexts that end, and handlers that take notes.

#![allow(dead_code, reason = "each test uses its part")]

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zeekwire_c::connections::*;
use zeekwire_c::context::*;
use zeekwire_c::events::*;
use zeekwire_c::handlers::*;
use zeekwire_c::messages::*;
use zeekwire_c::options::*;
use zeekwire_c::processing::*;
use zeekwire_c::topics::*;
use zeekwire_c::value_view::*;
use zeekwire_c::values::*;
use zeekwire_c::{zw_result, zw_result::*};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const AUTO: u32 = ZW_AUTO_PUBLISH | ZW_AUTO_SUBSCRIBE;

/// A string for C.
pub(crate) fn c(text: &str) -> CString {
    CString::new(text).expect("no zero bytes")
}

/// Text from C.
pub(crate) fn text(from: *const c_char) -> String {
    assert!(!from.is_null());
    // SAFETY: the library gave a C string.
    let text = unsafe { CStr::from_ptr(from) };
    text.to_string_lossy().into_owned()
}

/// Text of a length from C.
pub(crate) fn slice(from: *const c_char, n: usize) -> String {
    // SAFETY: the library gave `n` characters.
    let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), n) };
    String::from_utf8_lossy(bytes).into_owned()
}

/// Options with a name, and zeros.
pub(crate) fn options(name: &CStr) -> zw_context_options {
    // SAFETY: zeros are the defaults of all options.
    let mut options: zw_context_options = unsafe { std::mem::zeroed() };
    options.size = size_of::<zw_context_options>();
    options.name = name.as_ptr();
    options
}

/// What handlers were told, in words.
#[derive(Default)]
pub(crate) struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, note: impl Into<String>) {
        self.lock().push(note.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.lock().clone()
    }

    pub(crate) fn count(&self, note: &str) -> usize {
        self.lock().iter().filter(|known| *known == note).count()
    }

    pub(crate) fn has(&self, note: &str) -> bool {
        self.count(note) > 0
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn cookie(&self) -> *mut c_void {
        ptr::from_ref(self).cast_mut().cast()
    }

    /// The notes behind a cookie.
    ///
    /// # Safety
    /// They live.
    pub(crate) unsafe fn of<'a>(cookie: *mut c_void) -> &'a Self {
        // SAFETY: the caller vouches for it.
        unsafe { &*cookie.cast::<Self>() }
    }
}

/// A context with notes of what it was told.
pub(crate) struct Peer {
    pub(crate) context: *mut zw_context,
    pub(crate) notes: Box<Notes>,
}

// SAFETY: contexts may be used by any thread.
unsafe impl Send for Peer {}
// SAFETY: as before.
unsafe impl Sync for Peer {}

impl Peer {
    pub(crate) fn new(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    /// A context with options; those that point somewhere must point to something static.
    pub(crate) fn with(name: &str, edit: impl FnOnce(&mut zw_context_options)) -> Self {
        let name = c(name);
        let mut options = options(&name);
        edit(&mut options);
        let mut error = ptr::null();
        // SAFETY: the options live during the call.
        let context = unsafe { zw_context_create(&raw const options, &raw mut error) };
        assert!(!context.is_null(), "{}", text(error));
        let notes = Box::<Notes>::default();
        let peer = Self { context, notes };
        let cookie = peer.notes.cookie();
        // SAFETY: the notes outlive the context.
        unsafe {
            assert_eq!(zw_on_link(context, Some(note_link), cookie), ZW_OK);
            assert_eq!(
                zw_on_event(context, ptr::null(), Some(note_event), cookie),
                ZW_OK
            );
            let done = zeekwire_c::members::zw_on_member(context, Some(note_member), cookie);
            assert_eq!(done, ZW_OK);
        }
        peer
    }

    pub(crate) fn errno(&self) -> (zw_result, String) {
        // SAFETY: the context lives.
        unsafe {
            (
                zw_context_errno(self.context),
                text(zw_context_strerror(self.context)),
            )
        }
    }

    pub(crate) fn start(&self) {
        // SAFETY: the context lives.
        assert_eq!(unsafe { zw_context_start(self.context) }, ZW_OK);
    }

    /// Listens, and returns the endpoint.
    pub(crate) fn listen(&self, location: &str) -> String {
        let location = c(location);
        let mut bound = ptr::null();
        // SAFETY: the context lives.
        let listener = unsafe {
            let (name, cookie) = (ptr::null(), ptr::null_mut());
            let at = location.as_ptr();
            zw_connection_listen(self.context, name, at, AUTO, None, cookie, &raw mut bound)
        };
        assert!(!listener.is_null(), "{:?}", self.errno());
        text(bound)
    }

    pub(crate) fn open(&self, location: &str, flags: u32) -> *mut zw_connection {
        let location = c(location);
        // SAFETY: the context lives.
        let connection =
            unsafe { zw_connection_open(self.context, ptr::null(), location.as_ptr(), flags) };
        assert!(!connection.is_null(), "{:?}", self.errno());
        connection
    }

    /// Connects, and waits until the peer's subscriptions are effective.
    pub(crate) fn connect(&self, location: &str) -> *mut zw_connection {
        let connection = self.open(location, AUTO);
        // SAFETY: the connection lives.
        let ready = unsafe { zw_connection_wait(connection, 20_000) };
        assert_eq!(ready, ZW_OK, "{:?}", self.errno());
        connection
    }

    /// Subscribes on all connections, and waits until that is effective.
    pub(crate) fn subscribe(&self, filter: &str) {
        self.subscribe_on(ptr::null_mut(), filter);
        self.until(&format!("done {filter}"));
    }

    pub(crate) fn subscribe_on(&self, connection: *mut zw_connection, filter: &str) {
        let note = Box::leak(Box::new((self.notes.cookie(), format!("done {filter}"))));
        let cookie = ptr::from_mut(note).cast();
        // SAFETY: the context and the notes live.
        let asked = unsafe {
            let (start, n) = (filter.as_ptr().cast(), filter.len());
            zw_topic_subscribe(self.context, connection, start, n, Some(note_done), cookie)
        };
        assert_eq!(asked, ZW_OK, "{:?}", self.errno());
    }

    /// Raises an event with one count.
    pub(crate) fn raise(&self, topic: &str, name: &str, number: u64) -> zw_result {
        let event = event(name, number);
        // SAFETY: the context lives.
        unsafe { zw_event_raise(self.context, topic.as_ptr().cast(), topic.len(), event) }
    }

    /// Handles what there is.
    pub(crate) fn process(&self) -> u32 {
        let mut handled = 0;
        // SAFETY: the context lives.
        let done = unsafe { zw_process(self.context, ptr::null(), &raw mut handled) };
        assert_eq!(done, ZW_OK, "{:?}", self.errno());
        handled
    }

    /// Handles what comes until somebody ends that.
    pub(crate) fn run_until_stopped(&self) {
        // SAFETY: the context lives.
        assert_eq!(unsafe { zw_run(self.context, 60_000) }, ZW_OK);
    }

    /// Ends a run.
    pub(crate) fn stop_running(&self) {
        // SAFETY: the context lives.
        unsafe { zw_stop_running(self.context) }
    }

    /// Handles what comes until a note is there.
    pub(crate) fn until(&self, note: &str) {
        self.until_so(note, |notes| notes.has(note));
    }

    pub(crate) fn until_so(&self, what: &str, is_so: impl Fn(&Notes) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(&self.notes) {
            // SAFETY: the context lives.
            let done = unsafe { zw_run(self.context, 5) };
            assert!(matches!(done, ZW_OK | ZW_TIMEOUT), "{:?}", self.errno());
            let late = Instant::now() > deadline;
            assert!(!late, "no {what} among {:?}", self.notes.all());
        }
    }

    /// Handles what comes for a while, in which nothing should.
    pub(crate) fn settle(&self) {
        // SAFETY: the context lives.
        let done = unsafe { zw_run(self.context, 50) };
        assert_eq!(done, ZW_TIMEOUT);
    }

    /// Whether the descriptor is readable within a time.
    pub(crate) fn is_readable(&self, timeout_ms: i32) -> bool {
        // SAFETY: the context lives.
        let fd = unsafe { zw_context_fd(self.context) };
        assert!(fd >= 0);
        let mut polled = libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one descriptor.
        unsafe { libc::poll(&raw mut polled, 1, timeout_ms) == 1 }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // SAFETY: nobody uses the context any more.
        let gone = unsafe { zw_context_destroy(self.context) };
        assert_eq!(gone, ZW_OK);
    }
}

/// An event with one count.
pub(crate) fn event(name: &str, number: u64) -> *mut zw_event {
    let name = c(name);
    // SAFETY: fresh values, which the event takes.
    unsafe {
        let values = zw_values_new();
        assert_eq!(zw_values_add_count(values, number), ZW_OK);
        let event = zw_event_new(name.as_ptr(), 1.5, values);
        assert!(!event.is_null());
        event
    }
}

/// The count that is an event's first argument.
///
/// # Safety
/// The arguments live.
pub(crate) unsafe fn first_count(args: *const zw_list) -> u64 {
    // SAFETY: zeros are a value, and the caller vouches for the arguments.
    unsafe {
        let mut value: zw_value = std::mem::zeroed();
        assert_eq!(zw_list_get(args, 0, &raw mut value), ZW_OK);
        assert_eq!(value.r#type, zw_type::ZW_COUNT);
        value.r#as.count
    }
}

/// Notes "publisher topic name(count)".
unsafe extern "C" fn note_event(
    _: *mut zw_context,
    message: *const zw_message,
    name: *const c_char,
    n: usize,
    args: *const zw_list,
    cookie: *mut c_void,
) {
    // SAFETY: the library gave what the types say.
    unsafe {
        let mut topic_n = 0;
        let topic = zw_message_topic(message, &raw mut topic_n);
        let publisher = text(zw_message_publisher(message));
        let (topic, name) = (slice(topic, topic_n), slice(name, n));
        let count = first_count(args);
        Notes::of(cookie).add(format!("{publisher} {topic} {name}({count})"));
    }
}

/// Notes "done filter"; the cookie is the notes and the text.
unsafe extern "C" fn note_done(_: *mut zw_context, result: zw_result, cookie: *mut c_void) {
    // SAFETY: the cookie is what `subscribe_on` made.
    unsafe {
        let (notes, note) = &*cookie.cast::<(*mut c_void, String)>();
        match result {
            ZW_OK => Notes::of(*notes).add(note.as_str()),
            other => Notes::of(*notes).add(format!("{note}: {other:?}")),
        }
    }
}

/// Notes "up peer" and its like.
unsafe extern "C" fn note_link(
    _: *mut zw_context,
    change: zw_link_change,
    connection: *mut zw_connection,
    peer: *const c_char,
    _location: *const c_char,
    reason: *const c_char,
    cookie: *mut c_void,
) {
    // SAFETY: the library gave what the types say.
    unsafe {
        assert!(!connection.is_null());
        let (peer, _) = (text(peer), text(zw_connection_name(connection)));
        let what = match change {
            zw_link_change::ZW_LINK_UP => "up",
            zw_link_change::ZW_LINK_READY => "ready",
            zw_link_change::ZW_LINK_DOWN => "down",
            zw_link_change::ZW_LINK_FAILED => "failed",
        };
        let notes = Notes::of(cookie);
        notes.add(format!("{what} {peer}"));
        if matches!(what, "down" | "failed") {
            notes.add(format!("because {}", text(reason)));
        }
    }
}

/// Notes "member up name alias pools".
unsafe extern "C" fn note_member(
    _: *mut zw_context,
    change: zw_member_change,
    member: *const zeekwire_c::members::zw_member,
    cookie: *mut c_void,
) {
    // SAFETY: the library gave what the types say.
    unsafe {
        let member = &*member;
        let what = match change {
            zw_member_change::ZW_MEMBER_UP => "up",
            zw_member_change::ZW_MEMBER_DOWN => "down",
            zw_member_change::ZW_MEMBER_YIELDED => "yielded",
        };
        let pools = std::slice::from_raw_parts(member.pools, member.pool_count);
        let pools: Vec<_> = pools.iter().map(|pool| text(*pool)).collect();
        Notes::of(cookie).add(format!(
            "member {what} {} {} {}",
            text(member.name),
            text(member.alias),
            pools.join("+")
        ));
    }
}
