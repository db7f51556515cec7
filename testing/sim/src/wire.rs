//! A connection between two hosts.

use zeekwire_core::node::LinkKey;
use zeekwire_types::Instant;

use crate::pipe::Pipe;

/// One end of a connection.
#[derive(Debug, Default)]
pub(crate) struct End {
    /// The link that runs over it, once the host knows of it.
    pub(crate) key: Option<LinkKey>,
    /// Whether the host has the socket.
    pub(crate) open: bool,
    /// What the node said of the link.
    pub(crate) up: bool,
    pub(crate) ready: bool,
    /// What arrives is of no more use.
    pub(crate) deaf: bool,
    /// The node is done with it; what waits may go out for a while.
    pub(crate) closing: bool,
    /// The start of a frame whose rest has yet to arrive.
    pub(crate) partial: Vec<u8>,
    /// When the next look is due.
    pub(crate) readable_at: Option<Instant>,
    pub(crate) is_writable_due: bool,
}

/// A connection: what side 0, which dialled, writes goes through pipe 0.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) hosts: [usize; 2],
    pub(crate) ends: [End; 2],
    pub(crate) pipes: [Pipe; 2],
    /// Which of the dialler's links it serves.
    pub(crate) dial: usize,
}

impl Wire {
    pub(crate) fn side_of(&self, host: usize) -> usize {
        usize::from(self.hosts[0] != host)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.ends.iter().any(|end| end.open)
    }
}
