//! Messages as C sees them: views in place, which can be kept.

use std::cell::OnceCell;
use std::ffi::c_char;
use std::mem::transmute;
use std::ptr;

use zeekwire::limits::{FORMAT_NAME_BYTES_MAX, NODE_NAME_BYTES_MAX};
use zeekwire::{Batch, EventEncoder, EventMessage, Message, Parts, Single, TrafficClass};

use crate::boundary::{guard, guarded};
use crate::failure::put;
use crate::value_view::{LEVELS_MAX, list_of_event, looked_at, zw_list, zw_value};
use crate::zw_result;

/// Kinds of traffic. Each has queues of its own, and the lower number goes first.
#[repr(i32)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum zw_class {
    /// Mutations of stores.
    ZW_CLASS_STORE = 1,
    /// Events.
    ZW_CLASS_EVENT = 2,
    /// Batches of log records.
    ZW_CLASS_LOG = 3,
}

/// A message that arrived. Those that handlers are given are valid until the handler returns;
/// those from zw_message_keep() until zw_message_release(). Nothing is copied to look at one.
pub struct zw_message {
    /// The event in it, once somebody looked; it points into what comes after.
    event: OnceCell<Result<EventMessage<'static>, zw_result>>,
    body: Body,
    publisher: OnceCell<[u8; NODE_NAME_BYTES_MAX + 1]>,
    format: OnceCell<[u8; FORMAT_NAME_BYTES_MAX + 1]>,
    /// The event in `capnp-v1`, where it came in another format.
    converted: OnceCell<Result<Words, zw_result>>,
}

enum Body {
    /// In a batch that lives as long as this; its first message.
    Lent {
        message: Message<'static>,
        batch: *const Batch,
    },
    /// With the block that it lies in.
    Held(Single),
    /// In memory of its own.
    Copied(Copied),
}

/// A message in memory of its own.
#[derive(Clone)]
pub(crate) struct Copied {
    bytes: Words,
    parts: Parts,
}

/// Bytes that start at a multiple of eight.
#[derive(Clone)]
struct Words {
    words: Box<[u64]>,
    len: usize,
}

impl Words {
    fn of(parts: &[&[u8]]) -> Self {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let mut words = vec![0_u64; len.div_ceil(8)].into_boxed_slice();
        let mut at = words.as_mut_ptr().cast::<u8>();
        for part in parts {
            // SAFETY: there are words for the bytes of all parts, and they are no part themselves.
            unsafe {
                ptr::copy_nonoverlapping(part.as_ptr(), at, part.len());
                at = at.add(part.len());
            }
        }
        Self { words, len }
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the words have at least so many bytes, and any bytes are a `u8`.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr().cast(), self.len) }
    }
}

impl Copied {
    /// A copy of a message.
    fn of(message: &Message<'_>) -> Self {
        Self {
            bytes: Words::of(&[message.bytes()]),
            parts: *message.parts(),
        }
    }

    /// A message that never was on a link. `None` where a part is longer than any may be.
    pub(crate) fn own(
        id: &zeekwire::NodeId,
        class: TrafficClass,
        topic: &[u8],
        format: &str,
        payload: &[u8],
    ) -> Option<Self> {
        let name = id.name.as_str().as_bytes();
        let head = topic.len() + name.len() + format.len();
        let padding = &[0_u8; 8][..head.next_multiple_of(8) - head];
        let short =
            |start: usize, len: usize| Some((u16::try_from(start).ok()?, u16::try_from(len).ok()?));
        let parts = Parts {
            class,
            topic: short(0, topic.len())?,
            publisher: short(topic.len(), name.len())?,
            format: short(topic.len() + name.len(), format.len())?,
            payload: (
                u32::try_from(head + padding.len()).ok()?,
                u32::try_from(payload.len()).ok()?,
            ),
            incarnation: id.incarnation,
            sequence: 0,
            survey: 0,
        };
        let bytes = Words::of(&[topic, name, format.as_bytes(), padding, payload]);
        Some(Self { bytes, parts })
    }

    fn message(&self) -> Message<'_> {
        Message::new(self.bytes.bytes(), &self.parts)
    }

    /// Bytes of memory that it holds.
    pub(crate) fn held_bytes(&self) -> usize {
        self.bytes.len + size_of::<Self>()
    }
}

impl zw_message {
    const fn over(body: Body) -> Self {
        Self {
            event: OnceCell::new(),
            body,
            publisher: OnceCell::new(),
            format: OnceCell::new(),
            converted: OnceCell::new(),
        }
    }

    /// Shows the first message of a batch to `show`.
    pub(crate) fn lend<T>(batch: &Batch, show: impl FnOnce(&Self) -> T) -> Option<T> {
        let message = batch.first()?;
        // SAFETY: what is lent lives no longer than this function, which borrows the batch.
        let message = unsafe { transmute::<Message<'_>, Message<'static>>(message) };
        Some(show(&Self::over(Body::Lent { message, batch })))
    }

    /// A message with the block that it lies in.
    pub(crate) const fn held(single: Single) -> Self {
        Self::over(Body::Held(single))
    }

    /// A message in memory of its own.
    pub(crate) const fn copied(copied: Copied) -> Self {
        Self::over(Body::Copied(copied))
    }

    /// The message itself.
    pub(crate) fn message(&self) -> Message<'_> {
        match &self.body {
            Body::Lent { message, .. } => *message,
            Body::Held(single) => single.message(),
            Body::Copied(copied) => copied.message(),
        }
    }

    /// The same message, for as long as wanted. A small one is copied out of a large block.
    fn keep(&self) -> Self {
        match &self.body {
            Body::Held(single) => Self::held(single.clone()),
            Body::Copied(copied) => Self::copied(copied.clone()),
            Body::Lent { message, batch } => {
                // SAFETY: the batch lives as long as what was lent of it.
                let batch = unsafe { &**batch };
                let pays = message.bytes().len() * 2 >= batch.block_bytes();
                match batch.first_held().filter(|_| pays) {
                    Some(single) => Self::held(single),
                    None => Self::copied(Copied::of(message)),
                }
            }
        }
    }

    /// The payload in `capnp-v1`, aligned to eight bytes.
    fn capnp(&self) -> Result<&[u8], zw_result> {
        let message = self.message();
        if message.format() == "capnp-v1" {
            return Ok(message.payload());
        }
        let convert = || {
            let event = zeekwire::serializer::decode_any(message.format(), message.payload());
            let event = event.map_err(|_damaged| zw_result::ZW_DECODE)?;
            let mut encoder = EventEncoder::new();
            let bytes = encoder.encode_event(&event);
            Ok(Words::of(&[bytes.map_err(|_| zw_result::ZW_DECODE)?]))
        };
        match self.converted.get_or_init(convert) {
            Ok(words) => Ok(words.bytes()),
            Err(result) => Err(*result),
        }
    }

    fn reader(&self) -> Result<&EventMessage<'static>, zw_result> {
        let read = || {
            // SAFETY: the payload lives as long as this message, and the reader goes before it.
            let payload = unsafe { transmute::<&[u8], &'static [u8]>(self.capnp()?) };
            EventMessage::new(payload).map_err(|_damaged| zw_result::ZW_DECODE)
        };
        self.event
            .get_or_init(read)
            .as_ref()
            .map_err(|result| *result)
    }

    /// Name and arguments of the event in it, to be read in place.
    pub(crate) fn event(&self) -> Result<(&str, zw_list), zw_result> {
        list_of_event(self.reader()?).map_err(|_damaged| zw_result::ZW_DECODE)
    }

    /// One entry of the event's metadata.
    fn metadata(&self, at: usize) -> Result<(u64, zw_value), zw_result> {
        let event = self.reader()?.event();
        let entry = event.and_then(|event| event.metadata_at(at));
        match entry.map_err(|_damaged| zw_result::ZW_DECODE)? {
            Some((id, value)) => {
                let value = looked_at(value, LEVELS_MAX, ptr::null(), at)?;
                Ok((id, value))
            }
            None => Err(zw_result::ZW_END),
        }
    }
}

fn terminated<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let len = text.len().min(N - 1);
    bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
    bytes
}

/// Runs `look` on a message.
///
/// # Safety
/// `message` is null or lives for `'a`.
unsafe fn look<'a, T>(
    message: *const zw_message,
    on_failure: T,
    look: impl FnOnce(&'a zw_message) -> T + 'a,
) -> T
where
    T: Copy,
{
    // SAFETY: the caller vouches for it.
    match unsafe { message.as_ref() } {
        Some(message) => guard(on_failure, || look(message)),
        None => on_failure,
    }
}

/// What the message is about: `*n` bytes, not terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_message_topic(
    message: *const zw_message,
    n: *mut usize,
) -> *const c_char {
    // SAFETY: C gave a message.
    let topic = unsafe { look(message, &[][..], |message| message.message().topic()) };
    // SAFETY: C gave a place for it, or NULL.
    unsafe { put(n, topic.len()) };
    topic.as_ptr().cast()
}

/// Name of the node that published it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_message_publisher(message: *const zw_message) -> *const c_char {
    // SAFETY: C gave a message.
    unsafe {
        look(message, c"".as_ptr(), |message| {
            let name = || terminated(message.message().publisher());
            message.publisher.get_or_init(name).as_ptr().cast()
        })
    }
}

/// Which life of the publisher sent it: when that started, in microseconds since the Unix epoch,
/// and what tells apart lives that started at once. Both places may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_message_incarnation(
    message: *const zw_message,
    started_us: *mut u64,
    random: *mut u64,
) {
    // SAFETY: C gave a message.
    let life = unsafe {
        look(message, None, |message| {
            Some(message.message().incarnation())
        })
    };
    let life = life.unwrap_or_default();
    // SAFETY: C gave places for them, or NULL.
    unsafe {
        put(started_us, life.started_us);
        put(random, life.random);
    }
}

/// Name of the payload's format, such as "capnp-v1".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_message_format(message: *const zw_message) -> *const c_char {
    // SAFETY: C gave a message.
    unsafe {
        look(message, c"".as_ptr(), |message| {
            let name = || terminated(message.message().format());
            message.format.get_or_init(name).as_ptr().cast()
        })
    }
}

/// Which class of traffic it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_message_class(message: *const zw_message) -> zw_class {
    // SAFETY: C gave a message.
    let class = unsafe { look(message, None, |message| Some(message.message().class())) };
    match class {
        Some(TrafficClass::Store) => zw_class::ZW_CLASS_STORE,
        Some(TrafficClass::Log) => zw_class::ZW_CLASS_LOG,
        _ => zw_class::ZW_CLASS_EVENT,
    }
}

/// The payload: `*n` bytes, from a multiple of eight on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_message_payload(
    message: *const zw_message,
    n: *mut usize,
) -> *const u8 {
    // SAFETY: C gave a message.
    let payload = unsafe { look(message, &[][..], |message| message.message().payload()) };
    // SAFETY: C gave a place for it, or NULL.
    unsafe { put(n, payload.len()) };
    payload.as_ptr()
}

/// Its number, rising for each publisher and class. A gap is not by itself a loss. 0 for messages
/// that never left their context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_message_sequence(message: *const zw_message) -> u64 {
    // SAFETY: C gave a message.
    unsafe { look(message, 0, |message| message.message().sequence()) }
}

/// Number of the question that it is or answers; 0 for most messages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_message_survey(message: *const zw_message) -> u64 {
    // SAFETY: C gave a message.
    unsafe { look(message, 0, |message| message.message().survey()) }
}

/// The event in it: `*name_n` bytes of its name, and its arguments; each place may be NULL. They
/// are valid as long as the message. An event in another format than capnp-v1 is converted at the
/// first call.
///
/// ZW_DECODE: there is no event in it, or the payload is damaged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_message_event(
    message: *const zw_message,
    name: *mut *const c_char,
    name_n: *mut usize,
    args: *mut zw_list,
) -> zw_result {
    // SAFETY: C gave a message.
    let Some(message) = (unsafe { message.as_ref() }) else {
        return zw_result::ZW_INVALID;
    };
    guarded(|| match message.event() {
        Ok((found, values)) => {
            // SAFETY: C gave places for them, or NULL.
            unsafe {
                put(name, found.as_ptr().cast());
                put(name_n, found.len());
                put(args, values);
            }
            zw_result::ZW_OK
        }
        Err(result) => result,
    })
}

/// Entry `i` of the event's metadata: what it is, and its value, which is valid as long as the
/// message; each place may be NULL. Id 1 is the network time at the origin.
///
/// ZW_END: there are no more. ZW_DECODE: there is no event in it, or it is damaged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_message_metadata(
    message: *const zw_message,
    i: usize,
    id: *mut u64,
    value: *mut zw_value,
) -> zw_result {
    // SAFETY: C gave a message.
    let Some(message) = (unsafe { message.as_ref() }) else {
        return zw_result::ZW_INVALID;
    };
    guarded(|| match message.metadata(i) {
        Ok((found, what)) => {
            // SAFETY: C gave places for them, or NULL.
            unsafe {
                put(id, found);
                put(value, what);
            }
            zw_result::ZW_OK
        }
        Err(result) => result,
    })
}

/// The same message, to be held beyond the handler. NULL when out of memory. Release it with
/// zw_message_release().
///
/// Small messages are copied; of large ones the received bytes are kept. What was read from the
/// other view stays valid no longer than that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_message_keep(message: *const zw_message) -> *mut zw_message {
    // SAFETY: C gave a message.
    unsafe {
        look(message, ptr::null_mut(), |message| {
            Box::into_raw(Box::new(message.keep()))
        })
    }
}

/// Ends a message that was kept. Any thread, also after its context was destroyed. NULL is
/// ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_message_release(message: *mut zw_message) {
    if !message.is_null() {
        // SAFETY: C gives back what `zw_message_keep` made.
        guard((), || drop(unsafe { Box::from_raw(message) }));
    }
}
