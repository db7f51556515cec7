//! A subscription that an event loop of the program's own can watch.

use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use zeekwire_backend::{Inbox, Message, SetupError, SetupErrorKind};

use super::{Signalled, Subscription};

/// A subscription with a descriptor that is readable while messages wait, or once it has ended.
///
/// ```
/// use std::os::fd::AsFd;
/// use zeekwire::Node;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let node = Node::builder("poller").start()?;
/// let inbox = node.subscribe(["zeek/*"])?.pollable()?;
/// let descriptor = inbox.as_fd(); // Give this to your event loop, to watch for reading.
/// // Whenever it is readable, take a batch: at most about 256 KiB at a time.
/// let count = inbox.drain(256 * 1024, |message| println!("{:?}", message.topic()));
/// assert_eq!(count, 0);
/// # let _ = descriptor;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Pollable {
    signalled: Signalled,
    readable: UnixStream,
}

impl Pollable {
    pub(super) fn new(subscription: Subscription, inbox: Arc<Inbox>) -> Result<Self, SetupError> {
        let system = |error: std::io::Error| {
            SetupError::new(
                SetupErrorKind::System,
                format!("no descriptor to poll: {error}"),
            )
        };
        let (readable, signal) = UnixStream::pair().map_err(system)?;
        readable.set_nonblocking(true).map_err(system)?;
        signal.set_nonblocking(true).map_err(system)?;
        let signalled = Signalled::new(subscription, inbox, move || {
            // A full pipe is readable already.
            let _full = (&signal).write(&[1]);
        });
        Ok(Self {
            signalled,
            readable,
        })
    }

    /// The subscription.
    #[must_use]
    pub const fn subscription(&self) -> &Subscription {
        self.signalled.subscription()
    }

    /// Runs `each` for the messages that wait, batch by batch, until about `bytes_max` bytes of
    /// payload were seen or none are left. Never waits. Returns how many there were.
    ///
    /// The descriptor stays readable while messages are left, and for good once the subscription
    /// has ended.
    pub fn drain(&self, bytes_max: usize, each: impl FnMut(&Message<'_>)) -> usize {
        let mut signals = [0; 64];
        while matches!((&self.readable).read(&mut signals), Ok(read) if read == signals.len()) {}
        self.signalled.drain(bytes_max, each)
    }

    /// Whether the subscription has ended and nothing waits any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.signalled.is_over()
    }
}

impl AsFd for Pollable {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.readable.as_fd()
    }
}

impl AsRawFd for Pollable {
    fn as_raw_fd(&self) -> RawFd {
        self.readable.as_raw_fd()
    }
}
