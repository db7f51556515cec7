//! Events on their way out, and messages that are encoded already.

use std::cell::RefCell;
use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr;

use zeekwire::{NodeName, PublishError, Topic, TopicError, TrafficClass, limits};
use zeekwire_serializer::StreamEncoder;

use crate::boundary::{bytes, chars, guard, text};
use crate::entry::call;
use crate::failure::{Failure, Outcome};
use crate::handlers::{Callback, zw_event_handler, zw_message_handler};
use crate::messages::{Copied, zw_class};
use crate::options::number;
use crate::values::{encode_values_event, zw_values};
use crate::{zw_context, zw_result};

/// The format of events that this library encodes.
pub(crate) const FORMAT: &str = "capnp-v1";

/// An event that has yet to be raised: a name, arguments, and a time.
pub struct zw_event {
    name: String,
    time: Option<f64>,
    args: Option<Box<zw_values>>,
}

thread_local! {
    /// One for each thread that raises.
    static ENCODER: RefCell<StreamEncoder> = RefCell::new(StreamEncoder::new());
}

impl zw_event {
    /// Takes back what C was given.
    ///
    /// # Safety
    /// `event` is null or was made by `zw_event_new`, and is not used any more.
    pub(crate) unsafe fn take(event: *mut Self) -> Option<Box<Self>> {
        // SAFETY: the caller vouches for it.
        (!event.is_null()).then(|| unsafe { Box::from_raw(event) })
    }

    /// Hands the encoded event to `send`.
    pub(crate) fn encoded<T>(&self, send: impl FnOnce(&[u8]) -> Outcome<T>) -> Outcome<T> {
        let encode = |encoder: &mut StreamEncoder| {
            let args = self.args.as_deref();
            send(encode_values_event(&self.name, self.time, args, encoder)?)
        };
        ENCODER.with(|encoder| match encoder.try_borrow_mut() {
            Ok(mut encoder) => encode(&mut encoder),
            // Raised from within a raise, by whoever listens to our log lines.
            Err(_in_use) => encode(&mut StreamEncoder::new()),
        })
    }
}

impl zw_context {
    /// Publishes a message, on links or, for topics that are kept here, in this context only.
    fn publish(&self, class: TrafficClass, topic: &[u8], format: &str, payload: &[u8]) -> Outcome {
        let node = self.running()?.node();
        if self.topics().keeps(topic) {
            return self.publish_here(class, topic, format, payload);
        }
        let publication = node.publication(topic).class(class).format(format);
        Ok(publication.send(payload)?)
    }

    fn publish_here(
        &self,
        class: TrafficClass,
        topic: &[u8],
        format: &str,
        payload: &[u8],
    ) -> Outcome {
        Topic::check(topic)?;
        if Topic::is_reserved(topic) {
            return Err(TopicError::Reserved.into());
        }
        let printable = format.bytes().all(|byte| byte.is_ascii_graphic());
        if format.is_empty() || format.len() > limits::FORMAT_NAME_BYTES_MAX || !printable {
            return Err(PublishError::Format.into());
        }
        if payload.len() > limits::PAYLOAD_BYTES_MAX {
            return Err(PublishError::TooLong(payload.len()).into());
        }
        if !self.topics().wants_own(topic) {
            return Ok(());
        }
        let id = self.running()?.node().id();
        let copied = Copied::own(id, class, topic, format, payload)
            .ok_or(PublishError::TooLong(payload.len()))?;
        let room = self
            .mailbox()
            .push_local(copied, self.settings().inbox_bytes_max);
        room.then_some(())
            .ok_or_else(|| PublishError::Overloaded.into())
    }

    pub(crate) fn publish_to_node(
        &self,
        class: TrafficClass,
        name: &NodeName,
        format: &str,
        payload: &[u8],
    ) -> Outcome {
        let topic = Topic::of_node(name);
        let node = self.running()?.node();
        let publication = node.publication(topic.as_bytes());
        Ok(publication.class(class).format(format).send(payload)?)
    }
}

/// The class that C named.
fn class_of(class: MaybeUninit<zw_class>) -> Outcome<TrafficClass> {
    match number(class) {
        1 => Ok(TrafficClass::Store),
        2 => Ok(TrafficClass::Event),
        3 => Ok(TrafficClass::Log),
        other => Err(Failure::invalid(format!("{other} is no zw_class"))),
    }
}

/// An event: its name, when it happened in seconds since the Unix epoch (less than 0: it does not
/// say), and its arguments, which may be NULL for none. Takes `args` whatever happens. NULL when
/// the name is no UTF-8 or empty.
///
/// Any thread. The event ends with zw_event_delete() or by being raised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_event_new(
    name: *const c_char,
    time: f64,
    args: *mut zw_values,
) -> *mut zw_event {
    guard(ptr::null_mut(), || {
        // SAFETY: C gives the values up.
        let args = (!args.is_null()).then(|| unsafe { Box::from_raw(args) });
        // SAFETY: C gave a string.
        match unsafe { text(name) } {
            Some(name) if !name.is_empty() => Box::into_raw(Box::new(zw_event {
                name: name.to_owned(),
                // A time that is no number says as little.
                time: (time >= 0.0).then_some(time),
                args,
            })),
            _ => ptr::null_mut(),
        }
    })
}

/// Frees an event that is not to be raised. NULL is ignored. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_event_delete(event: *mut zw_event) {
    // SAFETY: C gives the event up.
    guard((), || drop(unsafe { zw_event::take(event) }));
}

/// Publishes an event to a topic of `n` bytes. Takes the event whatever happens. Starts the
/// context.
///
/// ZW_OK: it was accepted here, and reaches everybody who had subscribed, at most once and in
/// order, unless a queue on the way is full, which is counted. ZW_OVERLOADED: the queues are full.
/// By default the call waits a short while for room before; with the option `publish_never_waits`
/// it does not.
///
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_event_raise(
    context: *mut zw_context,
    topic: *const c_char,
    n: usize,
    event: *mut zw_event,
) -> zw_result {
    // SAFETY: C gives the event up.
    let event = unsafe { zw_event::take(event) };
    let body = |context: &zw_context| {
        let event = event.ok_or_else(|| Failure::unreadable("event"))?;
        // SAFETY: C gave `n` characters.
        let topic = unsafe { chars(topic, n) }.ok_or_else(|| Failure::unreadable("topic"))?;
        event.encoded(|payload| context.publish(TrafficClass::Event, topic, FORMAT, payload))
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}

/// Publishes a payload that is encoded already, under the name of its format, such as "capnp-v1".
/// Nothing looks into it before its receivers. Starts the context. Results as for
/// zw_event_raise().
///
/// Any thread. The bytes are copied before it returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_publish(
    context: *mut zw_context,
    class_: MaybeUninit<zw_class>,
    topic: *const c_char,
    n: usize,
    format: *const c_char,
    payload: *const u8,
    payload_n: usize,
) -> zw_result {
    let body = |context: &zw_context| {
        // SAFETY: C gave as many bytes, and a string.
        let (topic, format, payload) =
            unsafe { (chars(topic, n), text(format), bytes(payload, payload_n)) };
        let topic = topic.ok_or_else(|| Failure::unreadable("topic"))?;
        let format = format.ok_or_else(|| Failure::unreadable("format"))?;
        let payload = payload.ok_or_else(|| Failure::unreadable("payload"))?;
        context.publish(class_of(class_)?, topic, format, payload)
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}

/// As zw_publish(), to the one node of a name: every context hears what is sent to its own.
///
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_publish_to_node(
    context: *mut zw_context,
    class_: MaybeUninit<zw_class>,
    node: *const c_char,
    format: *const c_char,
    payload: *const u8,
    payload_n: usize,
) -> zw_result {
    let body = |context: &zw_context| {
        // SAFETY: C gave as many bytes, and strings.
        let (node, format, payload) =
            unsafe { (text(node), text(format), bytes(payload, payload_n)) };
        let node = node.ok_or_else(|| Failure::unreadable("node"))?;
        let node = NodeName::new(node).map_err(|error| Failure::invalid(error.to_string()))?;
        let format = format.ok_or_else(|| Failure::unreadable("format"))?;
        let payload = payload.ok_or_else(|| Failure::unreadable("payload"))?;
        context.publish_to_node(class_of(class_)?, &node, format, payload)
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}

/// Calls `handler` for every message that no event handler takes, in any format and class; NULL
/// ends that.
///
/// Any thread; with another thread inside zw_process(), the old handler may run once more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_on_message(
    context: *mut zw_context,
    handler: zw_message_handler,
    cookie: *mut c_void,
) -> zw_result {
    let callback = Callback::new(handler, cookie);
    let body = |context: &zw_context| {
        context
            .handlers()
            .change(|handlers| handlers.message = callback);
        Ok(())
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}

/// Calls `handler` for events of this name, or, for NULL, for events that have no handler of their
/// own. A NULL handler ends that. Without event handlers, nobody looks into messages.
///
/// Any thread; with another thread inside zw_process(), the old handler may run once more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_on_event(
    context: *mut zw_context,
    name: *const c_char,
    handler: zw_event_handler,
    cookie: *mut c_void,
) -> zw_result {
    let callback = Callback::new(handler, cookie);
    let body = |context: &zw_context| {
        // SAFETY: C gave a string, or NULL.
        let name = unsafe { crate::options::optional_text(name, "name") }?;
        context
            .handlers()
            .change(|handlers| match (name, callback) {
                (None, callback) => handlers.any_event = callback,
                (Some(name), Some(callback)) => {
                    handlers.events.insert(name.into_bytes(), callback);
                }
                (Some(name), None) => {
                    handlers.events.remove(name.as_bytes());
                }
            });
        Ok(())
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}
