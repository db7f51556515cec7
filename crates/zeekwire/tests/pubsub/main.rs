//! Publishing and subscribing over real sockets and threads.

#[path = "../common/mod.rs"]
mod common;
mod handing_over;
mod order;
mod payloads;
mod reentry;
mod scoping;
