//! Making a node.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeekwire_backend::{
    LinkEvent, LinkObserver, MemberEvent, MemberObserver, SetupError, SetupErrorKind, TopicObserver,
};
use zeekwire_runtime::{Forwarding, Inproc, NativeBackend, RuntimeConfig};
use zeekwire_types::{DropPolicy, NodeName, Role, TopicFilter};

use crate::Node;
use crate::link::LinkEvents;
use crate::node::About;

/// A change of the engine's settings.
type Edit = Arc<dyn Fn(&mut RuntimeConfig) + Send + Sync>;

/// Settings of a node that has yet to start. Made by [`Node::builder`].
#[derive(Clone)]
pub struct NodeBuilder {
    name: String,
    edits: Vec<Edit>,
    listen: Vec<String>,
    connect: Vec<String>,
    observer: Option<LinkObserver>,
    format: String,
}

impl fmt::Debug for NodeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeBuilder")
            .field("name", &self.name)
            .field("listen", &self.listen)
            .field("connect", &self.connect)
            .finish_non_exhaustive()
    }
}

impl NodeBuilder {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            edits: Vec::new(),
            listen: Vec::new(),
            connect: Vec::new(),
            observer: None,
            format: "capnp-v1".to_owned(),
        }
    }

    /// Changes any setting of the engine.
    #[must_use]
    pub fn configure(mut self, edit: impl Fn(&mut RuntimeConfig) + Send + Sync + 'static) -> Self {
        self.edits.push(Arc::new(edit));
        self
    }

    /// Listens at an endpoint from the start. May be given several times.
    #[must_use]
    pub fn listen(mut self, endpoint: &str) -> Self {
        self.listen.push(endpoint.to_owned());
        self
    }

    /// Connects to an endpoint from the start, again and again. May be given several times.
    #[must_use]
    pub fn connect(mut self, endpoint: &str) -> Self {
        self.connect.push(endpoint.to_owned());
        self
    }

    /// Makes the node a client: it never forwards, and takes no part in membership.
    #[must_use]
    pub fn client(self) -> Self {
        self.configure(|config| config.role = Role::Client)
    }

    /// Says what runs here, for people who look at the other end of a link.
    #[must_use]
    pub fn program(self, program: &str) -> Self {
        let program = program.to_owned();
        self.configure(move |config| config.program.clone_from(&program))
    }

    /// Meets other nodes of this process at `inproc://` endpoints.
    #[must_use]
    pub fn inproc(self, meeting_place: &Inproc) -> Self {
        let meeting_place = meeting_place.clone();
        self.configure(move |config| config.inproc = meeting_place.clone())
    }

    /// Bounds the events that may wait for each link, and says what happens beyond. The default
    /// is 8 MiB and [`DropPolicy::Block`].
    #[must_use]
    pub fn event_queue(self, bytes_max: usize, policy: DropPolicy) -> Self {
        self.configure(move |config| config.set_event_queue(bytes_max, policy))
    }

    /// Bounds the bytes that may wait in the queues of all links together. Beyond it a link that
    /// has something waiting takes no more, whatever its own bound. The default is 256 MiB.
    #[must_use]
    pub fn queued_bytes_max(self, bytes_max: usize) -> Self {
        self.configure(move |config| config.session.queued_bytes_max = bytes_max)
    }

    /// Sends a heartbeat on a link that was quiet for `every`, and gives up a peer that was silent
    /// for `silence_max`, or for one and a half times its own `every` if that is longer.
    ///
    /// The defaults are 3 and 4.5 seconds. Peers are looked at eight times in `every`, so a silent
    /// one is found up to an eighth of it late: by default within 5 seconds of its last byte.
    #[must_use]
    pub fn heartbeat(self, every: Duration, silence_max: Duration) -> Self {
        self.configure(move |config| {
            config.session.liveness.heartbeat = every;
            config.session.liveness.silence_max = silence_max;
        })
    }

    /// Hears of links. Runs on the IO thread and must not block.
    #[must_use]
    pub fn on_link_event(mut self, observer: impl Fn(&LinkEvent) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Hears of members: who comes and who goes. Runs on the IO thread and must not block.
    #[must_use]
    pub fn on_member_event(self, observer: impl Fn(&MemberEvent) + Send + Sync + 'static) -> Self {
        let observer: MemberObserver = Arc::new(observer);
        self.configure(move |config| config.member_observer = Some(Arc::clone(&observer)))
    }

    /// Hears of filters that anybody in the cluster subscribes to, this node included: `true` when
    /// the first subscriber came, `false` when the last one went. Runs on the IO thread and must
    /// not block.
    #[must_use]
    pub fn on_topic_change(
        self,
        observer: impl Fn(&TopicFilter, bool) + Send + Sync + 'static,
    ) -> Self {
        let observer: TopicObserver = Arc::new(observer);
        self.configure(move |config| config.topic_observer = Some(Arc::clone(&observer)))
    }

    /// Says what the program calls this life of the node: other members are told.
    #[must_use]
    pub fn alias(self, alias: &str) -> Self {
        let alias = alias.to_owned();
        self.configure(move |config| config.alias = Some(alias.clone()))
    }

    /// Lets [`Node::publish`] fail at once where the queues are full, under every policy.
    #[must_use]
    pub fn publish_never_waits(self) -> Self {
        self.configure(|config| config.publish_waits = false)
    }

    /// Puts the node into a pool: publishers find it under this label. May be given several times.
    #[must_use]
    pub fn pool(self, label: &str) -> Self {
        let label = label.to_owned();
        self.configure(move |config| config.pools.push(label.clone()))
    }

    /// Whether and how the node passes on what others published.
    #[must_use]
    pub fn forwarding(self, forwarding: Forwarding) -> Self {
        self.configure(move |config| config.forwarding = forwarding)
    }

    /// Keeps credit back instead of dropping what a slow peer has no room for, which slows all who
    /// publish through this node.
    #[must_use]
    pub fn lossless(self) -> Self {
        self.configure(|config| config.lossless = true)
    }

    /// A member that cannot be reached for shorter than this was never away. The default is
    /// 2 seconds.
    #[must_use]
    pub fn member_down_after(self, grace: Duration) -> Self {
        self.configure(move |config| config.member_down_after = grace)
    }

    /// The format in which [`Node::publish`] encodes events. The default is `capnp-v1`.
    #[must_use]
    pub fn format(mut self, name: &str) -> Self {
        name.clone_into(&mut self.format);
        self
    }

    /// Starts the node.
    ///
    /// # Errors
    /// [`SetupError`] when the name or the format breaks a rule, an endpoint is not understood or
    /// cannot be bound, or the system gives no thread.
    pub fn start(self) -> Result<Node, SetupError> {
        let invalid = |text: String| SetupError::new(SetupErrorKind::Invalid, text);
        let name = NodeName::new(&self.name).map_err(|error| invalid(error.to_string()))?;
        let serializer = zeekwire_serializer::by_name(&self.format)
            .ok_or_else(|| invalid(crate::Error::UnknownFormat(self.format.clone()).to_string()))?;
        let mut config = RuntimeConfig::new(name);
        for edit in &self.edits {
            edit(&mut config);
        }
        let events = LinkEvents::default();
        let (heard, observer) = (events.clone(), self.observer);
        config.observer = Some(Arc::new(move |event| {
            heard.hear(event);
            if let Some(observer) = &observer {
                observer(event);
            }
        }));
        let backend = NativeBackend::start(&config)?;
        let about = About {
            role: config.role,
            pools: config.pools.clone(),
        };
        let node = Node::over(Arc::new(backend), events, serializer, about);
        for endpoint in &self.listen {
            node.listen(endpoint)?;
        }
        for endpoint in &self.connect {
            node.connect(endpoint)?;
        }
        Ok(node)
    }
}
