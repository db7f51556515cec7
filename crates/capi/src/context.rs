//! A context: one node of a cluster, as C holds it.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use zeekwire::{Inproc, MemberEvent, Node, Signalled, Subscription, Topic, TopicFilter};

use crate::boundary::guard;
use crate::connections::zw_listener;
use crate::departures::Departures;
use crate::entry::call;
use crate::failure::{Failure, Outcome, c_text, last_result, last_text, put};
use crate::fork;
use crate::handlers::HandlerTable;
use crate::links::Links;
use crate::members::KnownMembers;
use crate::notices::{Mailbox, Notice};
use crate::options::{Settings, zw_context_options};
use crate::signals::with_signals_blocked;
use crate::surveys::Surveys;
use crate::topics::Topics;
use crate::waker::Waker;
use crate::zw_result;

/// One node of a cluster. A process may have several; each has a thread of its own, once started.
pub struct zw_context {
    /// Tells contexts apart, also those at the same place one after the other.
    number: u64,
    settings: Settings,
    name: CString,
    mailbox: Arc<Mailbox>,
    links: Arc<Links>,
    running: OnceLock<Running>,
    starting: Mutex<()>,
    /// The process that started it; 0 for none.
    generation: AtomicU32,
    stopped: AtomicBool,
    broken: AtomicBool,
    handlers: HandlerTable,
    topics: Topics,
    surveys: Surveys,
    departures: Mutex<Departures>,
    listeners: Mutex<Vec<Arc<zw_listener>>>,
    processing: AtomicBool,
    stop_running: AtomicBool,
    status: Mutex<Vec<u8>>,
    known_members: Mutex<KnownMembers>,
}

/// What there is once the node has started.
pub(crate) struct Running {
    node: Node,
    /// All that comes over links, and by joining it, all else that is received.
    main: Signalled,
    /// This node's own publications.
    locally: Subscription,
    /// Questions, once somebody answers any.
    pub(crate) questions: Mutex<Option<Subscription>>,
}

impl Running {
    pub(crate) const fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) const fn main(&self) -> &Signalled {
        &self.main
    }

    pub(crate) const fn locally(&self) -> &Subscription {
        &self.locally
    }
}

/// Where a context stands in memory. It is looked at by C's calls only, during which it lives.
#[derive(Clone, Copy)]
pub(crate) struct ContextPointer(*const zw_context);

// SAFETY: a context may be used by any thread; whether it lives is the business of whoever does.
unsafe impl Send for ContextPointer {}
// SAFETY: as before.
unsafe impl Sync for ContextPointer {}

impl ContextPointer {
    pub(crate) const fn of(context: &zw_context) -> Self {
        Self(context)
    }

    pub(crate) const fn get(self) -> *const zw_context {
        self.0
    }
}

impl Default for ContextPointer {
    fn default() -> Self {
        Self(ptr::null())
    }
}

static CONTEXTS: AtomicU64 = AtomicU64::new(1);

impl zw_context {
    fn new(settings: Settings) -> Self {
        let mailbox = Arc::new(Mailbox::default());
        Self {
            number: CONTEXTS.fetch_add(1, Ordering::Relaxed),
            name: c_text(settings.name.as_str()),
            settings,
            links: Arc::new(Links::new(Arc::clone(&mailbox))),
            mailbox,
            running: OnceLock::new(),
            starting: Mutex::default(),
            generation: AtomicU32::new(0),
            stopped: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            handlers: HandlerTable::default(),
            topics: Topics::default(),
            surveys: Surveys::default(),
            departures: Mutex::default(),
            listeners: Mutex::default(),
            processing: AtomicBool::new(false),
            stop_running: AtomicBool::new(false),
            status: Mutex::default(),
            known_members: Mutex::default(),
        }
    }

    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn name_in_c(&self) -> &CStr {
        &self.name
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) const fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    pub(crate) const fn links(&self) -> &Arc<Links> {
        &self.links
    }

    pub(crate) const fn handlers(&self) -> &HandlerTable {
        &self.handlers
    }

    pub(crate) const fn topics(&self) -> &Topics {
        &self.topics
    }

    pub(crate) fn departures(&self) -> MutexGuard<'_, Departures> {
        // Nothing in there panics half-way through a change.
        self.departures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) const fn surveys(&self) -> &Surveys {
        &self.surveys
    }

    pub(crate) const fn processing(&self) -> &AtomicBool {
        &self.processing
    }

    pub(crate) const fn stop_running(&self) -> &AtomicBool {
        &self.stop_running
    }

    pub(crate) fn known_members(&self) -> MutexGuard<'_, KnownMembers> {
        self.known_members
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Whether calls may do anything here.
    pub(crate) fn admit(&self) -> Outcome {
        if self.is_foreign() {
            return Err(Failure::new(
                zw_result::ZW_FORKED,
                "the context was started by a process of which this is a forked child: create \
                 another one here",
            ));
        }
        if self.broken.load(Ordering::Acquire) {
            return Err(Failure::new(
                zw_result::ZW_PANIC,
                "a fault of the library ended the context before",
            ));
        }
        Ok(())
    }

    /// Whether another process has started it.
    fn is_foreign(&self) -> bool {
        let generation = self.generation.load(Ordering::Acquire);
        generation != 0 && generation != fork::current()
    }

    /// A fault showed: nothing more is done here.
    pub(crate) fn give_up(&self) {
        self.broken.store(true, Ordering::Release);
    }

    /// What runs; starts the node if it has yet to.
    pub(crate) fn running(&self) -> Outcome<&Running> {
        match self.running.get() {
            Some(_) if self.is_stopped() => Err(Failure::stopped()),
            Some(running) => Ok(running),
            None => self.start(),
        }
    }

    fn start(&self) -> Outcome<&Running> {
        let starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_stopped() {
            return Err(Failure::stopped());
        }
        if self.running.get().is_none() {
            if self.mailbox.waker().is_none() {
                let waker = Waker::new();
                let waker = waker.map_err(|error| Failure::system("no descriptor", &error))?;
                self.mailbox.open(waker);
            }
            let generation = fork::generation();
            let running = with_signals_blocked(|| self.start_node())?;
            self.links
                .begin(&running.node, ContextPointer::of(self), &self.name);
            self.generation.store(generation, Ordering::Release);
            let _never_set_before = self.running.set(running);
        }
        drop(starting);
        self.running.get().ok_or_else(Failure::stopped)
    }

    fn start_node(&self) -> Outcome<Running> {
        let links = Arc::clone(&self.links);
        let mut builder = self.settings.builder(&meeting_place());
        builder = builder.on_link_event(move |event| links.hear(event));
        let mailbox = Arc::clone(&self.mailbox);
        builder = builder.on_member_event(move |event| match event {
            MemberEvent::Up(member) => mailbox.push(Notice::MemberUp(member.clone())),
            MemberEvent::Down(node) => mailbox.push(Notice::MemberDown(node.clone())),
            MemberEvent::Yielded { to } => mailbox.push(Notice::Yielded(to.clone())),
            _ => {}
        });
        if self.settings.watch_topics {
            let mailbox = Arc::clone(&self.mailbox);
            builder = builder.on_topic_change(move |filter, subscribed| {
                let filter = filter.as_bytes().to_vec();
                mailbox.push(Notice::Topic { filter, subscribed });
            });
        }
        let node = builder.start()?;
        // What is sent to this node by its name always arrives, also what it sends itself. Only a
        // name of hundreds of backslashes has no such filter.
        let own = TopicFilter::exact(Topic::of_node(&node.id().name).as_bytes()).ok();
        let own: Vec<_> = own.iter().map(TopicFilter::as_bytes).collect();
        let mailbox = Arc::clone(&self.mailbox);
        let main = node
            .subscribe(&own)?
            .queue(self.settings.inbox_bytes_max, self.settings.inbox_policy)
            .signalled(move || mailbox.wake())?;
        let locally = node.subscribe(&own)?.locally().joined(&main)?;
        Ok(Running {
            node,
            main,
            locally,
            questions: Mutex::default(),
        })
    }

    fn stop(&self, flush_max: Duration) {
        self.stopped.store(true, Ordering::Release);
        // Not while the node is being started.
        drop(self.starting.lock().unwrap_or_else(PoisonError::into_inner));
        self.mailbox.close();
        if let Some(running) = self.running.get() {
            running.node.shut_down(flush_max);
        }
        self.links.end();
        self.surveys.end();
    }

    pub(crate) fn keep_listener(&self, listener: zw_listener) -> *mut zw_listener {
        let listener = Arc::new(listener);
        let handle = Arc::as_ptr(&listener).cast_mut();
        self.listeners().push(listener);
        handle
    }

    pub(crate) fn take_listener(&self, handle: *const zw_listener) -> Option<Arc<zw_listener>> {
        let mut listeners = self.listeners();
        let place = listeners
            .iter()
            .position(|listener| ptr::eq(Arc::as_ptr(listener), handle))?;
        Some(listeners.swap_remove(place))
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<Arc<zw_listener>>> {
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn show_status(&self) -> Outcome<(*const c_char, usize)> {
        let status = self.running()?.node.status();
        let json = serde_json::to_vec(&status);
        let json = json.map_err(|error| Failure::system("the status cannot be told", &error))?;
        let mut shown = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        *shown = json;
        Ok((shown.as_ptr().cast(), shown.len()))
    }
}

/// Where contexts of this process meet at inproc:// endpoints. A forked child has one of its own,
/// since its parent's may be locked for ever.
fn meeting_place() -> Inproc {
    static PLACE: AtomicPtr<(u32, Inproc)> = AtomicPtr::new(ptr::null_mut());
    let generation = fork::generation();
    let known = PLACE.load(Ordering::Acquire);
    // SAFETY: what is stored here is never freed.
    if let Some((of, place)) = unsafe { known.as_ref() }
        && *of == generation
    {
        return place.clone();
    }
    let new = Box::into_raw(Box::new((generation, Inproc::new())));
    match PLACE.compare_exchange(known, new, Ordering::AcqRel, Ordering::Acquire) {
        // SAFETY: it was just made, and is never freed any more.
        Ok(_) => unsafe { &*new }.1.clone(),
        Err(_another_thread_was_first) => {
            // SAFETY: it was just made, and nobody else knows of it.
            drop(unsafe { Box::from_raw(new) });
            meeting_place()
        }
    }
}

thread_local! {
    /// Why this thread's last zw_context_create() failed.
    static CREATE_ERROR: RefCell<CString> = RefCell::default();
}

/// Makes a context. Starts no thread and opens nothing, so that the process may fork after it.
///
/// NULL when the options break a rule, or there is no memory; then `*error`, if `error` is not
/// NULL, says why, until the thread's next call that fails.
///
/// Any thread. The context ends with zw_context_destroy().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_context_create(
    options: *const zw_context_options,
    error: *mut *const c_char,
) -> *mut zw_context {
    let create = || {
        // SAFETY: C gave options.
        let settings = unsafe { Settings::read(options) }?;
        Ok(Box::into_raw(Box::new(zw_context::new(settings))))
    };
    let fault = || Err(Failure::new(zw_result::ZW_PANIC, "the library has a fault"));
    guard(None, || Some(create()))
        .unwrap_or_else(fault)
        .unwrap_or_else(|failure| {
            let text = CREATE_ERROR.with_borrow_mut(|shown| {
                *shown = c_text(failure.text);
                shown.as_ptr()
            });
            // SAFETY: C gave a place for it, or NULL.
            unsafe { put(error, text) };
            ptr::null_mut()
        })
}

/// Starts the node. The first call that listens, connects, subscribes or raises does so too;
/// starting it again is fine. After a fork, every call with a context that the parent started
/// returns ZW_FORKED.
///
/// Any thread. The node's own thread has all signals blocked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_context_start(context: *mut zw_context) -> zw_result {
    // SAFETY: C gave a context.
    unsafe { call(context, |context| context.running().map(|_| ())) }
}

/// Ends the node: sends what waits for at most `flush_max_ms`, and closes all links. What was
/// received and not processed is dropped, and no handler is called any more, but one that is
/// running on another thread. The context cannot be started again. Doing it again is fine.
///
/// Any thread, also from handlers. Waits for the flush.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_context_stop(context: *mut zw_context, flush_max_ms: u32) -> zw_result {
    let flush_max = Duration::from_millis(flush_max_ms.into());
    let body = |context: &zw_context| {
        context.stop(flush_max);
        Ok(())
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}

/// Frees a context with all its handles but messages that were kept; ends the node first, without
/// a flush, if it runs. NULL is ignored.
///
/// ZW_BUSY, and nothing is done: zw_process() or zw_run() is at work, as it always is in a handler.
/// In a forked child of the process that started it, ZW_FORKED, and the memory stays as it is.
///
/// One thread; no other call with this context may be at work, or come after it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_context_destroy(context: *mut zw_context) -> zw_result {
    // SAFETY: C gave a context.
    let Some(known) = (unsafe { context.as_ref() }) else {
        return zw_result::ZW_OK;
    };
    if known.is_foreign() {
        return zw_result::ZW_FORKED;
    }
    if known.processing.load(Ordering::Acquire) {
        // SAFETY: C gave a context, and this call leaves it alone.
        return unsafe {
            call(context, |_| {
                Err(Failure::new(
                    zw_result::ZW_BUSY,
                    "a context cannot be destroyed while zw_process() or zw_run() is at work: \
                     call zw_stop_running() or zw_context_stop(), and destroy it afterwards",
                ))
            })
        };
    }
    guard(zw_result::ZW_PANIC, || {
        known.stop(Duration::ZERO);
        // SAFETY: `zw_context_create` made it, and C gives it up.
        drop(unsafe { Box::from_raw(context) });
        zw_result::ZW_OK
    })
}

/// The node's name. Any thread. The text lives as long as the context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_context_name(context: *const zw_context) -> *const c_char {
    // SAFETY: C gave a context.
    unsafe { context.as_ref() }.map_or(c"".as_ptr(), |context| context.name.as_ptr())
}

/// The result of the last call of this thread with this context that failed; ZW_OK if none did.
/// Calls that succeed leave it as it is.
///
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_context_errno(context: *const zw_context) -> zw_result {
    // SAFETY: C gave a context.
    match unsafe { context.as_ref() } {
        Some(context) => guard(zw_result::ZW_PANIC, || last_result(context.number)),
        None => zw_result::ZW_INVALID,
    }
}

/// What zw_context_errno() means here: what failed, where, and what to do. Never NULL.
///
/// Any thread. The text is valid until this thread's next call with the context that fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_context_strerror(context: *const zw_context) -> *const c_char {
    // SAFETY: C gave a context.
    match unsafe { context.as_ref() } {
        Some(context) => guard(c"".as_ptr(), || last_text(context.number)),
        None => c"the context must not be NULL".as_ptr(),
    }
}

/// What the node sees of itself, as JSON: links, queues, drops, members. `*p` has `*n` bytes, which
/// belong to the context and are valid until the next call.
///
/// One thread at a time. Waits for the node's thread, a moment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_context_status_json(
    context: *mut zw_context,
    p: *mut *const c_char,
    n: *mut usize,
) -> zw_result {
    let body = |context: &zw_context| {
        let (start, len) = context.show_status()?;
        // SAFETY: C gave places for them, or NULL.
        unsafe {
            put(p, start);
            put(n, len);
        }
        Ok(())
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}
