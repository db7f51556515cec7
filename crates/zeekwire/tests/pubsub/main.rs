//! Publishing and subscribing over real sockets and threads.

#![allow(clippy::unwrap_used, reason = "for tests only")]

#[path = "../common/mod.rs"]
mod common;
mod handing_over;
mod joined;
mod order;
mod payloads;
mod reentry;
mod scoping;
