//! The admin socket: how `zeekwire status` looks into a running node.
//!
//! A node that runs here has a Unix socket in a directory that only its user can enter, named after
//! the node and its process. It takes one request a connection, a JSON line such as
//! `{"request":"status"}`, and answers with one: `{"status":{…}}` or `{"error":"…"}`. A socket
//! whose process has died is removed by whoever notices.

mod directory;
mod search;
mod server;

use serde::{Deserialize, Serialize};
use zeekwire::status::NodeStatus;

pub(crate) use directory::Directory;
pub(crate) use search::search;
pub(crate) use server::AdminServer;

/// Longest request, in bytes.
const REQUEST_BYTES_MAX: u64 = 4 * 1024;
/// Longest answer, in bytes: room for the status of a node with thousands of links.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What a node is asked.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
enum Request {
    /// What does the node see of itself?
    Status,
}

/// What it answers.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    Status(Box<NodeStatus>),
    Error(String),
}

#[cfg(test)]
mod tests;
