//! Links over real sockets: how they start, come back, end, and meet strangers.

#![allow(clippy::unwrap_used, reason = "for tests only")]

mod closing;
#[path = "../common/mod.rs"]
mod common;
mod endpoints;
mod reconnecting;
mod refusing;
mod strangers;
