//! Subscriptions: what a node wants, and how it is handed over.

mod pollable;
mod receiver;
mod signalled;
#[cfg(feature = "tokio")]
mod stream;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use zeekwire_backend::{
    Completion, Inbox, InboxLimits, Message, Reach, SetupError, SetupErrorKind, Sink,
    SubscribeOptions, SubscriptionId,
};
use zeekwire_types::{DropPolicy, TopicFilter};

use crate::error::invalid_filter;
use crate::{Link, Node};

pub use pollable::Pollable;
pub use receiver::Receiver;
pub use signalled::Signalled;
#[cfg(feature = "tokio")]
pub use stream::MessageStream;

/// A subscription that has yet to start: choose how its messages are handed over.
///
/// ```
/// use std::time::Duration;
/// use zeekwire::{DropPolicy, MessageExt, Node};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let node = Node::builder("watcher").start()?;
/// // On a thread of its own; at most 1 MiB waits for it, then the oldest go.
/// let notices = node
///     .subscribe(["notices/*"])?
///     .queue(1 << 20, DropPolicy::DropOldest)
///     .handler(|message| match message.event() {
///         Ok(event) => println!("{event}"),
///         Err(error) => eprintln!("{error}"),
///     })?;
/// // On the IO thread, for handlers that never block.
/// let mut count = 0_u64;
/// let counter = node.subscribe(["*"])?.on_io_thread(move |_message| count += 1)?;
/// // What peers publish after this arrives.
/// assert!(notices.wait_effective(Duration::from_secs(5)));
/// // Dropping a subscription ends it; `end` also tells when.
/// assert!(counter.end().wait(Duration::from_secs(5)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a subscription starts with `handler`, `receiver` or one of their siblings"]
pub struct SubscribeBuilder {
    node: Node,
    filters: Vec<TopicFilter>,
    options: SubscribeOptions,
    limits: InboxLimits,
}

impl SubscribeBuilder {
    pub(crate) fn new(node: Node, filters: Vec<TopicFilter>) -> Self {
        Self {
            node,
            filters,
            options: SubscribeOptions::default(),
            limits: InboxLimits::default(),
        }
    }

    /// Takes messages from one link only, and asks only its peer. The link must be up.
    pub const fn on_link(mut self, link: &Link) -> Self {
        self.options.reach = Reach::OneLink(link.id());
        self
    }

    /// Takes what this node itself publishes, and what links deliver for other reasons. Peers are
    /// not asked for anything.
    pub const fn locally(mut self) -> Self {
        self.options.reach = Reach::Locally;
        self
    }

    /// Shares the subscription with all nodes that name the same group: each message that matches
    /// goes to one of them, in turns. `group` is 1 to 64 letters, digits, `-`, `_` or `.`.
    ///
    /// Who takes a message is chosen where it enters the cluster. What a client publishes is
    /// passed on in the name of the member to which that is attached. A node hears nothing of what
    /// it publishes itself.
    pub fn in_group(mut self, group: &str) -> Self {
        self.options.group = Some(group.to_owned());
        self
    }

    pub(crate) const fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn with_options(mut self, edit: impl FnOnce(&mut SubscribeOptions)) -> Self {
        edit(&mut self.options);
        self
    }

    /// Bounds the messages that may wait here, and says what happens beyond. The default is
    /// 32 MiB and [`DropPolicy::Block`], which holds senders back where this is the node's only
    /// subscription, and drops the oldest otherwise. Of no effect with
    /// [`SubscribeBuilder::on_io_thread`].
    pub const fn queue(mut self, bytes_max: usize, policy: DropPolicy) -> Self {
        self.limits = InboxLimits { bytes_max, policy };
        self
    }

    /// Runs `handler` for each message on the node's IO thread: the quickest way, for handlers
    /// that never block. A panic there ends the node.
    ///
    /// # Errors
    /// [`SetupError`] when the node has been shut down or a filter is reserved.
    pub fn on_io_thread(
        self,
        handler: impl FnMut(&Message<'_>) + Send + 'static,
    ) -> Result<Subscription, SetupError> {
        self.start(Sink::IoThread(Box::new(handler)))
    }

    /// Runs `handler` for each message on a thread of its own. A panic there ends the
    /// subscription.
    ///
    /// # Errors
    /// As [`SubscribeBuilder::on_io_thread`], and when there is no thread to be had.
    pub fn handler(
        self,
        handler: impl FnMut(&Message<'_>) + Send + 'static,
    ) -> Result<Subscription, SetupError> {
        let (subscription, inbox) = self.into_inbox()?;
        let name = format!("zw-handler-{}", subscription.shared.id.0);
        let mut handler = handler;
        let thread = thread::Builder::new().name(name).spawn(move || {
            let inbox = CloseOnDrop(inbox);
            while let Some(batch) = inbox.0.wait_batch(None) {
                batch.messages().for_each(|message| handler(&message));
                inbox.0.recycle(batch);
            }
        });
        // Nobody joins it: it ends once the engine has closed the inbox.
        match thread {
            Ok(_detached) => Ok(subscription),
            Err(error) => Err(SetupError::new(
                SetupErrorKind::System,
                format!("cannot start a handler: {error}"),
            )),
        }
    }

    /// Hands messages over to whoever calls [`Receiver::recv`].
    ///
    /// # Errors
    /// As [`SubscribeBuilder::on_io_thread`].
    pub fn receiver(self) -> Result<Receiver, SetupError> {
        let (subscription, inbox) = self.into_inbox()?;
        Ok(Receiver::new(subscription, inbox))
    }

    /// Hands messages over in batches, and has a descriptor that is readable while there are any.
    ///
    /// # Errors
    /// As [`SubscribeBuilder::on_io_thread`], and when there is no descriptor to be had.
    pub fn pollable(self) -> Result<Pollable, SetupError> {
        let (subscription, inbox) = self.into_inbox()?;
        Pollable::new(subscription, inbox)
    }

    /// Hands messages over in batches, and calls `signal` when the first arrives after there were
    /// none, or the subscription has ended: for programs with a descriptor or a queue of their own.
    /// `signal` runs on the IO thread, or on one that takes messages, and must not block.
    ///
    /// # Errors
    /// As [`SubscribeBuilder::on_io_thread`].
    pub fn signalled(
        self,
        signal: impl Fn() + Send + Sync + 'static,
    ) -> Result<Signalled, SetupError> {
        let (subscription, inbox) = self.into_inbox()?;
        Ok(Signalled::new(subscription, inbox, signal))
    }

    /// Hands messages over together with those of another subscription, within that one's bound;
    /// what both want comes once. Subscriptions that are joined count as one where
    /// [`SubscribeBuilder::queue`] speaks of a node's only subscription.
    ///
    /// # Errors
    /// As [`SubscribeBuilder::on_io_thread`].
    pub fn joined(self, to: &Signalled) -> Result<Subscription, SetupError> {
        let inbox = Arc::clone(to.inbox());
        self.start(Sink::Inbox(inbox))
    }

    /// Takes questions, and nothing else, instead of everything but questions. To be answered with
    /// [`Question`](crate::Question).
    pub fn questions(self) -> Self {
        self.with_options(|options| options.answers = true)
    }

    /// Hands messages over as a stream.
    ///
    /// # Errors
    /// As [`SubscribeBuilder::on_io_thread`].
    #[cfg(feature = "tokio")]
    pub fn stream(self) -> Result<MessageStream, SetupError> {
        let (subscription, inbox) = self.into_inbox()?;
        Ok(MessageStream::new(subscription, inbox))
    }

    fn into_inbox(self) -> Result<(Subscription, Arc<Inbox>), SetupError> {
        let inbox = Arc::new(Inbox::new(self.limits));
        let subscription = self.start(Sink::Inbox(Arc::clone(&inbox)))?;
        Ok((subscription, inbox))
    }

    fn start(self, sink: Sink) -> Result<Subscription, SetupError> {
        let (id, effective) = self
            .node
            .backend()
            .subscribe(&self.filters, &self.options, sink)?;
        let shared = Shared {
            node: self.node,
            id,
            ended: Mutex::default(),
        };
        Ok(Subscription {
            shared: Arc::new(shared),
            effective,
        })
    }
}

/// Nobody empties the inbox of a handler that has panicked, so it should hold nobody back.
struct CloseOnDrop(Arc<Inbox>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A subscription in force. Dropping its last handle ends it.
#[derive(Clone)]
pub struct Subscription {
    shared: Arc<Shared>,
    effective: Completion,
}

struct Shared {
    node: Node,
    id: SubscriptionId,
    /// Set once the subscription was ended.
    ended: Mutex<Option<Completion>>,
}

impl Shared {
    fn check_open(&self) -> Result<(), SetupError> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        match *ended {
            None => Ok(()),
            Some(_) => Err(SetupError::new(
                SetupErrorKind::Unknown,
                "the subscription has been ended",
            )),
        }
    }

    /// Ends the subscription, once: its number may be another's later.
    fn end(&self) -> Completion {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended
            .get_or_insert_with(|| self.node.backend().unsubscribe(self.id))
            .clone()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let _nobody_waits = self.end();
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Subscription({} of {})",
            self.shared.id.0,
            self.shared.node.id()
        )
    }
}

impl Subscription {
    /// Waits until the filters are effective at every linked peer: what they publish from then on
    /// arrives. Returns whether that is so within `timeout`.
    pub fn wait_effective(&self, timeout: Duration) -> bool {
        self.effective.wait(timeout)
    }

    /// Fires when the filters are effective at every linked peer.
    #[must_use]
    pub const fn effective(&self) -> &Completion {
        &self.effective
    }

    /// Ends the subscription for all its handles. The completion fires when every linked peer has
    /// taken note: what it publishes from then on is no longer sent here on its account.
    pub fn end(&self) -> Completion {
        self.shared.end()
    }

    /// Adds a filter.
    ///
    /// # Errors
    /// [`SetupError`] when the filter breaks a rule or the node has been shut down.
    pub fn add(&self, filter: impl AsRef<[u8]>) -> Result<Completion, SetupError> {
        let filter = TopicFilter::new(filter).map_err(invalid_filter)?;
        self.shared.check_open()?;
        self.shared
            .node
            .backend()
            .add_filters(self.shared.id, &[filter])
    }

    /// Removes a filter.
    ///
    /// # Errors
    /// [`SetupError`] when the filter breaks a rule or the node has been shut down.
    pub fn remove(&self, filter: impl AsRef<[u8]>) -> Result<Completion, SetupError> {
        let filter = TopicFilter::new(filter).map_err(invalid_filter)?;
        self.shared.check_open()?;
        self.shared
            .node
            .backend()
            .remove_filters(self.shared.id, &[filter])
    }

    /// The node that subscribed.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.shared.node
    }
}
