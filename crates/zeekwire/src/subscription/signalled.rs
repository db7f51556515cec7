//! A subscription whose messages are taken in batches, after a signal.

use std::sync::Arc;

use zeekwire_backend::{Batch, Inbox, Message};

use super::Subscription;

/// A subscription that says by a signal that messages wait: made by
/// [`SubscribeBuilder::signalled`](super::SubscribeBuilder::signalled).
///
/// ```
/// use std::sync::mpsc;
/// use std::time::Duration;
/// use zeekwire::{Event, Inproc, Node};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let here = Inproc::new();
/// let hub = Node::builder("hub").inproc(&here).listen("inproc://hub").start()?;
/// let (wake, woken) = mpsc::channel();
/// let inbox = hub.subscribe(["news/*"])?.signalled(move || _ = wake.send(()))?;
/// let local = hub.subscribe(["here/*"])?.locally().joined(&inbox)?;
/// hub.publish("here/1", &Event::new("Demo::ping", []))?;
/// woken.recv_timeout(Duration::from_secs(5))?;
/// let mut batch = inbox.take_batch().expect("the signal said so");
/// let message = batch.next_message().expect("no batch is empty");
/// assert_eq!(message.topic(), b"here/1");
/// inbox.put_back(batch);
/// # let _ = local;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Signalled {
    subscription: Subscription,
    inbox: Arc<Inbox>,
}

impl Signalled {
    pub(super) fn new(
        subscription: Subscription,
        inbox: Arc<Inbox>,
        signal: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        inbox.set_signal(signal);
        Self {
            subscription,
            inbox,
        }
    }

    /// The subscription.
    #[must_use]
    pub const fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    pub(super) const fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// Takes the batch that came first, if there is one. Never waits. Give it back with
    /// [`Signalled::put_back`].
    #[must_use]
    pub fn take_batch(&self) -> Option<Batch> {
        self.inbox.take_batch()
    }

    /// Takes a batch back: in front of all others, if it still holds messages.
    pub fn put_back(&self, batch: Batch) {
        self.inbox.put_back(batch);
    }

    /// Signals again if messages wait, or none ever will: for those who took only some.
    pub fn signal_if_waiting(&self) {
        self.inbox.signal_if_waiting();
    }

    /// Runs `each` for the messages that wait, batch by batch, until about `bytes_max` bytes of
    /// payload were seen or none are left. Never waits. Returns how many there were.
    ///
    /// Signals again while messages are left, and for good once the subscription has ended.
    pub fn drain(&self, bytes_max: usize, mut each: impl FnMut(&Message<'_>)) -> usize {
        let (mut count, mut bytes) = (0, 0);
        while let Some(mut batch) = self.take_batch() {
            while bytes < bytes_max
                && let Some(message) = batch.next_message()
            {
                bytes += message.payload().len();
                count += 1;
                each(&message);
            }
            let rest = !batch.is_empty();
            self.put_back(batch);
            if rest || bytes >= bytes_max {
                break;
            }
        }
        self.signal_if_waiting();
        count
    }

    /// Messages that were taken or dropped so far, and messages that ever arrived.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        let (waiting, _, arrived, _) = self.inbox.counts();
        let waiting = u64::try_from(waiting).unwrap_or(u64::MAX);
        (arrived.saturating_sub(waiting), arrived)
    }

    /// Whether the subscription has ended and nothing waits any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.inbox.is_closed() && self.inbox.counts().0 == 0
    }
}
