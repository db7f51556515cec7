//! A node: the handle that programs hold.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeekwire_backend::status::NodeStatus;
use zeekwire_backend::{
    Backend, Completion, ConnectOptions, ListenOptions, ListenerId, Publication, SetupError,
};
use zeekwire_serializer::{EventEncoder, EventSerializer};
use zeekwire_types::{Event, NodeId, TopicFilter, TrafficClass};

use crate::error::invalid_filter;
use crate::link::LinkEvents;
use crate::{Error, Link, NodeBuilder, PublicationBuilder, SubscribeBuilder};

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
    ) -> Self {
        Self {
            backend,
            events,
            serializer,
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

    /// Connects to an endpoint, again and again, also after the link was lost.
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
        Ok(Link::new(
            id,
            self.events.clone(),
            Arc::clone(&self.backend),
        ))
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
