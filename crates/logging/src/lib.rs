//! Remote logging without sockets, clocks or threads: rows in columns, and what senders and
//! loggers say about them.
//!
//! [`columns`] turns rows into batches and back; nothing in it knows how a batch looks on a link.
//! [`wire`] does: it writes and reads every message of `schema/log.capnp`.

#![forbid(unsafe_code)]

pub mod columns;
mod id;
pub mod wire;

pub use columns::{BatchBuilder, BatchView, ColumnView, StreamError};
pub use id::BatchId;
pub use wire::{DecodeError, EncodeError, Encoder, Fault, Frame, Message};
