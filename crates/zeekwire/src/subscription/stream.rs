//! A subscription as an asynchronous stream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use tokio::sync::Notify;
use zeekwire_backend::Inbox;

use super::Subscription;
use crate::Received;

/// Messages of a subscription, as they arrive. Ends when the subscription does.
#[derive(Debug)]
pub struct MessageStream {
    subscription: Subscription,
    inbox: Arc<Inbox>,
    waker: Arc<std::sync::Mutex<Option<Waker>>>,
    arrived: Arc<Notify>,
}

impl MessageStream {
    pub(super) fn new(subscription: Subscription, inbox: Arc<Inbox>) -> Self {
        let waker = Arc::new(std::sync::Mutex::new(None::<Waker>));
        let arrived = Arc::new(Notify::new());
        let (to_wake, to_notify) = (Arc::clone(&waker), Arc::clone(&arrived));
        inbox.set_signal(move || {
            let waker = to_wake
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .take();
            if let Some(waker) = waker {
                waker.wake();
            }
            to_notify.notify_one();
        });
        Self {
            subscription,
            inbox,
            waker,
            arrived,
        }
    }

    /// The subscription.
    #[must_use]
    pub const fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    /// Waits for the next message. `None` once the subscription has ended.
    ///
    /// Safe to cancel: a message is taken only when it is returned. Several tasks may wait; each
    /// message goes to one.
    pub async fn next(&self) -> Option<Received> {
        loop {
            let arrived = Arc::clone(&self.arrived);
            // Asked before: nothing comes after the end.
            let closed = self.inbox.is_closed();
            let taken = self.take();
            if taken.is_some() || closed {
                // What is left, or the end, is for the next task.
                self.inbox.signal_if_waiting();
                return taken;
            }
            arrived.notified().await;
        }
    }

    fn take(&self) -> Option<Received> {
        self.inbox.take_message().map(Received::new)
    }
}

impl Stream for MessageStream {
    type Item = Received;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Received>> {
        if let Some(received) = self.take() {
            return Poll::Ready(Some(received));
        }
        let waker = context.waker().clone();
        *self
            .waker
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(waker);
        // What arrived before the waker was in place did not wake it.
        match self.take() {
            Some(received) => Poll::Ready(Some(received)),
            None if self.inbox.is_closed() => Poll::Ready(self.take()),
            None => Poll::Pending,
        }
    }
}
