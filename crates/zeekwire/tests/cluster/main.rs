//! Clusters of several nodes over real sockets and threads.

#![allow(clippy::unwrap_used, reason = "for tests only")]

mod borders;
mod clients;
mod cluster;
#[path = "../common/mod.rs"]
mod common;
mod groups;
mod losses;
mod members;
mod routes;
mod surveys;
mod topics;
