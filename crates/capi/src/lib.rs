//! The C library `libzeekwire`: opaque handles, result codes, one descriptor to be polled.
//!
//! Each exported function starts with `zw_`, checks what C gave it, and calls safe code inside
//! `boundary::guard`, so that no panic crosses. The header `include/zeekwire.h` is generated
//! from this crate and says for each function which thread may call it and who owns what.
//!
//! Unsafe code is the reading of C's pointers and little else; the safe halves live in the
//! modules' types.

#![allow(
    non_camel_case_types,
    reason = "types carry the names that they have in C"
)]
#![allow(
    clippy::missing_safety_doc,
    reason = "the comments are C's: what holds of each pointer stands in words there"
)]

// Which library this is, and what calls return.
mod result;
pub mod version;

// The parts of a context, in the order in which a program meets them: so the header has them.
pub mod context;
pub mod options;

pub mod processing;

pub mod connections;

pub mod topics;

pub mod values;

pub mod value_view;

pub mod events;
pub mod pools;

pub mod messages;

pub mod surveys;

pub mod members;

pub mod codec;

pub mod handlers;

// What is behind them.
mod boundary;
mod counted;
mod departures;
mod entry;
mod failure;
mod fork;
mod links;
mod notices;
mod signals;
mod waker;

pub use context::zw_context;
pub use messages::zw_class;
pub use result::{zw_result, zw_result_name};
