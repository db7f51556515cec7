//! The program's handlers: who is called for what.
//!
//! All of them run inside `zw_process` or `zw_run`, one at a time, on the thread that called that.

use std::collections::HashMap;
use std::ffi::{c_char, c_void};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use zeekwire::Glob;

use crate::connections::zw_connection;
use crate::members::zw_member;
use crate::messages::zw_message;
use crate::value_view::zw_list;
use crate::{zw_context, zw_result};

/// Is told once that a request is done.
pub type zw_done_handler =
    Option<unsafe extern "C" fn(context: *mut zw_context, result: zw_result, cookie: *mut c_void)>;

/// Is given a message, which is valid until the handler returns; see zw_message_keep().
pub type zw_message_handler = Option<
    unsafe extern "C" fn(context: *mut zw_context, message: *const zw_message, cookie: *mut c_void),
>;

/// Is given an event. `name` has `n` bytes; it, `args` and all that is read from them are valid
/// until the handler returns.
pub type zw_event_handler = Option<
    unsafe extern "C" fn(
        context: *mut zw_context,
        message: *const zw_message,
        name: *const c_char,
        n: usize,
        args: *const zw_list,
        cookie: *mut c_void,
    ),
>;

/// Is given each answer to a survey, and NULL when it is over.
pub type zw_answer_handler = Option<
    unsafe extern "C" fn(context: *mut zw_context, answer: *const zw_message, cookie: *mut c_void),
>;

/// What happened to a member.
#[repr(i32)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum zw_member_change {
    /// It is there: what is published from now on reaches it.
    ZW_MEMBER_UP = 1,
    /// It is gone.
    ZW_MEMBER_DOWN = 2,
    /// This other node has the better right to this node's name. All links were closed; stop the
    /// context.
    ZW_MEMBER_YIELDED = 3,
}

/// Is told of members. For each name, ups and downs take turns. `member` is valid until the
/// handler returns.
pub type zw_member_handler = Option<
    unsafe extern "C" fn(
        context: *mut zw_context,
        change: zw_member_change,
        member: *const zw_member,
        cookie: *mut c_void,
    ),
>;

/// What happened to a link.
#[repr(i32)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum zw_link_change {
    /// Both sides agreed to talk.
    ZW_LINK_UP = 1,
    /// The peer's subscriptions are effective here: what is published from now on reaches it.
    ZW_LINK_READY = 2,
    /// The link ended. Connections that this side opened are made again, unless they were closed
    /// or opened with ZW_ONE_ATTEMPT.
    ZW_LINK_DOWN = 3,
    /// An attempt to connect failed.
    ZW_LINK_FAILED = 4,
}

impl zw_link_change {
    /// Whether the link is not there after it.
    pub(crate) const fn is_end(self) -> bool {
        matches!(self, Self::ZW_LINK_DOWN | Self::ZW_LINK_FAILED)
    }
}

/// Is told of links. `connection` of a peer that connected by itself lives until the handler
/// returns from its ZW_LINK_DOWN. Strings are never NULL, empty where nothing is known, and valid
/// until the handler returns.
pub type zw_link_handler = Option<
    unsafe extern "C" fn(
        context: *mut zw_context,
        change: zw_link_change,
        connection: *mut zw_connection,
        peer: *const c_char,
        location: *const c_char,
        reason: *const c_char,
        cookie: *mut c_void,
    ),
>;

/// Is told that the first subscriber to a filter came, anywhere in the cluster, or that the last
/// one went. `filter` has `n` bytes and is valid until the handler returns.
pub type zw_topic_handler = Option<
    unsafe extern "C" fn(
        context: *mut zw_context,
        filter: *const c_char,
        n: usize,
        subscribed: bool,
        cookie: *mut c_void,
    ),
>;

/// The functions behind the types above: what is there when they are not NULL.
pub(crate) type Done = unsafe extern "C" fn(*mut zw_context, zw_result, *mut c_void);
pub(crate) type OnMessage = unsafe extern "C" fn(*mut zw_context, *const zw_message, *mut c_void);
pub(crate) type OnEvent = unsafe extern "C" fn(
    *mut zw_context,
    *const zw_message,
    *const c_char,
    usize,
    *const zw_list,
    *mut c_void,
);
pub(crate) type OnMember =
    unsafe extern "C" fn(*mut zw_context, zw_member_change, *const zw_member, *mut c_void);
pub(crate) type OnLink = unsafe extern "C" fn(
    *mut zw_context,
    zw_link_change,
    *mut zw_connection,
    *const c_char,
    *const c_char,
    *const c_char,
    *mut c_void,
);
pub(crate) type OnTopic =
    unsafe extern "C" fn(*mut zw_context, *const c_char, usize, bool, *mut c_void);

/// A function of the program's, and what it is to be called with.
#[derive(Clone, Copy)]
pub(crate) struct Callback<F: Copy> {
    pub(crate) function: F,
    pub(crate) cookie: *mut c_void,
}

// SAFETY: the cookie is only handed back; which thread that may be is told to the program.
unsafe impl<F: Copy + Send> Send for Callback<F> {}
// SAFETY: as before.
unsafe impl<F: Copy + Sync> Sync for Callback<F> {}

impl<F: Copy> Callback<F> {
    /// The callback, unless the function is NULL.
    pub(crate) fn new(function: Option<F>, cookie: *mut c_void) -> Option<Self> {
        function.map(|function| Self { function, cookie })
    }
}

/// Everybody who is to be called.
#[derive(Clone, Default)]
pub(crate) struct Handlers {
    pub(crate) events: HashMap<Vec<u8>, Callback<OnEvent>>,
    pub(crate) any_event: Option<Callback<OnEvent>>,
    pub(crate) message: Option<Callback<OnMessage>>,
    pub(crate) questions: Vec<(Glob, Callback<OnMessage>)>,
    pub(crate) member: Option<Callback<OnMember>>,
    pub(crate) link: Option<Callback<OnLink>>,
    pub(crate) topic: Option<Callback<OnTopic>>,
}

impl Handlers {
    /// Who handles an event of this name.
    pub(crate) fn of_event(&self, name: &[u8]) -> Option<Callback<OnEvent>> {
        self.events.get(name).copied().or(self.any_event)
    }

    /// Whether anybody handles events.
    pub(crate) fn want_events(&self) -> bool {
        self.any_event.is_some() || !self.events.is_empty()
    }
}

/// The handlers in force. Whoever calls them works with a copy, so that they may change meanwhile.
#[derive(Default)]
pub(crate) struct HandlerTable {
    current: Mutex<Arc<Handlers>>,
    generation: AtomicU64,
}

impl HandlerTable {
    /// Changes the handlers.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Handlers)) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut current));
        self.generation.fetch_add(1, Ordering::Release);
    }

    fn snapshot(&self) -> (u64, Arc<Handlers>) {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        // The generation changes under the lock only.
        (
            self.generation.load(Ordering::Acquire),
            Arc::clone(&current),
        )
    }

    /// The handlers, for whoever calls them.
    pub(crate) fn follow(&self) -> Following<'_> {
        let (generation, handlers) = self.snapshot();
        Following {
            table: self,
            generation,
            handlers,
        }
    }
}

/// A copy of the handlers that follows the changes.
pub(crate) struct Following<'a> {
    table: &'a HandlerTable,
    generation: u64,
    handlers: Arc<Handlers>,
}

impl Following<'_> {
    /// The handlers in force now.
    pub(crate) fn now(&mut self) -> &Handlers {
        if self.table.generation.load(Ordering::Acquire) != self.generation {
            (self.generation, self.handlers) = self.table.snapshot();
        }
        &self.handlers
    }
}
