//! The rivals, each at its best, doing the same work as Zeekwire.

pub(crate) mod nats;
pub(crate) mod tcp;
