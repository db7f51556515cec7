//! A node: the handle that programs hold.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use zeekwire_backend::status::NodeStatus;
use zeekwire_backend::{
    Backend, Completion, ConnectOptions, ForwardRule, LinkId, ListenOptions, ListenerId, Member,
    Publication, PublishError, SetupError, SurveyLimits, TraceReport,
};
use zeekwire_runtime::STATUS_TOPIC;
use zeekwire_serializer::{EventEncoder, EventSerializer};
use zeekwire_types::{Event, NodeId, Role, TopicFilter, TrafficClass};

use crate::error::invalid_filter;
use crate::link::LinkEvents;
use crate::{
    Error, Link, NodeBuilder, Pool, PoolMembers, PublicationBuilder, SubscribeBuilder,
    SurveyBuilder,
};

thread_local! {
    /// Scratch space for events on their way out: one for each publishing thread.
    static ENCODER: RefCell<EventEncoder> = RefCell::new(EventEncoder::new());
}

/// One member or client of a cluster.
///
/// Clones are handles of the same node. The node ends with [`Node::shut_down`], or when its last
/// handle is dropped; subscriptions and links hold one each.
#[derive(Clone)]
pub struct Node {
    backend: Arc<dyn Backend>,
    events: LinkEvents,
    serializer: &'static dyn EventSerializer,
    about: Arc<About>,
}

/// What does not change as long as the node lives.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) role: Role,
    pub(crate) pools: Vec<String>,
}

/// A handle that does not keep the node going.
pub(crate) struct WeakNode {
    backend: Weak<dyn Backend>,
    events: LinkEvents,
    serializer: &'static dyn EventSerializer,
    about: Arc<About>,
}

impl WeakNode {
    pub(crate) fn upgrade(&self) -> Option<Node> {
        Some(Node {
            backend: self.backend.upgrade()?,
            events: self.events.clone(),
            serializer: self.serializer,
            about: Arc::clone(&self.about),
        })
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.id())
    }
}

impl Node {
    /// Starts to make a node with this name.
    #[must_use]
    pub fn builder(name: &str) -> NodeBuilder {
        NodeBuilder::new(name)
    }

    pub(crate) fn over(
        backend: Arc<dyn Backend>,
        events: LinkEvents,
        serializer: &'static dyn EventSerializer,
        about: About,
    ) -> Self {
        Self {
            backend,
            events,
            serializer,
            about: Arc::new(about),
        }
    }

    pub(crate) fn downgrade(&self) -> WeakNode {
        WeakNode {
            backend: Arc::downgrade(&self.backend),
            events: self.events.clone(),
            serializer: self.serializer,
            about: Arc::clone(&self.about),
        }
    }

    /// The engine behind this node.
    #[must_use]
    pub fn backend(&self) -> &Arc<dyn Backend> {
        &self.backend
    }

    /// Name and incarnation.
    #[must_use]
    pub fn id(&self) -> &NodeId {
        self.backend.id()
    }

    /// Publishes an event to a topic, in the node's format.
    ///
    /// `Ok` means that the message was accepted here. It reaches every linked peer that subscribed
    /// to the topic at that time, at most once and in this node's order, unless a queue on the way
    /// is full; such drops are counted, see [`Node::status`]. Under the default policy the call
    /// waits a short while for any taker of the topic whose queue has filled, and longer where
    /// every taker is full and one of them makes progress.
    ///
    /// # Errors
    /// [`Error`] when the event cannot be encoded, the topic breaks a rule or is reserved, the
    /// queues are full, or the node has been shut down.
    pub fn publish(&self, topic: impl AsRef<[u8]>, event: &Event) -> Result<(), Error> {
        let (topic, format) = (topic.as_ref(), self.serializer.name());
        let class = TrafficClass::Event;
        if format != "capnp-v1" {
            return self.publication(&topic).send_event(event);
        }
        let send = |encoder: &mut EventEncoder| {
            let payload = encoder.encode_event(event)?;
            Ok(self.backend.publish(&Publication {
                topic,
                class,
                format,
                payload,
                survey: 0,
            })?)
        };
        ENCODER.with(|encoder| match encoder.try_borrow_mut() {
            Ok(mut encoder) => send(&mut encoder),
            // Published from within a publication, by whoever listens to our log lines.
            Err(_in_use) => send(&mut EventEncoder::new()),
        })
    }

    /// Starts a message with more say than [`Node::publish`] gives: another format or class, or
    /// a payload that is encoded already.
    pub fn publication<'a>(
        &'a self,
        topic: &'a (impl AsRef<[u8]> + ?Sized),
    ) -> PublicationBuilder<'a> {
        PublicationBuilder::new(self, topic.as_ref(), self.serializer.name())
    }

    /// Starts a subscription to topics that match any of these filters, see [`TopicFilter`].
    ///
    /// # Errors
    /// [`SetupError`] names the filter that breaks a rule.
    pub fn subscribe<I>(&self, filters: I) -> Result<SubscribeBuilder, SetupError>
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        let filters = filters
            .into_iter()
            .map(TopicFilter::new)
            .collect::<Result<Vec<_>, _>>();
        Ok(SubscribeBuilder::new(
            self.clone(),
            filters.map_err(invalid_filter)?,
        ))
    }

    /// Listens at an endpoint, `tcp://127.0.0.1:47760`, `ipc:///run/zeek.sock` or `inproc://id`.
    /// Returns the endpoint that was really bound; port 0 takes a free one.
    ///
    /// # Errors
    /// [`SetupError`] says what is wrong with the endpoint, or why it cannot be bound.
    pub fn listen(&self, endpoint: &str) -> Result<String, SetupError> {
        Ok(self.listen_with(endpoint, ListenOptions::default())?.1)
    }

    /// Listens with options: an accept hook, or permission for endpoints that others can reach.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use zeekwire::{ListenOptions, Node};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let node = Node::builder("hub").start()?;
    /// let only_workers = ListenOptions {
    ///     accept: Some(Arc::new(|peer| match peer.node.name.as_str() {
    ///         name if name.starts_with("worker-") => Ok(()),
    ///         name => Err(format!("{name} is not a worker")),
    ///     })),
    ///     ..ListenOptions::default()
    /// };
    /// let (_listener, endpoint) = node.listen_with("tcp://127.0.0.1:0", only_workers)?;
    /// println!("listening at {endpoint}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Node::listen`].
    pub fn listen_with(
        &self,
        endpoint: &str,
        options: ListenOptions,
    ) -> Result<(ListenerId, String), SetupError> {
        self.backend.listen(endpoint, options)
    }

    /// Stops listening. Links that were accepted stay.
    pub fn close_listener(&self, listener: ListenerId) {
        self.backend.close_listener(listener);
    }

    /// Connects to an endpoint, again and again, also after the link was lost. Of several
    /// endpoints, with commas between them, one is connected to at a time: the next when one fails
    /// or is lost. A client moves to another member that way.
    ///
    /// # Errors
    /// [`SetupError`] says what is wrong with the endpoint. Whether the link comes up is told by
    /// [`Link::wait_ready`] and [`NodeBuilder::on_link_event`].
    pub fn connect(&self, endpoint: &str) -> Result<Link, SetupError> {
        self.connect_with(endpoint, ConnectOptions::default())
    }

    /// Connects with options.
    ///
    /// # Errors
    /// As [`Node::connect`].
    pub fn connect_with(
        &self,
        endpoint: &str,
        options: ConnectOptions,
    ) -> Result<Link, SetupError> {
        let id = self.backend.connect(endpoint, options)?;
        self.events.expect(id);
        Ok(self.link(id))
    }

    /// The handle of a link that was heard of, see
    /// [`NodeBuilder::on_link_event`](crate::NodeBuilder::on_link_event).
    #[must_use]
    pub fn link(&self, id: LinkId) -> Link {
        Link::new(id, self.events.clone(), Arc::clone(&self.backend))
    }

    /// Lets topics that match leave over a link that was opened without automatic advertising, or
    /// over all such links.
    ///
    /// # Errors
    /// [`SetupError`] when the filter breaks a rule or the node has been shut down.
    pub fn advertise(
        &self,
        filter: impl AsRef<[u8]>,
        link: Option<&Link>,
    ) -> Result<Completion, SetupError> {
        let filter = TopicFilter::new(filter).map_err(invalid_filter)?;
        self.backend.advertise(&filter, link.map(Link::id))
    }

    /// Takes an advertisement back.
    ///
    /// # Errors
    /// As [`Node::advertise`].
    pub fn unadvertise(
        &self,
        filter: impl AsRef<[u8]>,
        link: Option<&Link>,
    ) -> Result<Completion, SetupError> {
        let filter = TopicFilter::new(filter).map_err(invalid_filter)?;
        self.backend.unadvertise(&filter, link.map(Link::id))
    }

    /// Starts to ask every node that answers questions about a topic, see
    /// [`SubscribeBuilder::answer`]. This node's own answers do not count.
    ///
    /// # Errors
    /// [`Error`] when the question cannot be encoded.
    pub fn survey(
        &self,
        topic: impl AsRef<[u8]>,
        question: &Event,
    ) -> Result<SurveyBuilder, Error> {
        let mut payload = Vec::new();
        self.serializer.encode(question, &mut payload)?;
        let format = self.serializer.name();
        Ok(self.survey_bytes(topic, format, payload))
    }

    /// As [`Node::survey`], with a question that is encoded already.
    pub fn survey_bytes(
        &self,
        topic: impl AsRef<[u8]>,
        format: &str,
        question: Vec<u8>,
    ) -> SurveyBuilder {
        SurveyBuilder::new(self.clone(), topic.as_ref(), format, question)
    }

    /// The other members of the cluster that are up now, by name. A client knows of none.
    #[must_use]
    pub fn members(&self) -> Arc<[Member]> {
        self.backend.members()
    }

    /// A group of members of which one gets each event.
    #[must_use]
    pub fn pool(&self, members: PoolMembers) -> Pool {
        Pool::new(self.clone(), members)
    }

    /// Whether this is a member of the cluster, and no client.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.about.role == Role::Member
    }

    /// Labels of the pools that this node belongs to.
    #[must_use]
    pub fn pools(&self) -> &[String] {
        &self.about.pools
    }

    /// What every other member sees of itself, as far as they answer within `timeout`; ends early
    /// when `count` have answered.
    ///
    /// # Errors
    /// [`PublishError`] when the question was not accepted.
    pub fn cluster_status(
        &self,
        count: Option<usize>,
        timeout: Duration,
    ) -> Result<Vec<NodeStatus>, PublishError> {
        let question = Publication {
            topic: STATUS_TOPIC,
            class: TrafficClass::Event,
            format: "none",
            payload: &[],
            survey: 0,
        };
        let limits = SurveyLimits {
            answer_count_max: count,
            timeout,
        };
        let inbox = self.backend.survey(&question, limits)?;
        let mut statuses = Vec::new();
        while let Some(answer) = inbox.wait_message(None) {
            // What another release tells in words we do not know is no status to us.
            statuses.extend(NodeStatus::from_json(answer.message().payload()));
        }
        Ok(statuses)
    }

    /// Follows the way that a publication on a topic would take, for at most `timeout`; `report`
    /// runs on the IO thread for each node that it comes by.
    ///
    /// # Errors
    /// [`SetupError`] when the topic breaks a rule or the node has been shut down.
    pub fn trace(
        &self,
        topic: impl AsRef<[u8]>,
        timeout: Duration,
        report: impl FnMut(TraceReport) + Send + 'static,
    ) -> Result<(), SetupError> {
        self.backend
            .trace(topic.as_ref(), timeout, Box::new(report))
    }

    /// Adds a rule to a node whose [`Forwarding`](crate::Forwarding) is `Rules`.
    ///
    /// # Errors
    /// [`SetupError`] when the node has been shut down.
    pub fn add_rule(&self, rule: &ForwardRule) -> Result<Completion, SetupError> {
        self.backend.add_rule(rule)
    }

    /// Takes a rule back.
    ///
    /// # Errors
    /// As [`Node::add_rule`].
    pub fn remove_rule(&self, rule: &ForwardRule) -> Result<Completion, SetupError> {
        self.backend.remove_rule(rule)
    }

    /// What the node sees of itself: links, queues, credit, drops.
    #[must_use]
    pub fn status(&self) -> NodeStatus {
        self.backend.status()
    }

    /// Ends the node: sends what waits for at most `flush_max`, then closes all links and
    /// subscriptions.
    pub fn shut_down(&self, flush_max: Duration) {
        self.backend.shut_down(flush_max);
    }
}
