//! Taking messages one by one or in batches, and waiting for them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use zeekwire_backend::{Inbox, Message};

use super::Subscription;
use crate::{Received, RecvError};

/// The receiving end of a subscription. Several threads may share it; each message goes to one.
#[derive(Debug)]
pub struct Receiver {
    subscription: Subscription,
    inbox: Arc<Inbox>,
}

impl Receiver {
    pub(super) const fn new(subscription: Subscription, inbox: Arc<Inbox>) -> Self {
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

    /// Waits for a message.
    ///
    /// # Errors
    /// [`RecvError::Closed`] when nothing will arrive any more.
    pub fn recv(&self) -> Result<Received, RecvError> {
        self.recv_until(None)
    }

    /// Waits for a message, for at most `timeout`.
    ///
    /// # Errors
    /// [`RecvError`] when there was none.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Received, RecvError> {
        self.recv_until(Instant::now().checked_add(timeout))
    }

    fn recv_until(&self, deadline: Option<Instant>) -> Result<Received, RecvError> {
        self.inbox
            .wait_message(deadline)
            .map(Received::new)
            .ok_or_else(|| self.why_none())
    }

    /// Runs `each` for every message that is there, after waiting for the first for at most
    /// `timeout`: the cheapest way to take many. Returns how many there were.
    ///
    /// # Errors
    /// [`RecvError`] when there was none.
    pub fn drain_timeout(
        &self,
        timeout: Duration,
        mut each: impl FnMut(&Message<'_>),
    ) -> Result<usize, RecvError> {
        let mut batch = self
            .inbox
            .wait_batch(Instant::now().checked_add(timeout))
            .ok_or_else(|| self.why_none())?;
        let mut count = 0;
        loop {
            count += batch.len();
            batch.messages().for_each(|message| each(&message));
            self.inbox.recycle(batch);
            match self.inbox.take_batch() {
                Some(next) => batch = next,
                None => return Ok(count),
            }
        }
    }

    fn why_none(&self) -> RecvError {
        if self.inbox.is_closed() {
            RecvError::Closed
        } else {
            RecvError::Timeout
        }
    }
}
