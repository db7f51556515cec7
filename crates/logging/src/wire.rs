//! Every message of `schema/log.capnp`: the only part of this crate that knows Cap'n Proto.
//!
//! [`Encoder`] writes a message into memory that it keeps. [`Frame`] checks the frame of received
//! bytes, and [`Frame::message`] reads what is in it. Everything read here comes from a peer: each
//! check that fails is a [`Fault`] with its place, never a panic, and reading holds no more memory
//! than a small multiple of the bytes that are there.

mod batch;
mod encoder;
mod fault;
mod layout;
mod message;
mod stream;

pub use batch::BatchMessage;
pub use encoder::{EncodeError, Encoder};
pub use fault::{DecodeError, Fault};
pub use message::{Frame, Level, Message, Reason, SequenceRange};

/// The name of the format on the wire. Events have one of the same name; the class of the message
/// tells which it is.
pub const NAME: &str = "capnp-v1";
