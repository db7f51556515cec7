//! Full queues over real sockets: who waits, who loses what, and that it is counted.

#![allow(clippy::unwrap_used, reason = "for tests only")]

#[path = "../common/mod.rs"]
mod common;
mod inboxes;
mod memory;
mod policies;
mod stalled;
mod waiting;
