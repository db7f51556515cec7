//! The native backend: the face of a node for other threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Duration;

use zeekwire_backend::status::NodeStatus;
use zeekwire_backend::{
    Backend, Completion, ConnectOptions, ForwardRule, Inbox, InboxLimits, LinkId, ListenOptions,
    ListenerId, Member, Publication, PublishError, SetupError, SetupErrorKind, Sink,
    SubscribeOptions, SubscriptionId, SurveyLimits, TraceObserver,
};
use zeekwire_core::wire::is_pool_label;
use zeekwire_transport::{Endpoint, Network, Poller, Wake};
use zeekwire_types::limits::REQUEST_COUNT_MAX;
use zeekwire_types::{DropPolicy, NodeId, Topic, TopicError, TopicFilter, TrafficClass};

use crate::clock::{Clock, new_incarnation, random};
use crate::config::RuntimeConfig;
use crate::engine::{Command, Engine, MemberList, STATUS_TOPIC, shared_filter, subscription};
use crate::event_loop;
use crate::ids::Ids;
use crate::inline::InlineGate;
use crate::outbox::Outbox;
use crate::sync::{Mutex, lock, try_lock};

/// What the loop and the other threads share.
pub(crate) struct Shared {
    pub(crate) engine: Mutex<Engine>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) commands: Commands,
    wake: Wake,
    inline: InlineGate,
    clock: Clock,
    network: Network,
    ids: Arc<Ids>,
    /// Numbers of surveys start at random, so that late answers to an earlier life's questions find
    /// nobody.
    next_survey: AtomicU64,
    members: Arc<MemberList>,
    id: NodeId,
    may_wait: bool,
}

impl Shared {
    /// After the loop: nobody waits for it any longer, however it ended.
    fn end(&self) {
        self.outbox.close();
        self.commands.close();
        let mut engine = lock(&self.engine);
        if !engine.stopped {
            engine.drop_everything();
        }
    }
}

/// Requests that wait for the loop.
#[derive(Default)]
pub(crate) struct Commands {
    queue: Mutex<Option<Vec<Command>>>,
}

impl Commands {
    /// Adds a request.
    ///
    /// Those that end something are always taken; there are never more than things to end.
    fn push(&self, command: Command) -> Result<(), SetupError> {
        match &mut *lock(&self.queue) {
            None => Err(SetupError::stopped()),
            Some(queue) if command.sets_up() && queue.len() >= REQUEST_COUNT_MAX => {
                Err(SetupError::new(
                    SetupErrorKind::System,
                    format!("{REQUEST_COUNT_MAX} requests wait already; wait for some completions"),
                ))
            }
            Some(queue) => {
                queue.push(command);
                Ok(())
            }
        }
    }

    pub(crate) fn take(&self, commands: &mut Vec<Command>) {
        if let Some(queue) = &mut *lock(&self.queue) {
            std::mem::swap(queue, commands);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.queue).as_ref().is_none_or(Vec::is_empty)
    }

    /// Takes no more requests, and drops those that wait.
    fn close(&self) {
        let waiting = lock(&self.queue).take();
        // Without the lock: a handler that goes may hold the last handle of its node.
        waiting.into_iter().flatten().for_each(Command::abandon);
    }
}

/// A node's own engine: an event loop over TCP, Unix sockets and in-process links.
pub struct NativeBackend {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    loop_thread: ThreadId,
}

impl NativeBackend {
    /// Starts the node's loop on a thread of its own.
    ///
    /// # Errors
    /// [`SetupErrorKind::System`] when there is no descriptor or thread to be had.
    pub fn start(config: &RuntimeConfig) -> Result<Self, SetupError> {
        let system = |error: std::io::Error| {
            SetupError::new(
                SetupErrorKind::System,
                format!("cannot start node {}: {error}", config.name),
            )
        };
        check_labels(config)?;
        let mut poller = Poller::new().map_err(system)?;
        poller.set_spin(config.spin);
        let clock = Clock::start();
        let id = NodeId {
            name: config.name.clone(),
            incarnation: new_incarnation(),
        };
        let network = Network::new(&poller, config.inproc.clone(), config.sockets.clone());
        let outbox = Arc::new(Outbox::new(id.clone(), ring_bytes(config)));
        let ids = Arc::new(Ids::default());
        let members = Arc::new(MemberList::new());
        let engine = Engine::new(
            config,
            id.clone(),
            clock,
            network.clone(),
            Arc::clone(&outbox),
            Arc::clone(&ids),
            Arc::clone(&members),
        );
        let shared = Arc::new(Shared {
            engine: Mutex::new(engine),
            outbox,
            commands: Commands {
                queue: Mutex::new(Some(Vec::new())),
            },
            wake: poller.wake_handle(),
            inline: InlineGate::new(config.inline_interval),
            clock,
            network,
            ids,
            next_survey: AtomicU64::new(random()),
            members,
            id,
            may_wait: config.publish_waits && config.session.outgoing.policy == DropPolicy::Block,
        });
        let for_loop = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name(format!("zw-{}", config.name))
            .spawn(move || {
                let run = || event_loop::run(&for_loop, &mut poller);
                if catch_unwind(AssertUnwindSafe(run)).is_err() {
                    tracing::error!(node = %for_loop.id.name, "the loop panicked: the node ends");
                }
                for_loop.end();
            })
            .map_err(system)?;
        let loop_thread = thread.thread().id();
        Ok(Self {
            shared,
            thread: Mutex::new(Some(thread)),
            loop_thread,
        })
    }

    fn on_loop_thread(&self) -> bool {
        thread::current().id() == self.loop_thread
    }

    fn send(&self, command: Command) -> Result<(), SetupError> {
        self.shared.commands.push(command)?;
        if self.shared.outbox.must_wake() {
            self.shared.wake.wake();
        }
        Ok(())
    }

    /// Sends a request that is complete when the loop has served it.
    fn ask(
        &self,
        command: impl FnOnce(zeekwire_backend::Completer) -> Command,
    ) -> Result<Completion, SetupError> {
        let (completer, completion) = Completion::pair();
        self.send(command(completer))?;
        Ok(completion)
    }
}

impl Backend for NativeBackend {
    fn publish(&self, publication: &Publication<'_>) -> Result<(), PublishError> {
        let shared = &*self.shared;
        let may_wait = shared.may_wait && !self.on_loop_thread();
        let send = || {
            shared.inline.opens(shared.clock.now())
                && try_lock(&shared.engine)
                    .is_some_and(|mut engine| engine.turn_inline(publication.topic))
        };
        let wake = || shared.wake.wake();
        shared.outbox.publish(publication, may_wait, send, wake)
    }

    fn subscribe(
        &self,
        filters: &[TopicFilter],
        options: &SubscribeOptions,
        sink: Sink,
    ) -> Result<(SubscriptionId, Completion), SetupError> {
        check_filters(filters, &self.shared.id)?;
        if let Some(group) = &options.group {
            check_group(group, filters, &self.shared.id)?;
        }
        let id = self.shared.ids.subscription();
        if let Sink::Inbox(inbox) = &sink {
            let shared = Arc::downgrade(&self.shared);
            inbox.set_relaxed(move || {
                if let Some(shared) = shared.upgrade() {
                    // A node that has stopped holds nobody back.
                    let _stopped = shared.commands.push(Command::Relaxed);
                    if shared.outbox.must_wake() {
                        shared.wake.wake();
                    }
                }
            });
        }
        let (filters, options) = (filters.to_vec(), options.clone());
        let completion = self.ask(|done| Command::Subscribe {
            id,
            filters,
            options,
            sink,
            done,
        })?;
        Ok((SubscriptionId(id), completion))
    }

    fn add_filters(
        &self,
        id: SubscriptionId,
        filters: &[TopicFilter],
    ) -> Result<Completion, SetupError> {
        check_filters(filters, &self.shared.id)?;
        let (id, filters) = (subscription(id), filters.to_vec());
        self.ask(|done| Command::AddFilters { id, filters, done })
    }

    fn remove_filters(
        &self,
        id: SubscriptionId,
        filters: &[TopicFilter],
    ) -> Result<Completion, SetupError> {
        let (id, filters) = (subscription(id), filters.to_vec());
        self.ask(|done| Command::RemoveFilters { id, filters, done })
    }

    fn unsubscribe(&self, id: SubscriptionId) -> Completion {
        let id = subscription(id);
        let asked = self.ask(|done| Command::Unsubscribe { id, done });
        asked.unwrap_or_else(|_stopped| Completion::done())
    }

    fn advertise(
        &self,
        filter: &TopicFilter,
        link: Option<LinkId>,
    ) -> Result<Completion, SetupError> {
        let filter = filter.clone();
        self.ask(|done| Command::Advertise { filter, link, done })
    }

    fn unadvertise(
        &self,
        filter: &TopicFilter,
        link: Option<LinkId>,
    ) -> Result<Completion, SetupError> {
        let filter = filter.clone();
        self.ask(|done| Command::Unadvertise { filter, link, done })
    }

    fn listen(
        &self,
        endpoint: &str,
        options: ListenOptions,
    ) -> Result<(ListenerId, String), SetupError> {
        let endpoint = parse(endpoint)?;
        if !endpoint.is_local() && !options.insecure_remote {
            return Err(SetupError::new(
                SetupErrorKind::NotLocal,
                format!(
                    "{endpoint} can be reached from other machines, and links are not encrypted \
                     yet: listen on a loopback address or ipc://, or allow it with \
                     `insecure_remote`"
                ),
            ));
        }
        let socket = self.shared.ids.socket();
        let key = crate::engine::key_of(socket);
        let listener = self.shared.network.listen(&endpoint, key);
        let listener =
            listener.map_err(|error| SetupError::new(SetupErrorKind::Listen, error.to_string()))?;
        let local = listener.local_endpoint().to_string();
        self.send(Command::Listen {
            socket,
            listener,
            options,
        })?;
        Ok((ListenerId(socket), local))
    }

    fn close_listener(&self, listener: ListenerId) {
        // A node that has stopped has no listeners.
        let _stopped = self.send(Command::CloseListener { socket: listener.0 });
    }

    fn connect(&self, endpoint: &str, options: ConnectOptions) -> Result<LinkId, SetupError> {
        let endpoints = endpoint.split(',').map(|one| parse(one.trim()));
        let endpoints = endpoints.collect::<Result<Vec<Endpoint>, SetupError>>()?;
        let link = LinkId(self.shared.ids.socket());
        self.send(Command::Connect {
            link,
            endpoints,
            options,
        })?;
        Ok(link)
    }

    fn close_link(&self, link: LinkId, flush_max: Duration) -> Completion {
        let asked = self.ask(|done| Command::CloseLink {
            link,
            flush_max,
            done,
        });
        asked.unwrap_or_else(|_stopped| Completion::done())
    }

    fn survey(
        &self,
        question: &Publication<'_>,
        limits: SurveyLimits,
    ) -> Result<Arc<Inbox>, PublishError> {
        // On a node's own topic it would be taken for an answer, and the rest is for nodes.
        if question.topic.starts_with(b".") && question.topic != STATUS_TOPIC {
            return Err(PublishError::Topic(TopicError::Reserved));
        }
        let survey = self
            .shared
            .next_survey
            .fetch_add(1, Ordering::Relaxed)
            .max(1);
        let inbox = Arc::new(Inbox::new(InboxLimits::default()));
        let opened = self.send(Command::OpenSurvey {
            number: survey,
            limits,
            inbox: Arc::clone(&inbox),
        });
        opened.map_err(|error| match error.kind() {
            SetupErrorKind::Stopped => PublishError::Stopped,
            _ => PublishError::Overloaded,
        })?;
        // The loop serves requests before it reads, so the survey is open when answers come.
        let asked = self.publish(&Publication {
            survey,
            ..*question
        });
        if let Err(error) = asked {
            let _stopped = self.send(Command::EndSurvey { number: survey });
            return Err(error);
        }
        Ok(inbox)
    }

    fn members(&self) -> Arc<[Member]> {
        self.shared.members.get()
    }

    fn trace(
        &self,
        topic: &[u8],
        timeout: Duration,
        observer: TraceObserver,
    ) -> Result<(), SetupError> {
        Topic::check(topic)
            .map_err(|error| SetupError::new(SetupErrorKind::Invalid, error.to_string()))?;
        self.send(Command::Trace {
            topic: topic.to_vec(),
            timeout,
            observer,
        })
    }

    fn add_rule(&self, rule: &ForwardRule) -> Result<Completion, SetupError> {
        let rule = rule.clone();
        self.ask(|done| Command::AddRule { rule, done })
    }

    fn remove_rule(&self, rule: &ForwardRule) -> Result<Completion, SetupError> {
        let rule = rule.clone();
        self.ask(|done| Command::RemoveRule { rule, done })
    }

    fn id(&self) -> &NodeId {
        &self.shared.id
    }

    fn status(&self) -> NodeStatus {
        const WAIT_MAX: Duration = Duration::from_secs(2);
        let (reply, answer) = crossbeam::channel::bounded(1);
        let asked = !self.on_loop_thread() && self.send(Command::Status { reply }).is_ok();
        let answer = if asked {
            answer.recv_timeout(WAIT_MAX).ok()
        } else {
            None
        };
        answer.unwrap_or_else(|| NodeStatus {
            name: self.shared.id.name.to_string(),
            incarnation: self.shared.id.incarnation.to_string(),
            pid: std::process::id(),
            ..NodeStatus::default()
        })
    }

    fn shut_down(&self, flush_max: Duration) {
        let stopping = self.send(Command::Stop { flush_max }).is_ok();
        if self.on_loop_thread() {
            return;
        }
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread
            && (stopping || thread.is_finished())
        {
            // A loop that panicked has nothing left to flush.
            let _panicked = thread.join();
        }
    }
}

impl Drop for NativeBackend {
    fn drop(&mut self) {
        self.shut_down(Duration::ZERO);
    }
}

impl std::fmt::Debug for NativeBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NativeBackend({})", self.shared.id)
    }
}

/// Whether other members can be told what this node is called and found under.
fn check_labels(config: &RuntimeConfig) -> Result<(), SetupError> {
    let pools = config.pools.iter().map(|label| (label, "label of a pool"));
    let mut labels = pools.chain(config.alias.iter().map(|alias| (alias, "alias")));
    match labels.find(|(label, _)| !is_pool_label(label)) {
        None => Ok(()),
        Some((label, what)) => Err(SetupError::new(
            SetupErrorKind::Invalid,
            format!("{label:?} is no {what}: take 1 to 255 printable characters"),
        )),
    }
}

/// What was accepted before a publisher is told to wait must find room in a queue that is half
/// full: both halves of the ring, and more.
fn ring_bytes(config: &RuntimeConfig) -> usize {
    const USEFUL_BYTES: usize = 64 * 1024;
    let outgoing = &config.session.outgoing;
    let queue_bytes = outgoing.budget_bytes[TrafficClass::Event.index()];
    match outgoing.policy {
        DropPolicy::Block => config
            .ring_bytes_max
            .min((queue_bytes / 8).max(USEFUL_BYTES)),
        _ => config.ring_bytes_max,
    }
}

fn parse(endpoint: &str) -> Result<Endpoint, SetupError> {
    endpoint
        .parse()
        .map_err(|error: zeekwire_transport::EndpointError| {
            SetupError::new(SetupErrorKind::Endpoint, error.to_string())
        })
}

/// Programs may subscribe to their own node's topic, and otherwise to nothing that starts with
/// a dot.
fn check_filters(filters: &[TopicFilter], id: &NodeId) -> Result<(), SetupError> {
    let own = Topic::of_node(&id.name);
    for filter in filters {
        let bytes = filter.as_bytes();
        if bytes.starts_with(b".") && bytes != own.as_bytes() {
            return Err(SetupError::new(
                SetupErrorKind::Invalid,
                format!("the filter {filter} starts with `.`: only {own} is open to programs"),
            ));
        }
    }
    Ok(())
}

/// A group's name is a part of topics.
fn check_group(group: &str, filters: &[TopicFilter], id: &NodeId) -> Result<(), SetupError> {
    const GROUP_BYTES_MAX: usize = 64;
    let invalid = |text: String| SetupError::new(SetupErrorKind::Invalid, text);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if group.is_empty() || group.len() > GROUP_BYTES_MAX || !group.bytes().all(plain) {
        return Err(invalid(format!(
            "{group:?} is no name of a group: take 1 to {GROUP_BYTES_MAX} letters, digits, `-`, \
             `_` or `.`"
        )));
    }
    if id.name.as_str().contains('\\') {
        return Err(invalid(format!(
            "node {} cannot share subscriptions: its name holds a backslash",
            id.name
        )));
    }
    for filter in filters {
        shared_filter(group, &id.name, filter)
            .map_err(|error| invalid(format!("the filter {filter} cannot be shared: {error}")))?;
    }
    Ok(())
}
