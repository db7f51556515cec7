//! Publish and subscribe for Zeek clusters, and for any program that talks to one.
//!
//! A [`Node`] has a name, listens and connects, publishes events to topics and subscribes to
//! filters. Peers that are linked exchange what they subscribed to; nothing else crosses a link.
//!
//! ```
//! use std::time::Duration;
//! use zeekwire::{Event, Inproc, Node, Value};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let meeting_place = Inproc::new();
//! let manager = Node::builder("manager").inproc(&meeting_place).start()?;
//! manager.listen("inproc://manager")?;
//! let inbox = manager.subscribe(["zeek/workers/*"])?.receiver()?;
//!
//! let worker = Node::builder("worker-1").inproc(&meeting_place).start()?;
//! worker.connect("inproc://manager")?.wait_ready(Duration::from_secs(5))?;
//! worker.publish("zeek/workers/1", &Event::new("Demo::ping", [Value::Count(42)]))?;
//!
//! let message = inbox.recv_timeout(Duration::from_secs(5))?;
//! assert_eq!(message.topic(), b"zeek/workers/1");
//! assert_eq!(message.event()?.args, [Value::Count(42)]);
//! # Ok(())
//! # }
//! ```
//!
//! Nothing is global: a process may run many nodes. Log lines go through `tracing`.

#![forbid(unsafe_code)]

mod builder;
mod error;
mod link;
mod message;
mod node;
mod pool;
mod publication;
pub mod subscription;
mod survey;

pub use builder::NodeBuilder;
pub use error::{Error, RecvError};
pub use link::{Link, LinkError};
pub use message::{MessageExt, Received};
pub use node::Node;
pub use pool::{Pool, PoolError, PoolMembers, rendezvous};
pub use publication::PublicationBuilder;
pub use subscription::{Pollable, Receiver, Signalled, SubscribeBuilder, Subscription};
pub use survey::{Answers, Question, SurveyBuilder};
pub use zeekwire_backend::status;
pub use zeekwire_backend::{
    AcceptHook, Backend, Batch, Completion, ConnectOptions, ForwardRule, LinkEvent, LinkId,
    ListenOptions, ListenerId, Member, MemberEvent, Message, Parts, Peer, PublishError, Retry,
    SetupError, SetupErrorKind, Single, TopicObserver, TraceHop, TraceReport,
};
pub use zeekwire_runtime::{Endpoint, EndpointError, Forwarding, Glob, Inproc, RuntimeConfig};
pub use zeekwire_serializer::{DecodeError, EncodeError, EventEncoder, EventMessage, EventView};
pub use zeekwire_types::{
    DropPolicy, Event, Incarnation, Metadata, NodeId, NodeName, Role, Topic, TopicError,
    TopicFilter, TrafficClass, Value, args, limits, value,
};

/// Formats for events, by the name that travels with each message.
pub mod serializer {
    pub use zeekwire_serializer::{
        EventSerializer, by_name, decode_any, event_to_json, names, value_to_json,
    };
}
