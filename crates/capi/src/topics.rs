//! Topics: what the context wants, what may leave it, and what it passes on.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use zeekwire::{Completion, ForwardRule, Forwarding, SubscribeBuilder, TopicFilter};

use crate::boundary::{bytes, chars, guard};
use crate::connections::zw_connection;
use crate::counted::Counted;
use crate::entry::call;
use crate::failure::{Failure, Outcome};
use crate::handlers::{Callback, Done, zw_done_handler};
use crate::{zw_context, zw_result};

/// What a context asked for on all its links, and by itself.
#[derive(Default)]
pub(crate) struct Topics {
    table: Mutex<Table>,
    /// Whether some topics stay here: most contexts have none, and publishing should be quick.
    keeps_some: AtomicBool,
}

#[derive(Default)]
struct Table {
    subscribed: Counted,
    advertised: Counted,
    local: Counted,
    kept: Counted,
}

impl Topics {
    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing in here panics half-way through a change.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether messages on a topic never leave the context.
    pub(crate) fn keeps(&self, topic: &[u8]) -> bool {
        self.keeps_some.load(Ordering::Acquire) && self.lock().kept.matches(topic)
    }

    /// Whether the context wants its own messages on a topic.
    pub(crate) fn wants_own(&self, topic: &[u8]) -> bool {
        self.lock().local.matches(topic)
    }
}

/// Reads a filter.
///
/// # Safety
/// `filter` is null, or `n` characters.
pub(crate) unsafe fn read_filter(filter: *const c_char, n: usize) -> Outcome<TopicFilter> {
    // SAFETY: the caller vouches for it.
    let text = unsafe { chars(filter, n) }.ok_or_else(|| Failure::unreadable("filter"))?;
    Ok(TopicFilter::new(text)?)
}

impl zw_context {
    fn publish_topic(
        &self,
        connection: Option<&zw_connection>,
        filter: &TopicFilter,
        callback: Option<Callback<Done>>,
    ) -> Outcome {
        let running = self.running()?;
        if let Some(connection) = connection {
            return self.links().advertise(connection.link(), filter, callback);
        }
        let mut table = self.topics().lock();
        let done = running.node().backend().advertise(filter, None)?;
        table.advertised.add(filter);
        self.mailbox().when_done(done, callback);
        Ok(())
    }

    fn unpublish_topic(
        &self,
        connection: Option<&zw_connection>,
        filter: &TopicFilter,
        callback: Option<Callback<Done>>,
    ) -> Outcome {
        let running = self.running()?;
        if let Some(connection) = connection {
            return self
                .links()
                .unadvertise(connection.link(), filter, callback);
        }
        let mut table = self.topics().lock();
        let done = match table.advertised.remove(filter)? {
            true => running.node().backend().unadvertise(filter, None)?,
            false => Completion::done(),
        };
        self.mailbox().when_done(done, callback);
        Ok(())
    }

    fn subscribe_topic(
        &self,
        connection: Option<&zw_connection>,
        filter: &TopicFilter,
        callback: Option<Callback<Done>>,
    ) -> Outcome {
        let main = self.running()?.main();
        if let Some(connection) = connection {
            return self
                .links()
                .subscribe(connection.link(), filter, main, callback);
        }
        let mut table = self.topics().lock();
        let done = main.subscription().add(filter.as_bytes())?;
        table.subscribed.add(filter);
        self.mailbox().when_done(done, callback);
        Ok(())
    }

    fn unsubscribe_topic(
        &self,
        connection: Option<&zw_connection>,
        filter: &TopicFilter,
        callback: Option<Callback<Done>>,
    ) -> Outcome {
        let main = self.running()?.main();
        if let Some(connection) = connection {
            return self
                .links()
                .unsubscribe(connection.link(), filter, callback);
        }
        let mut table = self.topics().lock();
        let done = match table.subscribed.remove(filter)? {
            true => main.subscription().remove(filter.as_bytes())?,
            false => Completion::done(),
        };
        self.mailbox().when_done(done, callback);
        Ok(())
    }

    fn subscribe_locally(&self, filter: &TopicFilter) -> Outcome {
        /// The node's thread never waits for anybody, so this is plenty.
        const WAIT_MAX: Duration = Duration::from_secs(5);
        let locally = self.running()?.locally();
        let mut table = self.topics().lock();
        let effective = locally.add(filter.as_bytes())?;
        table.local.add(filter);
        drop(table);
        let _in_time = effective.wait(WAIT_MAX);
        Ok(())
    }

    fn unsubscribe_locally(&self, filter: &TopicFilter) -> Outcome {
        let locally = self.running()?.locally();
        let mut table = self.topics().lock();
        if table.local.remove(filter)? {
            let _done_soon = locally.remove(filter.as_bytes())?;
        }
        Ok(())
    }

    fn publish_locally(&self, filter: &TopicFilter) {
        let mut table = self.topics().lock();
        table.kept.add(filter);
        self.topics().keeps_some.store(true, Ordering::Release);
    }

    fn unpublish_locally(&self, filter: &TopicFilter) -> Outcome {
        let mut table = self.topics().lock();
        table.kept.remove(filter)?;
        let some = !table.kept.is_empty();
        self.topics().keeps_some.store(some, Ordering::Release);
        Ok(())
    }

    /// Answers questions about topics that match.
    pub(crate) fn answer_on(&self, filter: &TopicFilter) -> Outcome {
        let running = self.running()?;
        let mut questions = running
            .questions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match &*questions {
            Some(subscription) => _ = subscription.add(filter.as_bytes())?,
            None => {
                let builder = running.node().subscribe([filter.as_bytes()])?;
                let builder = SubscribeBuilder::questions(builder);
                *questions = Some(builder.joined(running.main())?);
            }
        }
        Ok(())
    }

    /// Answers them no longer.
    pub(crate) fn answer_no_more_on(&self, filter: &TopicFilter) -> Outcome {
        let running = self.running()?;
        let questions = running
            .questions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(subscription) = &*questions {
            let _done_soon = subscription.remove(filter.as_bytes())?;
        }
        Ok(())
    }

    fn forward_rule(
        &self,
        filter: TopicFilter,
        from: *const zw_connection,
        to: *const zw_connection,
    ) -> Outcome<ForwardRule> {
        if self.settings().forwarding != Forwarding::Rules {
            return Err(Failure::invalid(
                "only a context with the option `forwarding_rules` passes on by rules",
            ));
        }
        // SAFETY: C gave connections.
        let (from, to) = unsafe { (self.connection(from)?, self.connection(to)?) };
        match (from, to) {
            (Some(from), Some(to)) => Ok(ForwardRule {
                filter,
                from: from.link(),
                to: to.link(),
            }),
            _ => Err(Failure::invalid("a rule needs two connections")),
        }
    }

    /// The connection that C gave, if any.
    ///
    /// # Safety
    /// `connection` is null or lives.
    unsafe fn connection<'a>(
        &self,
        connection: *const zw_connection,
    ) -> Outcome<Option<&'a zw_connection>> {
        // SAFETY: the caller vouches for it.
        match unsafe { connection.as_ref() } {
            Some(connection) if !connection.is_of(self) => Err(Failure::invalid(
                "the connection belongs to another context",
            )),
            connection => Ok(connection),
        }
    }
}

/// What a call does with a filter, on one connection or on all.
type Request =
    fn(&zw_context, Option<&zw_connection>, &TopicFilter, Option<Callback<Done>>) -> Outcome;

/// Reads what C gave, and does it.
///
/// # Safety
/// The pointers are null or what their names say.
unsafe fn request(
    context: *const zw_context,
    connection: *const zw_connection,
    (filter, n): (*const c_char, usize),
    (done, cookie): (zw_done_handler, *mut c_void),
    request: Request,
) -> zw_result {
    let callback = Callback::new(done, cookie);
    let body = |context: &zw_context| {
        // SAFETY: the caller vouches for both.
        let (connection, filter) =
            unsafe { (context.connection(connection)?, read_filter(filter, n)?) };
        request(context, connection, &filter, callback)
    };
    // SAFETY: the caller vouches for it.
    unsafe { call(context, body) }
}

/// Lets topics that match leave over a connection that was opened without ZW_AUTO_PUBLISH, or, for
/// NULL, over all such connections, present and future. Starts the context.
///
/// `filter` has `n` bytes, in which `*` stands for any run of bytes, and `\*` and `\\` for
/// themselves. `done`, if it is not NULL, is told when it is so: once, inside zw_process(), unless
/// the call fails or the context is stopped before. Each call needs a zw_topic_unpublish() to take
/// it back. A connection that is lost takes it up again with the next link.
///
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_topic_publish(
    context: *mut zw_context,
    connection: *mut zw_connection,
    filter: *const c_char,
    n: usize,
    done: zw_done_handler,
    cookie: *mut c_void,
) -> zw_result {
    let (what, whom) = ((filter, n), (done, cookie));
    // SAFETY: C gave what the names say.
    unsafe { request(context, connection, what, whom, zw_context::publish_topic) }
}

/// Takes one zw_topic_publish() back. ZW_NOT_FOUND: there was none for this filter. The rest as
/// there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_topic_unpublish(
    context: *mut zw_context,
    connection: *mut zw_connection,
    filter: *const c_char,
    n: usize,
    done: zw_done_handler,
    cookie: *mut c_void,
) -> zw_result {
    let (what, whom) = ((filter, n), (done, cookie));
    // SAFETY: C gave what the names say.
    unsafe { request(context, connection, what, whom, zw_context::unpublish_topic) }
}

/// Subscribes to topics that match: at all present and future connections with
/// ZW_AUTO_SUBSCRIBE, or at one. Starts the context.
///
/// Messages go to the handlers of zw_on_event() and zw_on_message(), each once, however many
/// filters match. A context hears its own messages by zw_topic_subscribe_locally() only. It is
/// subscribed to ".node." and its name from the start. `done` is told when the filter is effective
/// at every member: what they publish afterwards arrives. For the rest see zw_topic_publish().
///
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_topic_subscribe(
    context: *mut zw_context,
    connection: *mut zw_connection,
    filter: *const c_char,
    n: usize,
    done: zw_done_handler,
    cookie: *mut c_void,
) -> zw_result {
    let (what, whom) = ((filter, n), (done, cookie));
    // SAFETY: C gave what the names say.
    unsafe { request(context, connection, what, whom, zw_context::subscribe_topic) }
}

/// Takes one zw_topic_subscribe() back. ZW_NOT_FOUND: there was none for this filter. The rest as
/// there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_topic_unsubscribe(
    context: *mut zw_context,
    connection: *mut zw_connection,
    filter: *const c_char,
    n: usize,
    done: zw_done_handler,
    cookie: *mut c_void,
) -> zw_result {
    let (what, whom) = ((filter, n), (done, cookie));
    // SAFETY: C gave what the names say.
    unsafe {
        request(
            context,
            connection,
            what,
            whom,
            zw_context::unsubscribe_topic,
        )
    }
}

/// What a call does with a filter within the context.
///
/// # Safety
/// The pointers are null or what their names say.
unsafe fn locally(
    context: *const zw_context,
    filter: *const c_char,
    n: usize,
    request: impl FnOnce(&zw_context, &TopicFilter) -> Outcome,
) -> zw_result {
    let body = |context: &zw_context| {
        // SAFETY: the caller vouches for it.
        let filter = unsafe { read_filter(filter, n) }?;
        request(context, &filter)
    };
    // SAFETY: the caller vouches for it.
    unsafe { call(context, body) }
}

/// Keeps messages on topics that match within the context: they never leave it, and reach its
/// zw_topic_subscribe_locally() only. Among themselves they keep their order. Surveys and pools
/// are not concerned.
///
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_topic_publish_locally(
    context: *mut zw_context,
    filter: *const c_char,
    n: usize,
) -> zw_result {
    let body = |context: &zw_context, filter: &TopicFilter| {
        context.publish_locally(filter);
        Ok(())
    };
    // SAFETY: C gave what the names say.
    unsafe { locally(context, filter, n, body) }
}

/// Takes one zw_topic_publish_locally() back. ZW_NOT_FOUND: there was none for this filter.
///
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_topic_unpublish_locally(
    context: *mut zw_context,
    filter: *const c_char,
    n: usize,
) -> zw_result {
    // SAFETY: C gave what the names say.
    unsafe { locally(context, filter, n, zw_context::unpublish_locally) }
}

/// Subscribes to what this context itself raises and publishes, and to what connections deliver
/// for other reasons. Nobody else is told. Starts the context.
///
/// Any thread; waits a moment for the node's own. What is published afterwards arrives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_topic_subscribe_locally(
    context: *mut zw_context,
    filter: *const c_char,
    n: usize,
) -> zw_result {
    // SAFETY: C gave what the names say.
    unsafe { locally(context, filter, n, zw_context::subscribe_locally) }
}

/// Takes one zw_topic_subscribe_locally() back. ZW_NOT_FOUND: there was none for this filter.
///
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_topic_unsubscribe_locally(
    context: *mut zw_context,
    filter: *const c_char,
    n: usize,
) -> zw_result {
    // SAFETY: C gave what the names say.
    unsafe { locally(context, filter, n, zw_context::unsubscribe_locally) }
}

/// Passes messages that match on from one connection to another. Only for contexts with the option
/// `forwarding_rules`, which pass on nothing else.
///
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_topic_forward(
    context: *mut zw_context,
    filter: *const c_char,
    n: usize,
    from: *mut zw_connection,
    to: *mut zw_connection,
) -> zw_result {
    let body = |context: &zw_context, filter: &TopicFilter| {
        let rule = context.forward_rule(filter.clone(), from, to)?;
        let _effective_soon = context.running()?.node().add_rule(&rule)?;
        Ok(())
    };
    // SAFETY: C gave what the names say.
    unsafe { locally(context, filter, n, body) }
}

/// Takes a rule of zw_topic_forward() back.
///
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_topic_unforward(
    context: *mut zw_context,
    filter: *const c_char,
    n: usize,
    from: *mut zw_connection,
    to: *mut zw_connection,
) -> zw_result {
    let body = |context: &zw_context, filter: &TopicFilter| {
        let rule = context.forward_rule(filter.clone(), from, to)?;
        let _done_soon = context.running()?.node().remove_rule(&rule)?;
        Ok(())
    };
    // SAFETY: C gave what the names say.
    unsafe { locally(context, filter, n, body) }
}

/// Writes the filter that matches every topic that starts with a prefix, at most `cap` bytes of it
/// and without a terminator. Returns how many bytes it has. 0: `prefix` is NULL.
///
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_topic_of_prefix(
    prefix: *const c_char,
    n: usize,
    out: *mut c_char,
    cap: usize,
) -> usize {
    // SAFETY: C gave `n` bytes.
    let Some(prefix) = (unsafe { bytes(prefix.cast(), n) }) else {
        return 0;
    };
    guard(0, || {
        let filter = TopicFilter::prefix_text(prefix);
        if !out.is_null() {
            let written = filter.len().min(cap);
            // SAFETY: C gave room for `cap` bytes.
            unsafe { ptr::copy_nonoverlapping(filter.as_ptr(), out.cast(), written) };
        }
        filter.len()
    })
}
