//! Memory for messages: aligned bytes, a bounded pool of receive blocks, scratch space for
//! builders.
//!
//! Cap'n Proto reads in place only where its words are aligned, so everything that may hold a
//! message is backed by `u64`s. This is one of the few crates that may use `unsafe`; each use is a
//! cast between bytes and words or text, or an allocator for message builders.

#![deny(unsafe_op_in_unsafe_fn)]

mod aligned;
mod copying;
mod pool;
pub mod scratch;
mod text;

pub use aligned::AlignedBytes;
pub use copying::copy_short;
pub use pool::{Block, BlockPool, CopyPool, Filling};
pub use text::{short_ascii, utf8};

/// Rounds a count of bytes up to whole words of eight bytes.
#[must_use]
pub const fn padded(bytes: usize) -> usize {
    bytes.next_multiple_of(8)
}
