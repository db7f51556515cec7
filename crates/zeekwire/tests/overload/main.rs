//! Full queues over real sockets: who waits, who loses what, and that it is counted.

#[path = "../common/mod.rs"]
mod common;
mod inboxes;
mod memory;
mod policies;
mod stalled;
mod waiting;
