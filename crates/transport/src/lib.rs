//! Moves bytes: endpoints, streams, listeners, the poller, timers and retry schedules.
//!
//! Knows nothing of topics, frames or sessions. [`Network`] opens listeners and dials; each socket
//! is registered once under a [`Key`] and reports edges through [`Poller`]. Nothing here is global:
//! `inproc://` endpoints meet in an [`Inproc`] hub that the caller makes.

#![forbid(unsafe_code)]

mod backoff;
mod dialer;
mod endpoint;
mod failure;
mod inproc;
mod ipc_path;
mod listener;
mod network;
mod options;
mod poller;
mod resolver;
mod stream;
mod timers;

pub use backoff::{Backoff, BackoffPolicy};
pub use dialer::{Dialer, Step};
pub use endpoint::{ANY_HOST, Endpoint, EndpointError, INPROC_ID_BYTES_MAX, IPC_PATH_BYTES_MAX};
pub use failure::{ConnectError, ConnectReason, ListenError, ListenReason};
pub use inproc::{INPROC_BACKLOG_COUNT_MAX, Inproc, InprocListener};
pub use listener::{ACCEPT_RETRY_MS, Accept, Listener};
pub use network::Network;
pub use options::SocketOptions;
pub use poller::{Key, Polled, Poller, Ready, Registrar, Source, Wake};
pub use resolver::{LOOKUP_COUNT_MAX, Lookup, Resolver};
pub use stream::{ReadOutcome, Stream, WRITE_SLICE_COUNT_MAX, WriteOutcome};
pub use timers::Timers;
