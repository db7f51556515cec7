//! Looking up host names without blocking the event loop.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::{ConnectReason, Wake};

/// Most look-ups that wait; further ones are refused.
pub const LOOKUP_COUNT_MAX: usize = 1024;

/// Looks up host names on a thread of its own and wakes the poller for each answer.
///
/// The system's resolver blocks, for seconds when name servers are silent, and knows no way to be
/// stopped. One thread serves all look-ups, one after the other; it is made by the first and ends
/// after its current look-up once the last clone of the resolver is gone.
#[derive(Clone)]
pub struct Resolver {
    jobs: Arc<Mutex<Option<SyncSender<Job>>>>,
    wake: Wake,
    look_up: LookUp,
}

impl Resolver {
    /// A resolver that wakes the poller when an answer has come.
    #[must_use]
    pub fn new(wake: Wake) -> Self {
        Self::with(wake, |host, port| {
            Ok((host, port).to_socket_addrs()?.collect())
        })
    }

    /// A resolver that asks a function instead of the system.
    pub(crate) fn with(wake: Wake, look_up: LookUp) -> Self {
        Self {
            jobs: Arc::default(),
            wake,
            look_up,
        }
    }

    /// Begins to look up a name. Dropping the look-up gives it up.
    ///
    /// # Errors
    /// [`ConnectReason::LookupsBusy`] while [`LOOKUP_COUNT_MAX`] others wait, and
    /// [`ConnectReason::Lookup`] when the thread cannot be made.
    pub fn look_up(&self, host: &str, port: u16) -> Result<Lookup, ConnectReason> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = match jobs.take() {
            Some(sender) => sender,
            None => self.start().map_err(ConnectReason::Lookup)?,
        };
        let answer = Arc::default();
        let job = Job {
            host: host.into(),
            port,
            answer: Arc::clone(&answer),
        };
        match sender.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                *jobs = Some(sender);
                return Err(ConnectReason::LookupsBusy);
            }
            // The thread has died; the next look-up makes another.
            Err(TrySendError::Disconnected(_)) => return Err(ConnectReason::LookupsBusy),
        }
        *jobs = Some(sender);
        Ok(Lookup { answer })
    }

    fn start(&self) -> io::Result<SyncSender<Job>> {
        let (sender, jobs) = sync_channel(LOOKUP_COUNT_MAX);
        let (wake, look_up) = (self.wake.clone(), self.look_up);
        thread::Builder::new()
            .name("zw-resolver".into())
            .spawn(move || serve(&jobs, &wake, look_up))?;
        Ok(sender)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

/// A look-up that was begun.
#[derive(Debug)]
pub struct Lookup {
    answer: Arc<Answer>,
}

impl Lookup {
    /// The answer, once it has come; the first time only. The poller is woken when it comes.
    #[must_use]
    pub fn take(&self) -> Option<io::Result<Vec<SocketAddr>>> {
        self.answer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

type Answer = Mutex<Option<io::Result<Vec<SocketAddr>>>>;
type LookUp = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;

struct Job {
    host: String,
    port: u16,
    answer: Arc<Answer>,
}

fn serve(jobs: &Receiver<Job>, wake: &Wake, look_up: LookUp) {
    for job in jobs {
        // Nobody else holds the answer of a look-up that was given up.
        if Arc::strong_count(&job.answer) == 1 {
            continue;
        }
        let found = look_up(&job.host, job.port);
        *job.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        wake.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use crate::Poller;

    use super::*;

    fn wait(poller: &mut Poller, lookup: &Lookup) -> io::Result<Vec<SocketAddr>> {
        loop {
            if let Some(answer) = lookup.take() {
                return answer;
            }
            poller.poll(None, &mut Vec::new()).unwrap();
        }
    }

    #[test]
    fn localhost_is_found() {
        let mut poller = Poller::new().unwrap();
        let resolver = Resolver::new(poller.wake_handle());
        let lookup = resolver.look_up("localhost", 4000).unwrap();
        let found = wait(&mut poller, &lookup).unwrap();
        assert!(
            found
                .iter()
                .all(|a| a.ip().is_loopback() && a.port() == 4000),
            "{found:?}"
        );
        assert!(!found.is_empty());
    }

    #[test]
    fn errors_are_handed_over() {
        let mut poller = Poller::new().unwrap();
        let resolver = Resolver::with(poller.wake_handle(), |host, _| {
            Err(io::Error::other(format!("{host} is unknown")))
        });
        let lookup = resolver.look_up("nowhere", 1).unwrap();
        assert_eq!(
            wait(&mut poller, &lookup).unwrap_err().to_string(),
            "nowhere is unknown"
        );
        assert!(lookup.take().is_none());
    }

    #[test]
    fn waiting_look_ups_are_bounded_and_end_with_the_resolver() {
        // The thread stays in its first look-up until the test lets go.
        static GATE: Mutex<()> = Mutex::new(());

        let mut poller = Poller::new().unwrap();
        let resolver = Resolver::with(poller.wake_handle(), |_, _| {
            drop(GATE.lock());
            Ok(Vec::new())
        });
        let closed = GATE.lock().unwrap();
        let mut lookups = Vec::new();
        let refused = loop {
            match resolver.look_up("name", 1) {
                Ok(lookup) => lookups.push(lookup),
                Err(reason) => break reason,
            }
        };
        assert!(matches!(refused, ConnectReason::LookupsBusy));
        assert!((LOOKUP_COUNT_MAX..=LOOKUP_COUNT_MAX + 1).contains(&lookups.len()));

        let last = lookups.pop().unwrap();
        drop(lookups);
        drop(closed);
        assert_eq!(wait(&mut poller, &last).unwrap(), []);

        // The thread holds a wake handle as long as it lives; the poller holds the other.
        drop(resolver);
        let began = Instant::now();
        while poller.wake_handle().holder_count() > 2 {
            assert!(
                began.elapsed() < Duration::from_secs(10),
                "the thread does not end"
            );
            thread::yield_now();
        }
    }
}
