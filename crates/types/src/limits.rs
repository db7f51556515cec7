//! Every bound in one place. Each constant says its unit; `docs/limits.md` is made from this file.

/// Longest topic and longest filter.
pub const TOPIC_BYTES_MAX: usize = 512;
/// Most stars that one filter may hold.
pub const FILTER_STAR_COUNT_MAX: usize = 8;
/// Longest node name.
pub const NODE_NAME_BYTES_MAX: usize = 255;
/// Longest name of a serializer format.
pub const FORMAT_NAME_BYTES_MAX: usize = 64;

/// Deepest nesting of containers in a value, on encoding and on decoding.
pub const VALUE_DEPTH_MAX: usize = 32;
/// Most values in one event, those inside containers included. It bounds what decoding holds in
/// memory for formats in which a value takes a byte or two.
pub const VALUE_COUNT_MAX: usize = 4 * 1024 * 1024;
/// Largest payload of one message.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Largest envelope of one message; a topic, two names and a format fit with room to spare.
pub const ENVELOPE_BYTES_MAX: usize = 2048;
/// Bytes of a frame's fixed header.
pub const FRAME_HEADER_BYTES: usize = 16;
/// Largest frame on a link. A longer message travels in fragments of this size.
pub const FRAGMENT_BYTES_MAX: usize = 32 * 1024;
/// Largest message: header, envelope and payload.
pub const MESSAGE_BYTES_MAX: usize = FRAME_HEADER_BYTES + ENVELOPE_BYTES_MAX + PAYLOAD_BYTES_MAX;
/// Largest control message; what is longer must be split by its sender.
pub const CONTROL_BYTES_MAX: usize = 16 * 1024;
/// Most hops that a message may travel.
pub const HOP_LIMIT_MAX: u8 = 64;

/// Most filters that a peer may subscribe to or advertise over one link.
pub const PEER_FILTER_COUNT_MAX: usize = 100_000;
/// Most members of a cluster of which a node keeps a record.
pub const MEMBER_COUNT_MAX: usize = 16_384;
/// Most links, filters and labels in the record of one member.
pub const RECORD_ITEM_COUNT_MAX: usize = 200_000;
/// Topics whose targets are remembered between messages.
pub const TOPIC_CACHE_COUNT_MAX: usize = 4096;
/// Bytes that remembered topics and their targets may hold.
pub const TOPIC_CACHE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Topics of one class whose publishers are made to wait at the same time.
pub const HELD_TOPIC_COUNT_MAX: usize = 4096;
/// Requests of programs that may wait for a node's loop.
pub const REQUEST_COUNT_MAX: usize = 65_536;
/// Most links of one node.
pub const LINK_COUNT_MAX: usize = 16_384;

/// Most fields of a log stream.
pub const LOG_FIELD_COUNT_MAX: usize = 4096;
/// Most rows of a log batch.
pub const LOG_BATCH_ROW_COUNT_MAX: usize = 65_536;
/// Longest string that a log batch keeps in a dictionary. It bounds what few bytes on the wire may
/// become in a file.
pub const LOG_DICTIONARY_ENTRY_BYTES_MAX: usize = 255;
/// Longest line of a log file that is read.
pub const LOG_LINE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Commands that work on rotated log files at the same time.
pub const POST_PROCESSOR_COUNT_MAX: usize = 32;
/// Rotated log files that wait for such commands to end; for others, none is started.
pub const POST_PROCESSOR_WAITING_COUNT_MAX: usize = 4096;

const _: () = assert!(FRAGMENT_BYTES_MAX.is_multiple_of(8));
const _: () = assert!(ENVELOPE_BYTES_MAX > 2 * (TOPIC_BYTES_MAX + NODE_NAME_BYTES_MAX));
const _: () = assert!(CONTROL_BYTES_MAX <= FRAGMENT_BYTES_MAX - FRAME_HEADER_BYTES);
const _: () = assert!(CONTROL_BYTES_MAX > 2 * TOPIC_BYTES_MAX);
