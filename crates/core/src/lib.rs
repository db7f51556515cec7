//! Zeekwire's protocol logic: sessions, flow control, subscriptions and routing of messages.
//!
//! Sans-IO. There is no socket, clock, thread, global or unseeded randomness here: bytes, commands
//! and the time come in as arguments, and what the driver must do comes out as values. Payloads
//! are opaque; nothing here knows what an event is. `testing` and the production runtime drive the
//! same code.

#![forbid(unsafe_code)]

mod drops;
mod fault;
mod gate;
mod membership;
pub mod node;
mod routing;
pub mod session;
#[cfg(test)]
mod testing;
pub mod topics;
pub mod wire;

pub use drops::{DropCounters, DropTotal, TopicDrops};
pub use fault::Fault;
pub use node::Node;
