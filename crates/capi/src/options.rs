//! Structs that callers fill in, which may be older or newer than this library.

use std::ffi::c_char;
use std::mem::{MaybeUninit, size_of};
use std::ptr;
use std::time::Duration;

use zeekwire::{DropPolicy, Forwarding, Inproc, NodeBuilder, NodeName, Role, RuntimeConfig};

use crate::boundary::text;
use crate::failure::{Failure, Outcome};

/// Whether a node takes part in routing and membership.
#[repr(i32)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum zw_role {
    /// A member of the cluster: it passes messages on, and others hear of it.
    ZW_MEMBER = 0,
    /// Attached to one member: it never passes anything on, and nobody hears of it.
    ZW_CLIENT = 1,
}

/// What happens to events that find no room.
#[repr(i32)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum zw_policy {
    /// Whoever publishes waits a while, or is told ZW_OVERLOADED.
    ZW_BLOCK = 0,
    /// The oldest that wait make room.
    ZW_DROP_OLDEST = 1,
    /// The new one is dropped.
    ZW_DROP_NEWEST = 2,
    /// The peer is disconnected. Not for inboxes.
    ZW_DISCONNECT = 3,
}

/// How a context runs. Zero, false and NULL stand for the defaults; begin with
/// zw_context_options_init(). All strings are copied.
#[repr(C)]
pub struct zw_context_options {
    /// sizeof(zw_context_options) of the program.
    pub size: usize,
    /// The node's name, which no other node of the cluster has: 1 to 255 bytes of UTF-8 without
    /// control characters, spaces, `*` or `/`. Required.
    pub name: *const c_char,
    /// What the program calls this life of the node; other members are told. 1 to 255 bytes
    /// without control characters.
    pub alias: *const c_char,
    /// For people: what runs here.
    pub program: *const c_char,
    /// A zw_role.
    pub role: MaybeUninit<zw_role>,
    /// Labels of the pools that the node belongs to: `pool_count` strings.
    pub pools: *const *const c_char,
    /// How many there are.
    pub pool_count: usize,
    /// Most bytes of events that wait for each link; 8 MiB by default.
    pub event_queue_bytes_max: u64,
    /// What happens to events beyond.
    pub event_policy: MaybeUninit<zw_policy>,
    /// Most bytes that wait for all links together; 256 MiB by default.
    pub queued_bytes_max: u64,
    /// Most bytes of messages that were accepted and have yet to be routed; 512 KiB by default.
    pub ring_bytes_max: u64,
    /// Most bytes of messages that were received and have yet to be processed; 32 MiB by default.
    pub inbox_bytes_max: u64,
    /// What happens to messages beyond: ZW_BLOCK holds senders back.
    pub inbox_policy: MaybeUninit<zw_policy>,
    /// A heartbeat is sent on a link that was quiet for so long; 3000 by default.
    pub heartbeat_ms: u32,
    /// A peer that was silent for so long is given up; 4500 by default.
    pub silence_max_ms: u32,
    /// A member that cannot be reached for shorter than this was never away; 2000 by default.
    pub member_down_after_ms: u32,
    /// Publishing into full queues fails with ZW_OVERLOADED at once, and never waits.
    pub publish_never_waits: bool,
    /// Holds senders back instead of dropping what a slow peer has no room for.
    pub lossless: bool,
    /// Passes on what zw_topic_forward() says, and nothing else.
    pub forwarding_rules: bool,
    /// Passes nothing on.
    pub no_forwarding: bool,
    /// Tells of the topics that anybody in the cluster subscribes to, see zw_on_topic().
    pub watch_topics: bool,
    /// How long the node's thread looks for work before it sleeps, in microseconds. Costs a core.
    pub spin_us: u32,
}

/// How much one call of zw_process() may do. Zero stands for "no bound".
#[repr(C)]
#[derive(Clone, Copy)]
pub struct zw_budget {
    /// sizeof(zw_budget) of the program.
    pub size: usize,
    /// Bytes of payload.
    pub bytes_max: u64,
    /// Time, in nanoseconds; a handler that is running is not interrupted.
    pub time_max_ns: u64,
    /// Messages and notices.
    pub messages_max: u32,
}

/// A struct that begins with its size, and of which all bytes may be zero.
///
/// # Safety
/// `T` is `repr(C)`, begins with a `usize` that is its size, and zeros are a value of it.
pub(crate) unsafe trait SizedByCaller {}

// SAFETY: as its declaration shows; pointers may be null, and fields that C fills with numbers of
// its own are `MaybeUninit`.
unsafe impl SizedByCaller for zw_context_options {}
// SAFETY: numbers only.
unsafe impl SizedByCaller for zw_budget {}

/// Reads a struct that may be shorter than ours, and longer where the rest is zero.
///
/// # Safety
/// `from` is null, or as many bytes as its first field says can be read.
pub(crate) unsafe fn read_sized<T: SizedByCaller>(from: *const T) -> Outcome<T> {
    if from.is_null() {
        return Err(Failure::invalid("the options must not be NULL"));
    }
    // SAFETY: the trait's promise, and the caller's.
    let size = unsafe { from.cast::<usize>().read() };
    if size < size_of::<usize>() || size > 65_536 {
        return Err(Failure::invalid(format!(
            "`size` is {size}: set it to the size of the struct, as its initialiser does"
        )));
    }
    let known = size.min(size_of::<T>());
    // SAFETY: the caller vouches for `size` bytes.
    let unknown = unsafe { std::slice::from_raw_parts(from.cast::<u8>().add(known), size - known) };
    if unknown.iter().any(|byte| *byte != 0) {
        return Err(Failure::invalid(
            "the program sets options that this version of the library does not know",
        ));
    }
    let mut ours = MaybeUninit::<T>::zeroed();
    // SAFETY: `known` bytes are there on both sides; what is left is zero, which the trait allows.
    unsafe {
        ptr::copy_nonoverlapping(from.cast::<u8>(), ours.as_mut_ptr().cast(), known);
        Ok(ours.assume_init())
    }
}

/// The options of a context, checked and copied.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) name: NodeName,
    alias: Option<String>,
    program: Option<String>,
    role: Role,
    pools: Vec<String>,
    event_queue_bytes_max: Option<usize>,
    event_policy: DropPolicy,
    queued_bytes_max: Option<usize>,
    ring_bytes_max: Option<usize>,
    pub(crate) inbox_bytes_max: usize,
    pub(crate) inbox_policy: DropPolicy,
    heartbeat: Option<Duration>,
    silence_max: Option<Duration>,
    member_down_after: Option<Duration>,
    publish_waits: bool,
    lossless: bool,
    pub(crate) forwarding: Forwarding,
    pub(crate) watch_topics: bool,
    spin: Duration,
}

/// Default bound of what was received and not processed.
const INBOX_BYTES_MAX: usize = 32 * 1024 * 1024;

impl Settings {
    /// # Safety
    /// `options` is null or as [`read_sized`] wants it; its strings are C strings.
    pub(crate) unsafe fn read(options: *const zw_context_options) -> Outcome<Self> {
        // SAFETY: the caller vouches for it.
        let options = unsafe { read_sized(options) }?;
        // SAFETY: the caller vouches for the strings.
        let name = unsafe { optional_text(options.name, "name") }?
            .ok_or_else(|| Failure::unreadable("name"))?;
        let name = NodeName::new(&name).map_err(|error| Failure::invalid(error.to_string()))?;
        let forwarding = match (options.forwarding_rules, options.no_forwarding) {
            (false, false) => Forwarding::Routed,
            (true, false) => Forwarding::Rules,
            (false, true) => Forwarding::Off,
            (true, true) => {
                return Err(Failure::invalid(
                    "`forwarding_rules` and `no_forwarding` exclude each other",
                ));
            }
        };
        let millis = |ms: u32| (ms > 0).then(|| Duration::from_millis(ms.into()));
        Ok(Self {
            name,
            // SAFETY: the caller vouches for the strings.
            alias: unsafe { optional_text(options.alias, "alias") }?,
            // SAFETY: as before.
            program: unsafe { optional_text(options.program, "program") }?,
            role: role(options.role)?,
            // SAFETY: as before, for `pool_count` of them.
            pools: unsafe { texts(options.pools, options.pool_count, "pools") }?,
            event_queue_bytes_max: bytes_max(options.event_queue_bytes_max),
            event_policy: policy(options.event_policy)?,
            queued_bytes_max: bytes_max(options.queued_bytes_max),
            ring_bytes_max: bytes_max(options.ring_bytes_max),
            inbox_bytes_max: bytes_max(options.inbox_bytes_max).unwrap_or(INBOX_BYTES_MAX),
            inbox_policy: policy(options.inbox_policy)?,
            heartbeat: millis(options.heartbeat_ms),
            silence_max: millis(options.silence_max_ms),
            member_down_after: millis(options.member_down_after_ms),
            publish_waits: !options.publish_never_waits,
            lossless: options.lossless,
            forwarding,
            watch_topics: options.watch_topics,
            spin: Duration::from_micros(options.spin_us.into()),
        })
    }

    /// A node with these settings, which has yet to start.
    pub(crate) fn builder(&self, inproc: &Inproc) -> NodeBuilder {
        let (settings, inproc) = (self.clone(), inproc.clone());
        zeekwire::Node::builder(self.name.as_str()).configure(move |config| {
            config.inproc = inproc.clone();
            settings.apply(config);
        })
    }

    fn apply(&self, config: &mut RuntimeConfig) {
        config.role = self.role;
        config.alias.clone_from(&self.alias);
        config.pools.clone_from(&self.pools);
        config.publish_waits = self.publish_waits;
        config.lossless = self.lossless;
        config.forwarding = self.forwarding;
        config.spin = self.spin;
        if let Some(program) = &self.program {
            config.program.clone_from(program);
        }
        let events = zeekwire::TrafficClass::Event.index();
        let default = config.session.outgoing.budget_bytes[events];
        config.set_event_queue(
            self.event_queue_bytes_max.unwrap_or(default),
            self.event_policy,
        );
        set(&mut config.session.queued_bytes_max, self.queued_bytes_max);
        set(&mut config.ring_bytes_max, self.ring_bytes_max);
        set(&mut config.session.liveness.heartbeat, self.heartbeat);
        set(&mut config.session.liveness.silence_max, self.silence_max);
        set(&mut config.member_down_after, self.member_down_after);
    }
}

fn set<T>(setting: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *setting = value;
    }
}

fn bytes_max(bytes: u64) -> Option<usize> {
    (bytes > 0).then(|| usize::try_from(bytes).unwrap_or(usize::MAX))
}

fn role(role: MaybeUninit<zw_role>) -> Outcome<Role> {
    match number(role) {
        0 => Ok(Role::Member),
        1 => Ok(Role::Client),
        other => Err(Failure::invalid(format!("{other} is no zw_role"))),
    }
}

fn policy(policy: MaybeUninit<zw_policy>) -> Outcome<DropPolicy> {
    match number(policy) {
        0 => Ok(DropPolicy::Block),
        1 => Ok(DropPolicy::DropOldest),
        2 => Ok(DropPolicy::DropNewest),
        3 => Ok(DropPolicy::Disconnect),
        other => Err(Failure::invalid(format!("{other} is no zw_policy"))),
    }
}

/// An enumeration of C, which may hold any number.
pub(crate) trait Numbered: Copy {}

impl Numbered for zw_role {}
impl Numbered for zw_policy {}
impl Numbered for crate::zw_result {}
impl Numbered for crate::zw_class {}

/// The number that C gave.
pub(crate) fn number<T: Numbered>(given: MaybeUninit<T>) -> i32 {
    const { assert!(size_of::<T>() == size_of::<i32>()) };
    // SAFETY: C passed an int32_t, and every bit of that is set to something.
    unsafe { given.as_ptr().cast::<i32>().read() }
}

/// # Safety
/// `from` is null or a C string.
pub(crate) unsafe fn optional_text(
    from: *const c_char,
    parameter: &str,
) -> Outcome<Option<String>> {
    if from.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller vouches for it.
    let read = unsafe { text(from) };
    read.map(|text| Some(text.to_owned()))
        .ok_or_else(|| Failure::unreadable(parameter))
}

/// # Safety
/// `from` is null or has `count` C strings.
unsafe fn texts(from: *const *const c_char, count: usize, parameter: &str) -> Outcome<Vec<String>> {
    if count > 0 && from.is_null() {
        return Err(Failure::unreadable(parameter));
    }
    (0..count)
        .map(|at| {
            // SAFETY: the caller vouches for `count` of them.
            let text = unsafe { optional_text(*from.add(at), parameter) }?;
            text.ok_or_else(|| Failure::unreadable(parameter))
        })
        .collect()
}
