//! A node of the program's own that is attached to others as a client.

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zeekwire::{Link, LinkError, LinkEvent, LinkId, ListenOptions, Node, NodeBuilder, Peer};

use crate::failure::Failure;
use crate::flags::LinkFlags;
use crate::output;
use crate::stop::Stop;

/// A client node and its links.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) node: Node,
    links: Vec<(String, Link)>,
    news: Receiver<LinkNews>,
    /// Who was ever there: a peer that has said all that it had to say may be gone again before
    /// anybody looks.
    met: Arc<Mutex<HashMap<LinkId, Peer>>>,
    wait: Duration,
}

/// What happened to a link, in as much as people care.
#[derive(Clone, Debug)]
pub(crate) enum LinkNews {
    /// The peer's subscriptions are known: what is published now reaches it.
    Linked(Peer),
    /// A link that was up ended.
    Lost(Option<Peer>, String),
    /// A link did not come up.
    Failed(String),
}

impl Client {
    /// Starts a client called `command` and the process id unless the flags name it. It is alone
    /// until [`Client::open_links`], so that those who link then find its subscriptions.
    pub(crate) fn start(flags: &LinkFlags, command: &str) -> Result<Self, Failure> {
        Self::start_with(flags, command, |builder| builder)
    }

    /// As [`Client::start`], with a say in how the node is made.
    pub(crate) fn start_with(
        flags: &LinkFlags,
        command: &str,
        edit: impl FnOnce(NodeBuilder) -> NodeBuilder,
    ) -> Result<Self, Failure> {
        let name = match &flags.name {
            Some(name) => name.to_string(),
            None => format!("{command}-{}", std::process::id()),
        };
        let (news_in, news) = channel();
        let builder = edit(Node::builder(&name).client().program(&program(command)));
        let met = Arc::new(Mutex::new(HashMap::new()));
        let (forward, meeting) = (forward(news_in), Arc::clone(&met));
        let observe = move |event: &LinkEvent| {
            if let LinkEvent::Ready { link, peer } = event {
                lock(&meeting).insert(*link, peer.clone());
            }
            forward(event);
        };
        let (node, links) = (builder.on_link_event(observe).start()?, Vec::new());
        let wait = flags.wait.0;
        Ok(Self {
            node,
            links,
            news,
            met,
            wait,
        })
    }

    /// Listens and connects.
    pub(crate) fn open_links(&mut self, flags: &LinkFlags) -> Result<(), Failure> {
        let insecure_remote = flags.insecure_remote;
        let options = ListenOptions {
            insecure_remote,
            ..ListenOptions::default()
        };
        for endpoint in &flags.listen {
            let (_, bound) = self
                .node
                .listen_with(&endpoint.to_string(), options.clone())?;
            output::note(format_args!("{} listens at {bound}", self.node.id().name));
        }
        for endpoint in flags.endpoints() {
            let link = self.node.connect(&endpoint)?;
            self.links.push((endpoint, link));
        }
        Ok(())
    }

    /// Whether there is an endpoint that it connects to.
    pub(crate) fn dials(&self) -> bool {
        !self.links.is_empty()
    }

    /// Waits until all that it connects to is linked; where it only listens, until somebody came.
    /// Returns who is there.
    pub(crate) fn wait_linked(&self, stop: &Stop) -> Result<Vec<Peer>, Failure> {
        let deadline = Instant::now() + self.wait;
        if self.links.is_empty() {
            return self.wait_visitor(stop, deadline).map(|peer| vec![peer]);
        }
        let mut peers = Vec::new();
        for (endpoint, link) in &self.links {
            peers.push(self.wait_link(endpoint, link, stop, deadline)?);
        }
        Ok(peers)
    }

    fn wait_link(
        &self,
        endpoint: &str,
        link: &Link,
        stop: &Stop,
        deadline: Instant,
    ) -> Result<Peer, Failure> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if let Some(peer) = lock(&self.met).get(&link.id()) {
                return Ok(peer.clone());
            }
            match link.wait_ready(left.min(Stop::LOOK_EVERY)) {
                Ok(peer) => return Ok(peer),
                Err(LinkError::Timeout { .. }) if stop.is_set() => return Err(interrupted(stop)),
                Err(LinkError::Timeout { .. }) if !left.is_zero() => {}
                Err(error) => return Err(self.not_linked(endpoint, &error)),
            }
        }
    }

    fn wait_visitor(&self, stop: &Stop, deadline: Instant) -> Result<Peer, Failure> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.news.recv_timeout(left.min(Stop::LOOK_EVERY)) {
                Ok(LinkNews::Linked(peer)) => return Ok(peer),
                _ if stop.is_set() => return Err(interrupted(stop)),
                Err(RecvTimeoutError::Timeout) if left.is_zero() => {
                    return Err(Failure::job(format_args!(
                        "nobody connected within {} s; --wait gives more time",
                        self.wait.as_secs_f64()
                    )));
                }
                _ => {}
            }
        }
    }

    fn not_linked(&self, endpoint: &str, error: &LinkError) -> Failure {
        let reason = match error {
            LinkError::Timeout { last: Some(reason) } | LinkError::GaveUp { reason } => reason,
            LinkError::Timeout { last: None } => "no answer",
        };
        Failure::job(format_args!(
            "not linked to {endpoint} within {} s: {reason}\n\
             Is a node listening there? `zeekwire node` does, and `zeekwire sub --listen \
             ENDPOINT`. --connect names another endpoint, --wait gives more time.",
            self.wait.as_secs_f64()
        ))
    }

    /// Tells on standard error what happened to links since the last call.
    pub(crate) fn tell_news(&self) {
        self.news.try_iter().for_each(|news| news.tell());
    }
}

impl LinkNews {
    /// Tells it on standard error.
    pub(crate) fn tell(&self) {
        match self {
            Self::Linked(peer) => output::note(format_args!("linked to {}", describe(peer))),
            Self::Lost(Some(peer), reason) => {
                output::note(format_args!("link to {} ended: {reason}", peer.node.name));
            }
            Self::Lost(None, reason) => output::note(format_args!("a link ended: {reason}")),
            Self::Failed(reason) => output::note(format_args!("not linked: {reason}")),
        }
    }
}

/// An observer of links that passes on what people care about.
pub(crate) fn forward(news: Sender<LinkNews>) -> impl Fn(&LinkEvent) + Send + Sync + 'static {
    let filter = Mutex::new(NewsFilter::default());
    move |event| {
        let item = lock(&filter).pass(event);
        if let Some(item) = item {
            // Nobody listens any more: the command is ending.
            let _ending = news.send(item);
        }
    }
}

/// Tells a failure that happens again and again only once.
#[derive(Default)]
struct NewsFilter {
    linked: HashSet<LinkId>,
    failure: String,
}

impl NewsFilter {
    fn pass(&mut self, event: &LinkEvent) -> Option<LinkNews> {
        let reason = match event {
            LinkEvent::Ready { link, peer } => {
                self.linked.insert(*link);
                self.failure.clear();
                return Some(LinkNews::Linked(peer.clone()));
            }
            LinkEvent::Down {
                link, peer, reason, ..
            } => {
                if self.linked.remove(link) {
                    return Some(LinkNews::Lost(peer.clone(), reason.clone()));
                }
                reason
            }
            LinkEvent::ConnectFailed { reason, .. } => reason,
            _ => return None,
        };
        if self.failure == *reason {
            return None;
        }
        self.failure.clone_from(reason);
        Some(LinkNews::Failed(reason.clone()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a node of this program says that it is.
pub(crate) fn program(command: &str) -> String {
    format!("zeekwire {} {command}", env!("CARGO_PKG_VERSION"))
}

/// Who a peer is, in a few words.
pub(crate) fn describe(peer: &Peer) -> String {
    let text = format!(
        "{} ({}, {}) at {}",
        peer.node.name, peer.role, peer.program, peer.endpoint
    );
    crate::render::printable(&text).into_owned()
}

/// What becomes of a command that was told to end before its job was done.
pub(crate) fn interrupted(stop: &Stop) -> Failure {
    if stop.is_signalled() {
        Failure::job("interrupted")
    } else {
        Failure::OutputClosed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(reason: &str) -> LinkEvent {
        let (link, reason) = (LinkId(1), reason.to_owned());
        LinkEvent::ConnectFailed {
            link,
            reason,
            retry_in: None,
        }
    }

    #[test]
    fn failure_that_repeats_is_told_once() {
        let mut filter = NewsFilter::default();
        let mut told = |reason: &str| match filter.pass(&failed(reason)) {
            Some(LinkNews::Failed(told)) => told == reason,
            _ => false,
        };
        assert!(told("refused"));
        assert!(!told("refused"));
        assert!(told("no route"));
        assert!(told("refused"));
    }
}
