//! Endpoints within one process: a hub where listeners and those who connect meet.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mio::event::Source;
use mio::net::UnixStream;
use mio::{Interest, Registry, Token};
use socket2::SockRef;

use crate::stream::SEND_FLAGS;
use crate::{ConnectReason, Endpoint, ListenReason, SocketOptions, Stream};

/// Most connections that wait for [`InprocListener::accept`]; further ones are refused.
pub const INPROC_BACKLOG_COUNT_MAX: usize = 128;

/// Where the `inproc://` endpoints of a process meet. Clones are the same hub; nodes of different
/// hubs cannot reach each other.
///
/// Each connection is a pair of Unix domain sockets, so that it behaves like any other link.
#[derive(Clone, Default)]
pub struct Inproc {
    doors: Arc<Mutex<HashMap<String, Door>>>,
}

impl Inproc {
    /// A hub where nobody listens.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens under a name until the listener is dropped. Holds two descriptors.
    ///
    /// # Errors
    /// [`ListenReason::IdInUse`] while another listener has the name.
    pub fn listen(&self, id: &str) -> Result<InprocListener, ListenReason> {
        let mut doors = self.doors();
        if doors.contains_key(id) {
            return Err(ListenReason::IdInUse);
        }
        let (bell, button) = UnixStream::pair()?;
        doors.insert(
            id.into(),
            Door {
                waiting: VecDeque::new(),
                button,
            },
        );
        drop(doors);
        Ok(InprocListener {
            hub: self.clone(),
            id: id.into(),
            bell,
        })
    }

    /// Connects to the listener of a name.
    ///
    /// # Errors
    /// [`ConnectReason::NobodyListens`] and [`ConnectReason::BacklogFull`].
    pub fn connect(&self, id: &str, options: &SocketOptions) -> Result<Stream, ConnectReason> {
        let mut doors = self.doors();
        let door = doors.get_mut(id).ok_or(ConnectReason::NobodyListens)?;
        if door.waiting.len() >= INPROC_BACKLOG_COUNT_MAX {
            return Err(ConnectReason::BacklogFull);
        }
        let (ours, theirs) = Stream::pair(options, &Endpoint::Inproc(id.into()))?;
        door.waiting.push_back(theirs);
        // When the bell's buffer is full, it is ringing already.
        let _ = SockRef::from(&door.button).send_with_flags(&[1], SEND_FLAGS);
        Ok(ours)
    }

    /// The table; a panic elsewhere leaves it whole, since no change takes more than one step.
    fn doors(&self) -> MutexGuard<'_, HashMap<String, Door>> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Inproc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.doors().keys()).finish()
    }
}

/// A name at which others of the process connect. Dropping it frees the name and closes the
/// connections that were not accepted.
pub struct InprocListener {
    hub: Inproc,
    id: String,
    /// Becomes readable when somebody connects, so that a poller sees it like any listener.
    bell: UnixStream,
}

impl InprocListener {
    /// The next connection, or `None` when nobody waits; then, and only then, the poller reports
    /// the next.
    pub fn accept(&mut self) -> Option<Stream> {
        if let Some(stream) = self.take() {
            return Some(stream);
        }
        // Silence first, then look again: who connects after the look rings anew.
        let mut rings = [0; INPROC_BACKLOG_COUNT_MAX];
        while matches!(self.bell.read(&mut rings), Ok(1..)) {}
        self.take()
    }

    /// The name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    fn take(&self) -> Option<Stream> {
        self.hub.doors().get_mut(&self.id)?.waiting.pop_front()
    }
}

impl Drop for InprocListener {
    fn drop(&mut self) {
        self.hub.doors().remove(&self.id);
    }
}

impl fmt::Debug for InprocListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InprocListener({})", self.id)
    }
}

impl Source for InprocListener {
    fn register(&mut self, registry: &Registry, token: Token, on: Interest) -> io::Result<()> {
        self.bell.register(registry, token, on)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, on: Interest) -> io::Result<()> {
        self.bell.reregister(registry, token, on)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.bell.deregister(registry)
    }
}

struct Door {
    waiting: VecDeque<Stream>,
    button: UnixStream,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(hub: &Inproc, id: &str) -> Result<Stream, ConnectReason> {
        hub.connect(id, &SocketOptions::default())
    }

    #[test]
    fn name_is_taken_once_and_freed_by_drop() {
        let hub = Inproc::new();
        let listener = hub.listen("a").unwrap();
        assert!(matches!(
            hub.clone().listen("a"),
            Err(ListenReason::IdInUse)
        ));
        assert!(hub.listen("b").is_ok());
        drop(listener);
        assert!(matches!(
            connect(&hub, "a"),
            Err(ConnectReason::NobodyListens)
        ));
        assert!(hub.listen("a").is_ok());
    }

    #[test]
    fn hubs_do_not_see_each_other() {
        let (one, other) = (Inproc::new(), Inproc::new());
        let _listener = one.listen("a").unwrap();
        assert!(matches!(
            connect(&other, "a"),
            Err(ConnectReason::NobodyListens)
        ));
    }

    #[test]
    fn connections_are_accepted_in_their_order() {
        let hub = Inproc::new();
        let mut listener = hub.listen("a").unwrap();
        let mut clients = [connect(&hub, "a").unwrap(), connect(&hub, "a").unwrap()];
        for (number, client) in clients.iter_mut().enumerate() {
            client.write(&[u8::try_from(number).unwrap()]).unwrap();
        }
        for number in 0..2 {
            let mut byte = [9];
            listener.accept().unwrap().read(&mut byte).unwrap();
            assert_eq!(byte, [number]);
        }
        assert!(listener.accept().is_none());
    }

    #[test]
    fn backlog_is_bounded() {
        let hub = Inproc::new();
        let mut listener = hub.listen("a").unwrap();
        let clients: Vec<_> = (0..INPROC_BACKLOG_COUNT_MAX)
            .map(|_| connect(&hub, "a").unwrap())
            .collect();
        assert!(matches!(
            connect(&hub, "a"),
            Err(ConnectReason::BacklogFull)
        ));
        let accepted = std::iter::from_fn(|| listener.accept()).count();
        assert_eq!(accepted, clients.len());
        assert!(connect(&hub, "a").is_ok());
    }

    #[test]
    fn dropped_listener_closes_who_waits() {
        let hub = Inproc::new();
        let listener = hub.listen("a").unwrap();
        let mut client = connect(&hub, "a").unwrap();
        drop(listener);
        assert_eq!(client.read(&mut [0]).unwrap(), crate::ReadOutcome::Closed);
    }
}
