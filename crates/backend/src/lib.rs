//! The trait that every engine behind the node API implements, and the plain data it speaks in.
//!
//! The native engine is `zeekwire-runtime`. An engine takes publications, feeds subscribers, keeps
//! links, and says what it did; how it moves the bytes is its own business.

#![forbid(unsafe_code)]

mod cluster;
mod completion;
mod error;
mod inbox;
mod link;
mod message;
pub mod status;

use std::sync::Arc;
use std::time::Duration;

use zeekwire_types::{NodeId, TopicFilter, TrafficClass};

pub use cluster::{
    ForwardRule, Member, MemberEvent, MemberObserver, SubscribeOptions, SurveyLimits,
    TopicObserver, TraceHop, TraceObserver, TraceReport,
};
pub use completion::{Completer, Completion};
pub use error::{PublishError, SetupError, SetupErrorKind};
pub use inbox::{Batch, Block, Deposit, Inbox, InboxLimits, Item, Single};
pub use link::{
    AcceptHook, ConnectOptions, LinkEvent, LinkId, LinkObserver, ListenOptions, ListenerId, Peer,
    Retry,
};
pub use message::{Message, Parts};

/// One message on its way out.
#[derive(Clone, Copy, Debug)]
pub struct Publication<'a> {
    /// What it is about.
    pub topic: &'a [u8],
    /// Which class of traffic it is.
    pub class: TrafficClass,
    /// Name of the payload's serializer.
    pub format: &'a str,
    /// Opaque to every engine.
    pub payload: &'a [u8],
    /// Number of the question that this answers, on the asker's `.node.` topic; 0 for all else.
    pub survey: u64,
}

/// Names a subscription of one node.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SubscriptionId(pub u32);

/// Where messages for a subscription come from.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Reach {
    /// All links, present and future, unless they were opened without automatic subscribing.
    #[default]
    AllLinks,
    /// One link.
    OneLink(LinkId),
    /// This node's own publications, and what links deliver for other reasons. Peers are not told.
    Locally,
}

/// Where messages for a subscription go.
pub enum Sink {
    /// Into a bounded queue that another thread empties. Subscriptions may share one: it gets each
    /// message once, and is closed with the last of them.
    Inbox(Arc<Inbox>),
    /// To a function that runs on the engine's IO thread. It must not block.
    IoThread(Box<dyn FnMut(&Message<'_>) + Send>),
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Inbox(_) => "Sink::Inbox",
            Self::IoThread(_) => "Sink::IoThread",
        })
    }
}

/// An engine that carries the messages of one node.
///
/// All methods may be called from any thread. None but [`Backend::publish`] may block, and that
/// only as its documentation says.
pub trait Backend: Send + Sync {
    /// Accepts one message, or says why not.
    ///
    /// `Ok` means that it was accepted here: it will be sent to every link whose peer subscribed
    /// to its topic, unless a queue's policy drops it later, which is counted. Under the default
    /// policy the call waits a short while for any taker of the topic whose queue has filled, and
    /// longer where every taker is full and one of them makes progress; it never waits for a peer
    /// that takes nothing at all, and never on the IO thread.
    ///
    /// # Errors
    /// [`PublishError`] says why the message was not accepted.
    fn publish(&self, publication: &Publication<'_>) -> Result<(), PublishError>;

    /// Adds a subscription. The completion fires when its filters are effective at every peer.
    ///
    /// # Errors
    /// [`SetupError`] when the node has stopped or a filter is reserved. A subscription to one link
    /// that is not up completes at once and hears nothing.
    fn subscribe(
        &self,
        filters: &[TopicFilter],
        options: &SubscribeOptions,
        sink: Sink,
    ) -> Result<(SubscriptionId, Completion), SetupError>;

    /// Adds filters to a subscription, with the reach it was made with. Nothing happens where it
    /// has ended.
    ///
    /// # Errors
    /// [`SetupError`] when the node has stopped or a filter is reserved.
    fn add_filters(
        &self,
        subscription: SubscriptionId,
        filters: &[TopicFilter],
    ) -> Result<Completion, SetupError>;

    /// Removes filters from a subscription.
    ///
    /// # Errors
    /// [`SetupError`] when the node has stopped.
    fn remove_filters(
        &self,
        subscription: SubscriptionId,
        filters: &[TopicFilter],
    ) -> Result<Completion, SetupError>;

    /// Ends a subscription. Its inbox is closed once nothing more can arrive.
    fn unsubscribe(&self, subscription: SubscriptionId) -> Completion;

    /// Lets topics that match leave over one link, or over all. Needed only on links that were
    /// opened without automatic advertising. A link that is not up takes no advertisement.
    ///
    /// # Errors
    /// [`SetupError`] when the node has stopped.
    fn advertise(
        &self,
        filter: &TopicFilter,
        link: Option<LinkId>,
    ) -> Result<Completion, SetupError>;

    /// Takes an advertisement back.
    ///
    /// # Errors
    /// [`SetupError`] when the node has stopped.
    fn unadvertise(
        &self,
        filter: &TopicFilter,
        link: Option<LinkId>,
    ) -> Result<Completion, SetupError>;

    /// Listens at an endpoint. Returns the endpoint with the port that was really bound.
    ///
    /// # Errors
    /// [`SetupError`] says what is wrong with the endpoint, or why it cannot be bound.
    fn listen(
        &self,
        endpoint: &str,
        options: ListenOptions,
    ) -> Result<(ListenerId, String), SetupError>;

    /// Stops listening. Links that were accepted stay.
    fn close_listener(&self, listener: ListenerId);

    /// Connects to an endpoint and keeps connecting, as the options say. Of several endpoints,
    /// with commas between them, one is connected to at a time: the next when one fails or is
    /// lost.
    ///
    /// # Errors
    /// [`SetupError`] says what is wrong with the endpoint. What goes wrong later is told to the
    /// observer.
    fn connect(&self, endpoint: &str, options: ConnectOptions) -> Result<LinkId, SetupError>;

    /// Closes a link, after what waits was sent or `flush_max` has passed, and no longer
    /// reconnects. The completion fires when it is closed.
    fn close_link(&self, link: LinkId, flush_max: Duration) -> Completion;

    /// Asks all who subscribed to the question's topic in order to answer. Answers go into the
    /// inbox, one for each node; it is closed when the survey is over.
    ///
    /// # Errors
    /// [`PublishError`] says why the question was not accepted.
    fn survey(
        &self,
        question: &Publication<'_>,
        limits: SurveyLimits,
    ) -> Result<Arc<Inbox>, PublishError>;

    /// The other members of the cluster that are up now, by name. A client knows of none.
    fn members(&self) -> Arc<[Member]>;

    /// Follows the way that a publication would take, for at most `timeout`.
    ///
    /// # Errors
    /// [`SetupError`] when the node has stopped or the topic breaks a rule.
    fn trace(
        &self,
        topic: &[u8],
        timeout: Duration,
        observer: TraceObserver,
    ) -> Result<(), SetupError>;

    /// Adds a rule to a node that passes messages on by rules. The completion fires when its peers
    /// know of it.
    ///
    /// # Errors
    /// [`SetupError`] when the node has stopped.
    fn add_rule(&self, rule: &ForwardRule) -> Result<Completion, SetupError>;

    /// Takes a rule back.
    ///
    /// # Errors
    /// As [`Backend::add_rule`].
    fn remove_rule(&self, rule: &ForwardRule) -> Result<Completion, SetupError>;

    /// The node's identity.
    fn id(&self) -> &NodeId;

    /// What the node sees of itself now.
    fn status(&self) -> status::NodeStatus;

    /// Ends the node: sends what waits for at most `flush_max`, closes all links and inboxes.
    /// Later calls do nothing.
    fn shut_down(&self, flush_max: Duration);
}
