//! Connections and listeners.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use zeekwire::{AcceptHook, ConnectOptions, LinkId, ListenOptions, ListenerId, Retry};

use crate::boundary::{guard, text};
use crate::context::ContextPointer;
use crate::entry::{call, call_for};
use crate::failure::{Failure, Outcome, c_text, put};
use crate::handlers::{Callback, zw_link_handler};
use crate::options::optional_text;
use crate::{zw_context, zw_result};

/// Every topic may leave over the connection, not only what zw_topic_publish() names.
pub const ZW_AUTO_PUBLISH: u32 = 1;
/// The peer is asked for everything that the context subscribes to, not only for what is subscribed
/// on this connection.
pub const ZW_AUTO_SUBSCRIBE: u32 = 2;
/// Allows to listen where other machines can connect. Links are neither encrypted nor authenticated
/// yet: whoever reaches the port can read and write everything.
pub const ZW_INSECURE_REMOTE: u32 = 4;
/// Tries to connect once, and not again.
pub const ZW_ONE_ATTEMPT: u32 = 8;

const FLAGS: u32 = ZW_AUTO_PUBLISH | ZW_AUTO_SUBSCRIBE | ZW_INSECURE_REMOTE | ZW_ONE_ATTEMPT;

/// A connection to another node, made again whenever it is lost; or one that a peer made.
pub struct zw_connection {
    context: ContextPointer,
    link: LinkId,
    name: CString,
    location: String,
    opened: bool,
    /// Name of the peer, and what the program was shown last.
    peer: Mutex<(String, CString)>,
}

impl zw_connection {
    fn new(
        context: ContextPointer,
        link: LinkId,
        name: CString,
        location: &str,
        opened: bool,
    ) -> Self {
        Self {
            context,
            link,
            name,
            location: location.to_owned(),
            opened,
            peer: Mutex::default(),
        }
    }

    /// One that a peer made.
    pub(crate) fn accepted(context: ContextPointer, link: LinkId, name: CString) -> Self {
        Self::new(context, link, name, "", false)
    }

    /// The link's number within its node.
    pub(crate) const fn link(&self) -> LinkId {
        self.link
    }

    /// Whether this side opened it.
    pub(crate) const fn was_opened(&self) -> bool {
        self.opened
    }

    /// Where it was opened to; empty for those that peers made.
    pub(crate) fn location(&self) -> &str {
        &self.location
    }

    /// Whether it belongs to a context.
    pub(crate) fn is_of(&self, context: &zw_context) -> bool {
        ptr::eq(self.context.get(), context)
    }

    pub(crate) fn peer_name(&self) -> String {
        let peer = self.peer.lock().unwrap_or_else(PoisonError::into_inner);
        peer.0.clone()
    }

    pub(crate) fn set_peer(&self, name: &str) {
        let mut peer = self.peer.lock().unwrap_or_else(PoisonError::into_inner);
        name.clone_into(&mut peer.0);
    }

    /// The peer's name, valid until this is called after it has changed.
    fn show_peer(&self) -> *const c_char {
        let mut peer = self.peer.lock().unwrap_or_else(PoisonError::into_inner);
        if peer.1.as_bytes() != peer.0.as_bytes() {
            peer.1 = c_text(peer.0.as_str());
        }
        peer.1.as_ptr()
    }
}

/// Decides whether a peer may link. Runs on the context's IO thread: it must not block, nor call
/// any zw_ function. Strings are valid until it returns.
pub type zw_accept_handler = Option<
    unsafe extern "C" fn(
        peer_name: *const c_char,
        peer_program: *const c_char,
        location: *const c_char,
        cookie: *mut c_void,
    ) -> bool,
>;

/// An endpoint that a context listens at.
pub struct zw_listener {
    context: ContextPointer,
    listener: ListenerId,
    name: CString,
    bound: CString,
}

fn check_flags(flags: u32) -> Outcome {
    match flags & !FLAGS {
        0 => Ok(()),
        unknown => Err(Failure::invalid(format!(
            "the flags {unknown:#x} mean nothing to this version of the library"
        ))),
    }
}

impl zw_context {
    fn open(
        &self,
        name: Option<String>,
        location: &str,
        flags: u32,
    ) -> Outcome<*mut zw_connection> {
        check_flags(flags)?;
        let node = self.running()?.node();
        let options = ConnectOptions {
            retry: match flags & ZW_ONE_ATTEMPT {
                0 => Retry::Forever,
                _ => Retry::Attempts(1),
            },
            auto_advertise: flags & ZW_AUTO_PUBLISH != 0,
            auto_subscribe: flags & ZW_AUTO_SUBSCRIBE != 0,
            ..ConnectOptions::default()
        };
        let name = name.map_or_else(|| self.name_in_c().to_owned(), c_text);
        self.links().open(|| {
            let link = node.connect_with(location, options)?.id();
            let context = ContextPointer::of(self);
            Ok(Arc::new(zw_connection::new(
                context, link, name, location, true,
            )))
        })
    }

    fn close_link(&self, link: LinkId, flush_max_ms: u32) -> Outcome {
        if !self.links().close(link) {
            let text = "the connection has been closed before";
            return Err(Failure::new(zw_result::ZW_NOT_FOUND, text));
        }
        let flush_max = Duration::from_millis(flush_max_ms.into());
        let closed = self.running()?.node().link(link).close(flush_max);
        let links = Arc::clone(self.links());
        closed.then(move || links.forget(link));
        Ok(())
    }

    fn listen(
        &self,
        name: Option<String>,
        location: &str,
        flags: u32,
        accept: Option<Callback<Accept>>,
    ) -> Outcome<zw_listener> {
        check_flags(flags)?;
        let node = self.running()?.node();
        let own_name = self.name_in_c().to_owned();
        let accept = accept.map(|callback| accept_hook(callback, &own_name));
        let (listener, bound) = node.listen_with(
            location,
            ListenOptions {
                accept,
                insecure_remote: flags & ZW_INSECURE_REMOTE != 0,
                auto_advertise: flags & ZW_AUTO_PUBLISH != 0,
                auto_subscribe: flags & ZW_AUTO_SUBSCRIBE != 0,
                ..ListenOptions::default()
            },
        )?;
        Ok(zw_listener {
            context: ContextPointer::of(self),
            listener,
            name: name.map_or(own_name, c_text),
            bound: c_text(bound),
        })
    }
}

type Accept =
    unsafe extern "C" fn(*const c_char, *const c_char, *const c_char, *mut c_void) -> bool;

fn accept_hook(callback: Callback<Accept>, node: &CStr) -> AcceptHook {
    let node = node.to_string_lossy().into_owned();
    Arc::new(move |peer| {
        // Taken as a whole, so that the cookie crosses threads with its promise.
        let callback = &callback;
        let name = c_text(peer.node.name.as_str());
        let program = c_text(peer.program.as_str());
        let location = c_text(peer.endpoint.as_str());
        // SAFETY: the strings live during the call, and the program vouches for its function.
        let welcome = unsafe {
            (callback.function)(
                name.as_ptr(),
                program.as_ptr(),
                location.as_ptr(),
                callback.cookie,
            )
        };
        match welcome {
            true => Ok(()),
            false => Err(format!("{} is not welcome at {node}", peer.node.name)),
        }
    })
}

/// Connects, in the background, and again whenever the connection is lost, unless the flags say
/// otherwise. Starts the context. Returns a handle, or NULL: zw_context_errno() says why.
///
/// `location` is tcp://host:port, ipc:///path or inproc://id; of several, with commas between them,
/// one is connected to at a time. `name` is a label for people; NULL stands for the context's name.
/// `flags` are ZW_AUTO_PUBLISH, ZW_AUTO_SUBSCRIBE and ZW_ONE_ATTEMPT. A context may have several
/// connections.
///
/// Any thread. The handle belongs to the context: it ends with zw_connection_close(), or with
/// zw_context_destroy().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_connection_open(
    context: *mut zw_context,
    name: *const c_char,
    location: *const c_char,
    flags: u32,
) -> *mut zw_connection {
    let body = |context: &zw_context| {
        // SAFETY: C gave strings.
        let name = unsafe { optional_text(name, "name") }?;
        // SAFETY: as before.
        let location = unsafe { text(location) }.ok_or_else(|| Failure::unreadable("location"))?;
        context.open(name, location, flags)
    };
    // SAFETY: C gave a context.
    unsafe { call_for(context, ptr::null_mut(), body) }
}

/// Runs `body` with a connection and its context.
///
/// # Safety
/// `connection` is null or lives, and so does its context.
unsafe fn with_connection(
    connection: *const zw_connection,
    body: impl FnOnce(&zw_context, &zw_connection) -> Outcome,
) -> zw_result {
    // SAFETY: the caller vouches for it.
    match unsafe { connection.as_ref() } {
        None => zw_result::ZW_INVALID,
        // SAFETY: the caller vouches for the context.
        Some(connection) => unsafe {
            call(connection.context.get(), |context| {
                body(context, connection)
            })
        },
    }
}

/// Waits until the peer's subscriptions are effective here: what is published from then on reaches
/// it.
///
/// Any thread; the wait does not need zw_process(). ZW_TIMEOUT: not in time, attempts go on.
/// ZW_CONNECT: no further attempt will be made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_connection_wait(
    connection: *mut zw_connection,
    timeout_ms: u32,
) -> zw_result {
    let timeout = Duration::from_millis(timeout_ms.into());
    let body = |context: &zw_context, connection: &zw_connection| {
        let node = context.running()?.node();
        node.link(connection.link).wait_ready(timeout)?;
        Ok(())
    };
    // SAFETY: C gave a connection.
    unsafe { with_connection(connection, body) }
}

/// Closes a connection in the background, after what waits was sent, for at most `flush_max_ms`,
/// and connects no more. The handle must not be used any longer, but in a notice that still names
/// it.
///
/// Any thread; at most once for each handle. Connections that a peer made can be closed too, as
/// long as their handle lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_connection_close(
    connection: *mut zw_connection,
    flush_max_ms: u32,
) -> zw_result {
    // The handle may go while it is closed.
    // SAFETY: C gave a connection.
    let Some((context, link)) =
        unsafe { connection.as_ref() }.map(|known| (known.context, known.link))
    else {
        return zw_result::ZW_INVALID;
    };
    let body = |context: &zw_context| context.close_link(link, flush_max_ms);
    // SAFETY: the connection's context lives as long as it.
    unsafe { call(context.get(), body) }
}

/// The connection's label.
///
/// Any thread. The text lives as long as the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_connection_name(connection: *const zw_connection) -> *const c_char {
    // SAFETY: C gave a connection.
    unsafe { connection.as_ref() }.map_or(c"".as_ptr(), |connection| connection.name.as_ptr())
}

/// The peer's node name; empty as long as there never was one.
///
/// One thread at a time. The text is valid until the function is called for the same connection
/// again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_connection_peer(connection: *const zw_connection) -> *const c_char {
    // SAFETY: C gave a connection.
    match unsafe { connection.as_ref() } {
        Some(connection) => guard(c"".as_ptr(), || connection.show_peer()),
        None => c"".as_ptr(),
    }
}

/// Listens. Starts the context. Returns a handle, or NULL: zw_context_errno() says why.
///
/// `location` as for zw_connection_open(); port 0 takes a free one. `*bound`, if `bound` is not
/// NULL, is the endpoint that was really bound; the text lives as long as the handle. `name` is a
/// label for people; NULL stands for the context's name. `flags` are ZW_AUTO_PUBLISH,
/// ZW_AUTO_SUBSCRIBE and ZW_INSECURE_REMOTE. `accept` decides about each peer; without, everybody
/// is welcome. Peers that connect are told of by zw_on_link().
///
/// Any thread. The handle ends with zw_listener_close(), or with zw_context_destroy(); until then
/// `accept` may be called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_connection_listen(
    context: *mut zw_context,
    name: *const c_char,
    location: *const c_char,
    flags: u32,
    accept: zw_accept_handler,
    cookie: *mut c_void,
    bound: *mut *const c_char,
) -> *mut zw_listener {
    let accept = Callback::new(accept, cookie);
    let body = |context: &zw_context| {
        // SAFETY: C gave strings.
        let name = unsafe { optional_text(name, "name") }?;
        // SAFETY: as before.
        let location = unsafe { text(location) }.ok_or_else(|| Failure::unreadable("location"))?;
        let listener = context.listen(name, location, flags, accept)?;
        // SAFETY: C gave a place for it, or NULL.
        unsafe { put(bound, listener.bound.as_ptr()) };
        Ok(context.keep_listener(listener))
    };
    // SAFETY: C gave a context.
    unsafe { call_for(context, ptr::null_mut(), body) }
}

/// Stops listening, and frees the handle. Peers that connected stay. NULL is ignored.
///
/// Any thread. Within one turn of the IO thread, `accept` may still be called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_listener_close(listener: *mut zw_listener) {
    // SAFETY: C gave a listener.
    let Some(context) = unsafe { listener.as_ref() }.map(|known| known.context) else {
        return;
    };
    let body = |context: &zw_context| {
        if let Some(gone) = context.take_listener(listener) {
            context.running()?.node().close_listener(gone.listener);
        }
        Ok(())
    };
    // SAFETY: the listener's context lives as long as it.
    unsafe { call(context.get(), body) };
}

/// The listener's label.
///
/// Any thread. The text lives as long as the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_listener_name(listener: *const zw_listener) -> *const c_char {
    // SAFETY: C gave a listener.
    unsafe { listener.as_ref() }.map_or(c"".as_ptr(), |listener| listener.name.as_ptr())
}

/// Calls `handler` for what happens to links; NULL ends that.
///
/// Any thread; with another thread inside zw_process(), the old handler may run once more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_on_link(
    context: *mut zw_context,
    handler: zw_link_handler,
    cookie: *mut c_void,
) -> zw_result {
    let callback = Callback::new(handler, cookie);
    let body = |context: &zw_context| {
        context
            .handlers()
            .change(|handlers| handlers.link = callback);
        Ok(())
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}
