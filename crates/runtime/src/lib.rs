//! The event loop that joins protocol logic and sockets: Zeekwire's own backend.
//!
//! One thread per node waits for sockets, takes publications from a bounded ring, and hands
//! messages to inboxes. The protocol's state and the sockets sit together behind one lock, the
//! `Engine`; whoever holds it may run a turn. That is how a publisher can send
//! on its own thread while the loop sleeps: see [`NativeBackend::publish`](Backend::publish).

#![forbid(unsafe_code)]

mod clock;
mod config;
mod engine;
mod event_loop;
mod ids;
mod inline;
mod native;
mod outbox;
mod ring;
mod sync;
mod templates;

pub use config::RuntimeConfig;
pub use engine::STATUS_TOPIC;
pub use native::NativeBackend;
pub use zeekwire_backend::Backend;
pub use zeekwire_core::node::Forwarding;
pub use zeekwire_core::topics::Glob;
pub use zeekwire_transport::{Endpoint, EndpointError, Inproc};
