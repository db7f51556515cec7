//! Readiness of sockets as edges, waking from other threads, and the keys that name sockets.

use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use mio::event::Source;
use mio::{Events, Interest, Poll, Registry, Token, Waker};

/// Names a registered socket: a slot of the caller's table, and which occupant of the slot.
///
/// An event may still arrive for a socket that is gone and whose slot has been taken again; the
/// generation tells the two apart.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Key {
    /// The slot. `u32::MAX` is the poller's own.
    pub index: u32,
    /// Which occupant of the slot.
    pub generation: u32,
}

impl Key {
    /// A key of a slot and its occupant.
    #[must_use]
    pub const fn new(index: u32, generation: u32) -> Self {
        Self { index, generation }
    }

    fn token(self) -> Token {
        Token(((self.generation as usize) << 32) | self.index as usize)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "takes the halves of what `token` joined"
    )]
    fn of(token: Token) -> Self {
        Self {
            index: token.0 as u32,
            generation: (token.0 >> 32) as u32,
        }
    }
}

/// A socket whose readiness has changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ready {
    /// The socket's key.
    pub key: Key,
    /// Reading may get further: bytes, a connection to accept, the peer's end, or an error.
    pub readable: bool,
    /// Writing may get further: room, an established connection, or an error.
    pub writable: bool,
}

/// What ended a wait, besides sockets.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Polled {
    /// Whether [`Wake::wake`] was called since the last poll.
    pub woken: bool,
}

/// Waits for edges of registered sockets.
///
/// An edge is reported once: whoever gets one must read, write or accept until `WouldBlock`, or
/// remember that it has not. One poller serves one thread at a time; [`Registrar`] and [`Wake`]
/// may be used from any.
pub struct Poller {
    poll: Poll,
    events: Events,
    registrar: Registrar,
    wake: Wake,
    spin: Duration,
}

impl Poller {
    /// A poller that does not spin. Holds three descriptors.
    ///
    /// # Errors
    /// The system's, when descriptors run out.
    pub fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let registrar = Registrar {
            registry: Arc::new(poll.registry().try_clone()?),
        };
        let wake = Wake {
            waker: Arc::new(Waker::new(poll.registry(), WAKE.token())?),
        };
        let events = Events::with_capacity(EVENT_COUNT_MAX);
        Ok(Self {
            poll,
            events,
            registrar,
            wake,
            spin: Duration::ZERO,
        })
    }

    /// Sets for how long a poll asks again and again before it lets the thread sleep.
    ///
    /// Spinning saves the few microseconds of being woken, and makes timeouts up to `spin` exact,
    /// at the price of a busy core. Zero, the default, never spins.
    pub fn set_spin(&mut self, spin: Duration) {
        self.spin = spin;
    }

    /// Registers sockets with this poller, from any thread.
    #[must_use]
    pub fn registrar(&self) -> Registrar {
        self.registrar.clone()
    }

    /// Ends a wait of this poller, from any thread.
    #[must_use]
    pub fn wake_handle(&self) -> Wake {
        self.wake.clone()
    }

    /// Waits until a socket has an edge, the poller is woken or the timeout has passed, and puts
    /// the edges into `ready`, which is cleared first.
    ///
    /// `None` waits without end, zero only looks. A sleeping wait is counted in whole
    /// milliseconds, rounded up: it ends up to one millisecond late, never early, except that
    /// waits of weeks may be cut short.
    /// Timeouts below a millisecond are exact only within [`set_spin`](Self::set_spin).
    /// Signals do not end the wait.
    ///
    /// # Errors
    /// The system's; none is known for a poller that was made.
    pub fn poll(
        &mut self,
        timeout: Option<Duration>,
        ready: &mut Vec<Ready>,
    ) -> io::Result<Polled> {
        ready.clear();
        // A poll that only looks is too short to be timed.
        let began = (timeout != Some(Duration::ZERO)).then(Instant::now);
        if !self.spin(timeout, began)? {
            self.wait(timeout, began)?;
        }
        let mut polled = Polled::default();
        for event in &self.events {
            let key = Key::of(event.token());
            if key == WAKE {
                polled.woken = true;
                continue;
            }
            // The peer's end and errors are found by reading and writing.
            let ended = event.is_error();
            ready.push(Ready {
                key,
                readable: event.is_readable() || event.is_read_closed() || ended,
                writable: event.is_writable() || event.is_write_closed() || ended,
            });
        }
        Ok(polled)
    }

    /// Spins as far as allowed; whether that settled the poll.
    fn spin(&mut self, timeout: Option<Duration>, began: Option<Instant>) -> io::Result<bool> {
        let Some(began) = began.filter(|_| !self.spin.is_zero()) else {
            return Ok(false);
        };
        loop {
            self.wait(Some(Duration::ZERO), None)?;
            if !self.events.is_empty() {
                return Ok(true);
            }
            let spent = began.elapsed();
            if timeout.is_some_and(|timeout| spent >= timeout) {
                return Ok(true);
            }
            if spent >= self.spin {
                return Ok(false);
            }
            std::hint::spin_loop();
        }
    }

    fn wait(&mut self, timeout: Option<Duration>, began: Option<Instant>) -> io::Result<()> {
        loop {
            let left = match (timeout, began) {
                (Some(timeout), Some(began)) => Some(timeout.saturating_sub(began.elapsed())),
                _ => timeout,
            };
            match self.poll.poll(&mut self.events, left) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller")
            .field("spin", &self.spin)
            .finish_non_exhaustive()
    }
}

/// Adds sockets to a [`Poller`] and takes them away. Cheap to clone; works from any thread, also
/// while the poller waits.
#[derive(Clone, Debug)]
pub struct Registrar {
    registry: Arc<Registry>,
}

impl Registrar {
    /// Reports the source's edges, reading and writing, under `key` from now on, beginning with
    /// what it is ready for already. Once per source.
    ///
    /// # Errors
    /// `InvalidInput` for the index `u32::MAX`; the system's when the source is registered
    /// already or kernel memory runs out.
    pub fn register(&self, source: &mut impl Source, key: Key) -> io::Result<()> {
        if key.index == WAKE.index {
            let problem = "index u32::MAX is the poller's own: register under another";
            return Err(io::Error::new(ErrorKind::InvalidInput, problem));
        }
        self.registry
            .register(source, key.token(), Interest::READABLE | Interest::WRITABLE)
    }

    /// Reports nothing more of the source.
    ///
    /// Dropping a socket does as much, unless the process has forked without `exec`: then the
    /// child's copy keeps the registration alive, and this is the only way to end it.
    ///
    /// # Errors
    /// The system's, when the source is not registered.
    pub fn deregister(&self, source: &mut impl Source) -> io::Result<()> {
        self.registry.deregister(source)
    }
}

/// Ends a [`Poller`]'s wait from another thread. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Wake {
    waker: Arc<Waker>,
}

impl Wake {
    /// Ends the current wait, or the next one if there is none now. Calls before that poll count
    /// as one.
    ///
    /// Costs a system call, a quarter of a microsecond, and the sleeping thread some more to get
    /// going; who wakes often should know whether the poller sleeps.
    pub fn wake(&self) {
        // The kernel refuses only descriptors that are closed, and this one is ours.
        if let Err(error) = self.waker.wake() {
            tracing::error!(%error, "the poller could not be woken");
        }
    }

    /// How many handles of the poller there are, this one and the poller's own included.
    #[cfg(test)]
    pub(crate) fn holder_count(&self) -> usize {
        Arc::strong_count(&self.waker)
    }
}

/// The key under which wake-ups arrive.
const WAKE: Key = Key::new(u32::MAX, u32::MAX);

/// Most events taken from the kernel at once; further ones wait for the next poll.
const EVENT_COUNT_MAX: usize = 1024;

const _: () = assert!(usize::BITS >= 64, "a token must hold both halves of a key");

#[cfg(test)]
mod tests {
    use mio::net::UnixStream;

    use super::*;

    #[test]
    fn keys_survive_the_way_through_tokens() {
        for key in [
            Key::new(0, 0),
            Key::new(7, u32::MAX),
            Key::new(u32::MAX - 1, 1),
            WAKE,
        ] {
            assert_eq!(Key::of(key.token()), key);
        }
    }

    #[test]
    fn own_index_is_refused() {
        let poller = Poller::new().unwrap();
        let (mut stream, _peer) = UnixStream::pair().unwrap();
        let refused = poller
            .registrar()
            .register(&mut stream, Key::new(u32::MAX, 0));
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidInput);
    }

    #[test]
    fn wake_before_and_during_a_poll_ends_it() {
        let mut poller = Poller::new().unwrap();
        let wake = poller.wake_handle();
        let mut ready = Vec::new();
        wake.wake();
        wake.wake();
        assert!(poller.poll(None, &mut ready).unwrap().woken);
        assert!(!poller.poll(Some(Duration::ZERO), &mut ready).unwrap().woken);

        let waker = std::thread::spawn(move || wake.wake());
        assert!(poller.poll(None, &mut ready).unwrap().woken);
        assert!(ready.is_empty());
        waker.join().unwrap();
    }

    #[test]
    fn timeouts_never_end_early() {
        let mut poller = Poller::new().unwrap();
        for spin in [
            Duration::ZERO,
            Duration::from_micros(300),
            Duration::from_secs(1),
        ] {
            poller.set_spin(spin);
            for timeout in [1, 200, 1500].map(Duration::from_micros) {
                let began = Instant::now();
                let polled = poller.poll(Some(timeout), &mut Vec::new()).unwrap();
                assert!(!polled.woken);
                assert!(
                    began.elapsed() >= timeout,
                    "{timeout:?} with {spin:?} ended early"
                );
            }
        }
    }

    #[test]
    fn spinning_ends_when_woken() {
        let mut poller = Poller::new().unwrap();
        poller.set_spin(Duration::from_secs(60));
        let wake = poller.wake_handle();
        let waker = std::thread::spawn(move || wake.wake());
        assert!(poller.poll(None, &mut Vec::new()).unwrap().woken);
        waker.join().unwrap();
    }

    #[test]
    fn edge_is_reported_once() {
        let mut poller = Poller::new().unwrap();
        let (mut stream, peer) = UnixStream::pair().unwrap();
        let key = Key::new(3, 9);
        poller.registrar().register(&mut stream, key).unwrap();
        let mut ready = vec![Ready {
            key: WAKE,
            readable: true,
            writable: true,
        }];
        poller.poll(None, &mut ready).unwrap();
        assert_eq!(
            ready,
            [Ready {
                key,
                readable: false,
                writable: true
            }]
        );
        poller.poll(Some(Duration::ZERO), &mut ready).unwrap();
        assert_eq!(ready, []);

        drop(peer);
        poller.poll(None, &mut ready).unwrap();
        assert_eq!(
            ready,
            [Ready {
                key,
                readable: true,
                writable: true
            }]
        );
        poller.registrar().deregister(&mut stream).unwrap();
        poller.poll(Some(Duration::ZERO), &mut ready).unwrap();
        assert_eq!(ready, []);
    }
}
