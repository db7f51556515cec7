//! Control messages: what the two ends of a link tell each other.

use std::fmt;

use capnp::message::{Builder, HeapAllocator, Reader, ReaderOptions, SegmentArray};
use zeekwire_schema::link_capnp::{self as schema, control};
use zeekwire_types::limits::{CONTROL_BYTES_MAX, FRAME_HEADER_BYTES};
use zeekwire_types::{Incarnation, NodeId, NodeName, Role, TopicFilter, TrafficClass};

use super::FrameHeader;
use super::routing::{self, Digest, Routed, Trace, Update};
use crate::Fault;

/// One message between the two ends of a link.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Control {
    /// First from each side.
    Hello(Hello),
    /// The listener's consent.
    Accept,
    /// The listener's refusal.
    Refuse(Goodbye),
    /// The last message of a side.
    Close(Goodbye),
    /// Nothing to say, still alive.
    Heartbeat,
    /// Send me what matches these.
    Subscribe {
        /// Answered with `Done`, unless 0.
        token: u64,
        /// The filters to add.
        filters: Vec<TopicFilter>,
        /// The sender's subscriptions as of link start are complete.
        snapshot_end: bool,
    },
    /// No longer send me what matches these.
    Unsubscribe {
        /// Answered with `Done`, unless 0.
        token: u64,
        /// The filters to take back.
        filters: Vec<TopicFilter>,
    },
    /// What carried this token is effective here.
    Done(u64),
    /// Bytes of a class that may have been sent since link start.
    Credit {
        /// The class.
        class: TrafficClass,
        /// The new limit in bytes.
        limit: u64,
    },
    /// Which records the sender knows.
    Digest(Digest),
    /// What one member says of itself.
    Update(Update),
    /// Every record that the other side's digest lacked was sent.
    Synced,
    /// Send me the whole record of this member.
    Want(NodeId),
    /// For one member, from hop to hop.
    Routed(Routed),
    /// Goes where a publication would go.
    Trace(Trace),
    /// Something that a newer release says. Ignored.
    Newer,
}

/// Bit of [`Hello::features`]: the side routes over this link. A link routes if both sides do.
pub const FEATURE_ROUTES: u64 = 1;

/// How a side introduces itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hello {
    /// Name and incarnation of the node.
    pub node: NodeId,
    /// Whether it forwards.
    pub role: Role,
    /// Bits of optional behaviour that it understands.
    pub features: u64,
    /// It lets at most this long pass without sending a byte.
    pub heartbeat_ms: u32,
    /// Longest message that it takes.
    pub message_bytes_max: u64,
    /// Bytes that the receiver may send before the first `Credit`, by class.
    pub credit_limits: [u64; TrafficClass::COUNT],
    /// For people: what runs there.
    pub program: String,
}

/// Why a side ends a link.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Goodbye {
    /// For programs.
    pub reason: Reason,
    /// For people.
    pub text: String,
}

/// Why a side ends a link, in a word.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// Not said, or said by a newer release.
    #[default]
    Unspecified,
    /// The node ends.
    Shutdown,
    /// The link's owner closed it.
    Closed,
    /// The accept hook said no.
    RefusedByPolicy,
    /// No common protocol version.
    VersionMismatch,
    /// The side that hears this broke the protocol.
    ProtocolError,
    /// The side that hears this cannot keep up.
    Overloaded,
    /// Another live node holds the name.
    NameInUse,
    /// Both ends are the same node.
    SelfConnection,
}

impl Reason {
    const WIRE: [(Self, schema::Reason); 9] = [
        (Self::Unspecified, schema::Reason::Unspecified),
        (Self::Shutdown, schema::Reason::Shutdown),
        (Self::Closed, schema::Reason::Closed),
        (Self::RefusedByPolicy, schema::Reason::RefusedByPolicy),
        (Self::VersionMismatch, schema::Reason::VersionMismatch),
        (Self::ProtocolError, schema::Reason::ProtocolError),
        (Self::Overloaded, schema::Reason::Overloaded),
        (Self::NameInUse, schema::Reason::NameInUse),
        (Self::SelfConnection, schema::Reason::SelfConnection),
    ];

    fn to_wire(self) -> schema::Reason {
        let found = Self::WIRE.iter().find(|(reason, _)| *reason == self);
        found.map_or(schema::Reason::Unspecified, |(_, wire)| *wire)
    }

    fn from_wire(wire: Result<schema::Reason, capnp::NotInSchema>) -> Self {
        let found = wire
            .ok()
            .and_then(|wire| Self::WIRE.iter().find(|(_, known)| *known == wire));
        found.map_or(Self::Unspecified, |(reason, _)| *reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "no reason given",
            Self::Shutdown => "the node ends",
            Self::Closed => "the link was closed",
            Self::RefusedByPolicy => "not accepted there",
            Self::VersionMismatch => "no common protocol version",
            Self::ProtocolError => "the protocol was broken",
            Self::Overloaded => "too slow to keep up",
            Self::NameInUse => "another live node has this name",
            Self::SelfConnection => "both ends are the same node",
        })
    }
}

impl Control {
    /// Reads a control message.
    ///
    /// # Errors
    /// [`Fault`] when it is too long, malformed, or breaks a limit.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.len() > CONTROL_BYTES_MAX {
            return Err(Fault::ControlTooLong);
        }
        let segments = [bytes];
        let options = ReaderOptions {
            traversal_limit_in_words: Some(bytes.len().max(64)),
            nesting_limit: 8,
        };
        let message = Reader::new(SegmentArray::new(&segments), options);
        let root = message
            .get_root::<control::Reader<'_>>()
            .map_err(|_| Fault::Control)?;
        Self::read(root)
    }

    fn read(root: control::Reader<'_>) -> Result<Self, Fault> {
        let bad = |_: capnp::Error| Fault::Control;
        let Ok(which) = root.which() else {
            return Ok(Self::Newer);
        };
        Ok(match which {
            control::Hello(hello) => Self::Hello(read_hello(hello.map_err(bad)?)?),
            control::Accept(()) => Self::Accept,
            control::Refuse(goodbye) => Self::Refuse(read_goodbye(goodbye.map_err(bad)?)?),
            control::Close(goodbye) => Self::Close(read_goodbye(goodbye.map_err(bad)?)?),
            control::Heartbeat(()) => Self::Heartbeat,
            control::Subscribe(filters) => {
                let filters = filters.map_err(bad)?;
                Self::Subscribe {
                    token: filters.get_token(),
                    snapshot_end: filters.get_snapshot_end(),
                    filters: read_filters(filters)?,
                }
            }
            control::Unsubscribe(filters) => {
                let filters = filters.map_err(bad)?;
                Self::Unsubscribe {
                    token: filters.get_token(),
                    filters: read_filters(filters)?,
                }
            }
            control::Done(token) => Self::Done(token),
            control::Credit(credit) => {
                let credit = credit.map_err(bad)?;
                Self::Credit {
                    class: class(credit.get_class())?,
                    limit: credit.get_limit(),
                }
            }
            control::Digest(digest) => Self::Digest(routing::read_digest(digest.map_err(bad)?)?),
            control::Update(update) => Self::Update(routing::read_update(update.map_err(bad)?)?),
            control::Synced(()) => Self::Synced,
            control::Want(node) => Self::Want(routing::read_node(node.map_err(bad)?)?),
            control::Routed(routed) => Self::Routed(routing::read_routed(routed.map_err(bad)?)?),
            control::Trace(trace) => Self::Trace(routing::read_trace(trace.map_err(bad)?)?),
        })
    }
}

fn class(number: u8) -> Result<TrafficClass, Fault> {
    TrafficClass::from_number(number).ok_or(Fault::FrameClass(number))
}

fn read_text(text: capnp::Result<capnp::text::Reader<'_>>) -> Result<String, Fault> {
    let text = text.map_err(|_| Fault::Control)?;
    text.to_string().map_err(|_| Fault::Control)
}

/// What a peer says for people ends up in log lines and on terminals.
fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

fn read_goodbye(goodbye: schema::goodbye::Reader<'_>) -> Result<Goodbye, Fault> {
    let reason = Reason::from_wire(goodbye.get_reason());
    let text = printable(&read_text(goodbye.get_text())?);
    Ok(Goodbye { reason, text })
}

fn read_hello(hello: schema::hello::Reader<'_>) -> Result<Hello, Fault> {
    let name = read_text(hello.get_name())?;
    let program = read_text(hello.get_program())?;
    let limits = hello.get_credit_limits().map_err(|_| Fault::Control)?;
    let mut credit_limits = [0; TrafficClass::COUNT];
    for (limit, given) in credit_limits.iter_mut().zip(limits) {
        *limit = given;
    }
    Ok(Hello {
        node: NodeId {
            name: NodeName::new(&name).map_err(|_| Fault::HelloName)?,
            incarnation: Incarnation {
                started_us: hello.get_started_us(),
                random: hello.get_random(),
            },
        },
        role: match hello.get_role() {
            Ok(schema::Role::Client) => Role::Client,
            Ok(schema::Role::Member) => Role::Member,
            Err(_) => return Err(Fault::HelloRole),
        },
        features: hello.get_features(),
        heartbeat_ms: hello.get_heartbeat_ms(),
        message_bytes_max: hello.get_message_bytes_max(),
        credit_limits,
        program: printable(shortened(&program, PROGRAM_BYTES_MAX)),
    })
}

fn read_filters(filters: schema::filters::Reader<'_>) -> Result<Vec<TopicFilter>, Fault> {
    let list = filters.get_filters().map_err(|_| Fault::Control)?;
    let mut checked = Vec::with_capacity(list.len().min(64) as usize);
    for filter in list {
        let filter = filter.map_err(|_| Fault::Control)?;
        checked.push(TopicFilter::new(filter).map_err(|_| Fault::ControlFilter)?);
    }
    Ok(checked)
}

/// Writes control messages as whole frames.
#[derive(Debug, Default)]
pub struct ControlWriter;

impl ControlWriter {
    /// Appends `control` to `out` as one frame, or as several when it holds many filters.
    pub fn write(control: &Control, out: &mut Vec<u8>) {
        match control {
            Control::Subscribe {
                token,
                filters,
                snapshot_end,
            } => {
                for (part, last) in parts(filters) {
                    Self::write_one(out, |root| {
                        let mut message = root.init_subscribe();
                        message.set_snapshot_end(*snapshot_end && last);
                        write_filters(message, if last { *token } else { 0 }, part);
                    });
                }
            }
            Control::Unsubscribe { token, filters } => {
                for (part, last) in parts(filters) {
                    Self::write_one(out, |root| {
                        let message = root.init_unsubscribe();
                        write_filters(message, if last { *token } else { 0 }, part);
                    });
                }
            }
            Control::Digest(digest) => {
                for part in routing::digest_parts(digest) {
                    Self::write_one(out, |root| {
                        routing::write_digest(&part, root.init_digest());
                    });
                }
            }
            Control::Update(update) => {
                for part in routing::update_parts(update) {
                    Self::write_one(out, |root| {
                        routing::write_update(&part, root.init_update());
                    });
                }
            }
            other => Self::write_one(out, |root| write_small(other, root)),
        }
    }

    fn write_one(out: &mut Vec<u8>, fill: impl FnOnce(control::Builder<'_>)) {
        let words = u32::try_from(CONTROL_BYTES_MAX / 8).expect("a small constant");
        let mut message = Builder::new(HeapAllocator::new().first_segment_words(words));
        fill(message.init_root::<control::Builder<'_>>());
        let segments = message.get_segments_for_output();
        assert_eq!(segments.len(), 1, "control messages are cut to one segment");
        let header = FrameHeader {
            class: TrafficClass::Control,
            fragment: false,
            hop_limit: 0,
            envelope_bytes: 0,
            payload_bytes: segments[0].len(),
            tree: 0,
        };
        out.reserve(FRAME_HEADER_BYTES + segments[0].len());
        out.extend(header.encode());
        out.extend(segments[0]);
    }
}

/// Cuts filters into runs that fit one control message each; at least one run, maybe empty.
fn parts(filters: &[TopicFilter]) -> Vec<(&[TopicFilter], bool)> {
    const ROOM_BYTES: usize = CONTROL_BYTES_MAX - 256;
    let mut parts = Vec::new();
    let mut rest = filters;
    loop {
        let mut room = ROOM_BYTES;
        let fits = rest.iter().take_while(|filter| {
            // A list pointer and the bytes in whole words.
            let cost = 8 + filter.as_bytes().len().next_multiple_of(8);
            let fits = cost <= room;
            room = room.saturating_sub(cost);
            fits
        });
        let (part, later) = rest.split_at(fits.count());
        parts.push((part, later.is_empty()));
        if later.is_empty() {
            return parts;
        }
        rest = later;
    }
}

fn write_filters(message: schema::filters::Builder<'_>, token: u64, filters: &[TopicFilter]) {
    let mut message = message;
    message.set_token(token);
    let count = u32::try_from(filters.len()).expect("a part is small");
    let mut list = message.init_filters(count);
    for (index, filter) in (0..count).zip(filters) {
        list.set(index, filter.as_bytes());
    }
}

fn write_goodbye(message: schema::goodbye::Builder<'_>, goodbye: &Goodbye) {
    const TEXT_BYTES_MAX: usize = 1024;
    let mut message = message;
    message.set_reason(goodbye.reason.to_wire());
    message.set_text(shortened(&goodbye.text, TEXT_BYTES_MAX));
}

/// The longest start of `text` that has at most `bytes_max` bytes and ends between characters.
fn shortened(text: &str, bytes_max: usize) -> &str {
    let fits = |end: &usize| *end <= bytes_max;
    let ends = text
        .char_indices()
        .map(|(start, c)| start + c.len_utf8())
        .take_while(fits);
    &text[..ends.last().unwrap_or(0)]
}

#[expect(clippy::cast_possible_truncation, reason = "a handful of classes")]
const CLASS_COUNT: u32 = TrafficClass::COUNT as u32;
const PROGRAM_BYTES_MAX: usize = 255;

fn write_small(control: &Control, root: control::Builder<'_>) {
    let mut root = root;
    match control {
        Control::Hello(hello) => {
            let mut message = root.init_hello();
            message.set_name(hello.node.name.as_str());
            message.set_started_us(hello.node.incarnation.started_us);
            message.set_random(hello.node.incarnation.random);
            message.set_role(match hello.role {
                Role::Member => schema::Role::Member,
                Role::Client => schema::Role::Client,
            });
            message.set_features(hello.features);
            message.set_heartbeat_ms(hello.heartbeat_ms);
            message.set_message_bytes_max(hello.message_bytes_max);
            message.set_program(shortened(&hello.program, PROGRAM_BYTES_MAX));
            let mut limits = message.init_credit_limits(CLASS_COUNT);
            for (index, limit) in (0..).zip(hello.credit_limits) {
                limits.set(index, limit);
            }
        }
        Control::Accept => root.set_accept(()),
        Control::Refuse(goodbye) => write_goodbye(root.init_refuse(), goodbye),
        Control::Close(goodbye) => write_goodbye(root.init_close(), goodbye),
        Control::Done(token) => root.set_done(*token),
        Control::Credit { class, limit } => {
            let mut credit = root.init_credit();
            credit.set_class(*class as u8);
            credit.set_limit(*limit);
        }
        Control::Synced => root.set_synced(()),
        Control::Want(node) => routing::write_node(node, root.init_want()),
        Control::Routed(routed) => routing::write_routed(routed, root.init_routed()),
        Control::Trace(trace) => routing::write_trace(trace, root.init_trace()),
        Control::Heartbeat
        | Control::Newer
        | Control::Digest(_)
        | Control::Update(_)
        | Control::Subscribe { .. }
        | Control::Unsubscribe { .. } => root.set_heartbeat(()),
    }
}

#[cfg(test)]
mod tests;
