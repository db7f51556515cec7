//! Bytes on a link: the preamble, frames, envelopes and control messages.
//!
//! The only part of this crate that knows Cap'n Proto. Everything read here comes from a peer:
//! each check that fails is a [`Fault`](crate::Fault), never a panic.

mod control;
mod credit;
mod envelope;
mod header;
mod preamble;
mod routing;

pub use control::{Control, ControlWriter, FEATURE_ROUTES, Goodbye, Hello, Reason};
pub use credit::CreditTemplate;
pub use envelope::{Envelope, EnvelopeTemplate, Located};
pub use header::{Frame, FrameHeader, split};
pub use preamble::{Foreign, PREAMBLE_BYTES, Preamble, PreambleError};
pub use routing::{Body, Digest, Hop, Item, LossCause, Lost, Routed, Trace, Update, is_pool_label};
