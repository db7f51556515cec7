//! The vocabulary of Zeekwire: values, events, topics, node names, time and limits.
//!
//! Plain data. No IO and no encoding: how a [`Value`] looks on the wire is the business of
//! `zeekwire-serializer`, how it travels that of `zeekwire-core`.

#![forbid(unsafe_code)]

mod event;
mod hashing;
mod instant;
pub mod limits;
pub mod log;
mod node_id;
mod topic;
mod traffic;
pub mod value;

pub use event::{Event, Metadata};
pub use hashing::{agreed_hash, mixed};
pub use instant::Instant;
pub use log::{Cell, LogField, LogRow, LogStream, LogType, LogValue};
pub use node_id::{Incarnation, NodeId, NodeName, NodeNameError};
pub use topic::{Topic, TopicError, TopicFilter};
pub use traffic::{DropPolicy, Role, TrafficClass, UnknownPolicy};
pub use value::Value;
