//! Calling the program's handlers: a bounded turn at a time, or for as long as it wants.

use std::ffi::c_char;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use zeekwire::{Member, NodeId, Single};

use crate::context::Running;
use crate::entry::{call, call_for};
use crate::failure::{Failure, Outcome, c_text, put};
use crate::handlers::{Following, zw_link_change, zw_member_change};
use crate::members::show_member;
use crate::messages::zw_message;
use crate::notices::{LinkNotice, Notice};
use crate::options::{read_sized, zw_budget};
use crate::surveys::Survey;
use crate::{zw_context, zw_result};

/// Bytes that one turn handles where the program says nothing.
const BYTES_MAX: u64 = 256 * 1024;

/// What is left of a turn.
struct Turn<'a> {
    context: &'a zw_context,
    /// As the program knows it.
    handle: *mut zw_context,
    handlers: Following<'a>,
    bytes_left: u64,
    messages_left: u32,
    deadline: Option<Instant>,
    /// Ends when zw_stop_running() was called.
    heeds_stop: bool,
    handled: u32,
}

/// Marks the context as being processed, as long as it lives.
struct Claim<'a>(&'a AtomicBool);

impl<'a> Claim<'a> {
    fn new(context: &'a zw_context) -> Outcome<Self> {
        match context.processing().swap(true, Ordering::AcqRel) {
            false => Ok(Self(context.processing())),
            true => Err(Failure::new(
                zw_result::ZW_BUSY,
                "zw_process() or zw_run() is at work on this context: one thread at a time, and \
                 never from a handler",
            )),
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl<'a> Turn<'a> {
    fn new(context: &'a zw_context, handle: *mut zw_context, budget: Option<zw_budget>) -> Self {
        let unbounded = |bound: u64| if bound == 0 { u64::MAX } else { bound };
        let budget = budget.unwrap_or(zw_budget {
            size: 0,
            bytes_max: BYTES_MAX,
            time_max_ns: 0,
            messages_max: 0,
        });
        let time_max = (budget.time_max_ns > 0).then(|| Duration::from_nanos(budget.time_max_ns));
        Self {
            context,
            handle,
            handlers: context.handlers().follow(),
            bytes_left: unbounded(budget.bytes_max),
            messages_left: match budget.messages_max {
                0 => u32::MAX,
                most => most,
            },
            deadline: time_max.and_then(|time| Instant::now().checked_add(time)),
            heeds_stop: false,
            handled: 0,
        }
    }

    /// Handles what there is, as far as the budget allows. Whether there is more shows in the
    /// descriptor.
    fn run(&mut self, running: &Running) {
        let mailbox = self.context.mailbox();
        if let Some(waker) = mailbox.waker() {
            waker.lower();
        }
        while self.may_go_on()
            && let Some(notice) = mailbox.pop()
        {
            self.tell_in_turn(running, notice);
        }
        self.take_messages(running);
        self.tell_departures(running);
        if !mailbox.is_empty() || self.owes_departures(running) {
            mailbox.wake();
        }
        running.main().signal_if_waiting();
    }

    /// Tells a notice, or keeps it until what arrived before was handled.
    fn tell_in_turn(&mut self, running: &Running, notice: Notice) {
        let is_member = matches!(notice, Notice::MemberUp(_) | Notice::MemberDown(_));
        let mut departures = self.context.departures();
        let (handled, arrived) = running.main().progress();
        let waits =
            !departures.is_empty() || matches!(notice, Notice::MemberDown(_)) && handled < arrived;
        if is_member && waits {
            departures.keep(arrived, notice);
            return;
        }
        drop(departures);
        self.tell(notice);
    }

    /// Tells of members what need not wait any longer.
    fn tell_departures(&mut self, running: &Running) {
        loop {
            // Handlers run without the lock.
            let (handled, _) = running.main().progress();
            let next = self.context.departures().next(handled);
            match next {
                Some(notice) => self.tell(notice),
                None => return,
            }
        }
    }

    /// Whether notices wait that no message will bring on.
    fn owes_departures(&self, running: &Running) -> bool {
        let (handled, arrived) = running.main().progress();
        handled == arrived && !self.context.departures().is_empty()
    }

    fn may_go_on(&self) -> bool {
        let in_time = || self.deadline.is_none_or(|at| Instant::now() < at);
        let wanted = || {
            let stop = self.heeds_stop && self.context.stop_running().load(Ordering::Acquire);
            !stop && !self.context.is_stopped()
        };
        // The first is always handled: a budget that is too small stops nothing.
        let within = self.bytes_left > 0 && self.messages_left > 0;
        (self.handled == 0 || within && in_time()) && wanted()
    }

    fn spend(&mut self, bytes: usize) {
        self.handled = self.handled.saturating_add(1);
        self.messages_left = self.messages_left.saturating_sub(1);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
    }

    fn take_messages(&mut self, running: &Running) {
        while self.may_go_on()
            && let Some(mut batch) = running.main().take_batch()
        {
            while self.may_go_on() && zw_message::lend(&batch, |one| self.deliver(one)).is_some() {
                batch.next_message();
            }
            running.main().put_back(batch);
        }
    }

    /// Hands a message to whoever handles it.
    fn deliver(&mut self, message: &zw_message) {
        let raw = message.message();
        self.spend(raw.payload().len());
        let handlers = self.handlers.now();
        if raw.survey() != 0 {
            let mut asked = handlers.questions.iter();
            let asked = asked.find(|(glob, _)| glob.matches(raw.topic()));
            if let Some((_, callback)) = asked.cloned() {
                // SAFETY: the message lives during the call; the program vouches for its function.
                unsafe { (callback.function)(self.handle, message, callback.cookie) };
            }
            return;
        }
        if handlers.want_events()
            && let Ok((name, args)) = message.event()
            && let Some(callback) = handlers.of_event(name.as_bytes())
        {
            let (handle, cookie) = (self.handle, callback.cookie);
            let (name, n, args) = (name.as_ptr().cast(), name.len(), &raw const args);
            // SAFETY: as above.
            unsafe { (callback.function)(handle, message, name, n, args, cookie) };
            return;
        }
        if let Some(callback) = handlers.message {
            // SAFETY: as above.
            unsafe { (callback.function)(self.handle, message, callback.cookie) };
        }
    }

    fn tell(&mut self, notice: Notice) {
        match notice {
            Notice::Local(copied) => self.deliver(&zw_message::copied(copied)),
            Notice::Answers(number) => self.tell_answers(number),
            Notice::Done { callback, result } => {
                self.spend(0);
                // SAFETY: the program vouches for its function.
                unsafe { (callback.function)(self.handle, result, callback.cookie) };
            }
            Notice::MemberUp(member) => {
                self.context.known_members().add(&member);
                self.tell_member(zw_member_change::ZW_MEMBER_UP, &member);
            }
            Notice::MemberDown(node) => self.tell_end(zw_member_change::ZW_MEMBER_DOWN, node),
            Notice::Yielded(to) => self.tell_end(zw_member_change::ZW_MEMBER_YIELDED, to),
            Notice::Link(link) => self.tell_link(&link),
            Notice::Topic { filter, subscribed } => {
                self.spend(0);
                if let Some(callback) = self.handlers.now().topic {
                    let (start, n) = (filter.as_ptr().cast::<c_char>(), filter.len());
                    let (handle, cookie) = (self.handle, callback.cookie);
                    // SAFETY: the filter lives during the call; the program vouches for its
                    // function.
                    unsafe { (callback.function)(handle, start, n, subscribed, cookie) };
                }
            }
        }
    }

    fn tell_end(&mut self, change: zw_member_change, node: NodeId) {
        let member = self.context.known_members().note(change, node);
        self.tell_member(change, &member);
    }

    fn tell_member(&mut self, change: zw_member_change, member: &Member) {
        self.spend(0);
        if let Some(callback) = self.handlers.now().member {
            let handle = self.handle;
            show_member(member, |shown| {
                // SAFETY: what is shown lives during the call; the program vouches for its
                // function.
                unsafe { (callback.function)(handle, change, shown, callback.cookie) };
            });
        }
    }

    fn tell_link(&mut self, link: &LinkNotice) {
        self.spend(0);
        if let Some(callback) = self.handlers.now().link {
            let texts =
                [&link.peer, &link.location, &link.reason].map(|text| c_text(text.as_str()));
            let connection = Arc::as_ptr(&link.connection).cast_mut();
            let change: zw_link_change = link.change;
            // SAFETY: the notice and the texts live during the call; the program vouches for its
            // function.
            unsafe {
                (callback.function)(
                    self.handle,
                    change,
                    connection,
                    texts[0].as_ptr(),
                    texts[1].as_ptr(),
                    texts[2].as_ptr(),
                    callback.cookie,
                );
            }
        }
    }

    /// Tells the answers to a survey that have come, and that it is over when it is.
    fn tell_answers(&mut self, number: u64) {
        let Some(survey) = self.context.surveys().take(number) else {
            return;
        };
        let Survey { answers, callback } = &survey;
        loop {
            if !self.may_go_on() {
                self.context.surveys().put_back(number, survey);
                self.context.mailbox().push(Notice::Answers(number));
                return;
            }
            // Asked before: nothing comes after the end.
            let is_over = answers.is_over();
            if let Some(answer) = answers.next_timeout(Duration::ZERO) {
                let answer = zw_message::held(Single::from(answer));
                self.spend(answer.message().payload().len());
                // SAFETY: the answer lives during the call; the program vouches for its function.
                unsafe { (callback.function)(self.handle, &raw const answer, callback.cookie) };
            } else if is_over {
                self.spend(0);
                // SAFETY: as above.
                unsafe { (callback.function)(self.handle, std::ptr::null(), callback.cookie) };
                return;
            } else {
                self.context.surveys().put_back(number, survey);
                return;
            }
        }
    }
}

impl zw_context {
    /// One turn; the caller has the claim.
    fn turn(&self, turn: &mut Turn<'_>) -> Outcome {
        let running = self.running()?;
        turn.run(running);
        // A node that ended by itself, after a fault of its thread.
        if turn.handled == 0 && running.main().is_over() {
            return Err(Failure::stopped());
        }
        Ok(())
    }

    fn process(&self, handle: *mut Self, budget: Option<zw_budget>) -> Outcome<u32> {
        let claim = Claim::new(self)?;
        let mut turn = Turn::new(self, handle, budget);
        self.turn(&mut turn)?;
        drop(claim);
        Ok(turn.handled)
    }

    fn run_until(&self, handle: *mut Self, deadline: Option<Instant>) -> Outcome {
        let claim = Claim::new(self)?;
        self.running()?;
        let waker = self.mailbox().waker().ok_or_else(Failure::stopped)?;
        loop {
            if self.stop_running().swap(false, Ordering::AcqRel) {
                drop(claim);
                return Ok(());
            }
            let mut turn = Turn::new(self, handle, None);
            turn.heeds_stop = true;
            self.turn(&mut turn)?;
            if deadline.is_some_and(|at| at <= Instant::now()) {
                let text = "the time is over, and nobody asked for the end before";
                return Err(Failure::new(zw_result::ZW_TIMEOUT, text));
            }
            let waited = waker.wait(deadline);
            waited.map_err(|error| Failure::system("cannot wait for the descriptor", &error))?;
        }
    }
}

/// A descriptor that is readable while zw_process() has something to do: for the program's own
/// event loop, to be watched for reading and nothing else. It stays the same, belongs to the
/// context, and stands for all of it: messages, completions, notices, answers. Starts the context.
/// -1: zw_context_errno() says why.
///
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_context_fd(context: *mut zw_context) -> std::ffi::c_int {
    let body = |context: &zw_context| {
        context.running()?;
        let waker = context.mailbox().waker().ok_or_else(Failure::stopped)?;
        Ok(waker.descriptor())
    };
    // SAFETY: C gave a context.
    unsafe { call_for(context, -1, body) }
}

/// Calls handlers for what has happened, within a budget; NULL stands for 256 KiB of payload. Never
/// waits. `*handled`, if `handled` is not NULL, is how many messages and notices there were; 0
/// means that nothing waits. While something is left, the descriptor stays readable. Starts the
/// context.
///
/// Handlers may call any function of this library, but for this one, zw_run() and
/// zw_context_destroy() on the same context, and must not throw.
///
/// ZW_BUSY: another thread, or a handler's caller, is at it. ZW_STOPPED: nothing more will come.
///
/// One thread at a time, which may be any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_process(
    context: *mut zw_context,
    budget: *const zw_budget,
    handled: *mut u32,
) -> zw_result {
    // SAFETY: C gave a place for it, or NULL.
    unsafe { put(handled, 0) };
    let body = |known: &zw_context| {
        let budget = match budget.is_null() {
            true => None,
            // SAFETY: C gave a budget.
            false => Some(unsafe { read_sized(budget) }?),
        };
        let count = known.process(context, budget)?;
        // SAFETY: C gave a place for it, or NULL.
        unsafe { put(handled, count) };
        Ok(())
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}

/// Waits and calls handlers, until zw_stop_running() is called (ZW_OK), `timeout_ms` are over
/// (ZW_TIMEOUT; -1 stands for ever) or the context is stopped (ZW_STOPPED). Starts the context. For
/// the rest see zw_process().
///
/// One thread at a time, which may be any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_run(context: *mut zw_context, timeout_ms: i64) -> zw_result {
    let body = |known: &zw_context| {
        let timeout = u64::try_from(timeout_ms).ok().map(Duration::from_millis);
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        known.run_until(context, deadline)
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}

/// Ends zw_run(), after the handler that is running; where none is at work, the next one ends at
/// once.
///
/// Any thread, also from handlers of this library and of signals.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_stop_running(context: *mut zw_context) {
    // Nothing in here allocates, locks or panics.
    // SAFETY: C gave a context.
    if let Some(context) = unsafe { context.as_ref() } {
        context.stop_running().store(true, Ordering::Release);
        context.mailbox().wake();
    }
}
