//! What other threads ask of the engine. They leave it in a queue and wake the loop, so that no
//! call ever waits for a turn, not even one from a handler on the loop's own thread.

use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::Sender;
use zeekwire_backend::status::NodeStatus;
use zeekwire_backend::{
    Completer, ConnectOptions, ForwardRule, Inbox, LinkId, ListenOptions, Reach, Sink,
    SubscribeOptions, SubscriptionId, SurveyLimits, TraceObserver,
};
use zeekwire_core::node::{LinkKey, Rule, Scope};
use zeekwire_core::wire::Reason;
use zeekwire_transport::{Endpoint, Listener};
use zeekwire_types::{Instant, TopicFilter};

use super::delivery::Subscriber;
use super::sockets::Socket;
use super::{Engine, TimerKey};

/// Something asked of the engine.
pub(crate) enum Command {
    Listen {
        socket: u64,
        listener: Listener,
        options: ListenOptions,
    },
    CloseListener {
        socket: u64,
    },
    Connect {
        link: LinkId,
        endpoints: Vec<Endpoint>,
        options: ConnectOptions,
    },
    CloseLink {
        link: LinkId,
        flush_max: Duration,
        done: Completer,
    },
    Subscribe {
        id: u32,
        filters: Vec<TopicFilter>,
        options: SubscribeOptions,
        sink: Sink,
        done: Completer,
    },
    AddFilters {
        id: u32,
        filters: Vec<TopicFilter>,
        done: Completer,
    },
    RemoveFilters {
        id: u32,
        filters: Vec<TopicFilter>,
        done: Completer,
    },
    Unsubscribe {
        id: u32,
        done: Completer,
    },
    Advertise {
        filter: TopicFilter,
        link: Option<LinkId>,
        done: Completer,
    },
    Unadvertise {
        filter: TopicFilter,
        link: Option<LinkId>,
        done: Completer,
    },
    AddRule {
        rule: ForwardRule,
        done: Completer,
    },
    RemoveRule {
        rule: ForwardRule,
        done: Completer,
    },
    Trace {
        topic: Vec<u8>,
        timeout: Duration,
        observer: TraceObserver,
    },
    OpenSurvey {
        number: u64,
        limits: SurveyLimits,
        inbox: Arc<Inbox>,
    },
    EndSurvey {
        number: u64,
    },
    Relaxed,
    Status {
        reply: Sender<NodeStatus>,
    },
    Stop {
        flush_max: Duration,
    },
}

impl Command {
    /// Whether it begins something, which a node that ends no longer does.
    const fn is_new(&self) -> bool {
        matches!(
            self,
            Self::Listen { .. } | Self::Connect { .. } | Self::Subscribe { .. }
        )
    }

    /// Whether it sets something up, rather than ending or asking about it.
    pub(crate) const fn sets_up(&self) -> bool {
        self.is_new()
            || matches!(
                self,
                Self::AddFilters { .. }
                    | Self::RemoveFilters { .. }
                    | Self::Advertise { .. }
                    | Self::AddRule { .. }
                    | Self::RemoveRule { .. }
                    | Self::Trace { .. }
                    | Self::OpenSurvey { .. }
                    | Self::Unadvertise { .. }
                    | Self::Status { .. }
            )
    }

    /// Drops a request that came too late: a subscription ends at once, and whoever waits for
    /// anything is told so by the drop.
    pub(crate) fn abandon(self) {
        match self {
            Self::Subscribe {
                sink: Sink::Inbox(inbox),
                ..
            }
            | Self::OpenSurvey { inbox, .. } => inbox.close(),
            _ => {}
        }
    }
}

impl Engine {
    pub(crate) fn run(&mut self, commands: &mut Vec<Command>) {
        let now = self.clock.now();
        for command in commands.drain(..) {
            if self.stopped || self.stopping && command.is_new() {
                command.abandon();
                continue;
            }
            self.run_one(now, command);
            self.settle(now);
        }
    }

    fn run_one(&mut self, now: Instant, command: Command) {
        match command {
            Command::Listen {
                socket,
                listener,
                options,
            } => {
                self.add_listener(now, socket, listener, options);
            }
            Command::CloseListener { socket } => {
                self.sockets.remove(&socket);
                self.timers.cancel(TimerKey::Accept(socket));
            }
            Command::Connect {
                link,
                endpoints,
                options,
            } => {
                self.add_link(now, link, endpoints, options);
            }
            Command::CloseLink {
                link,
                flush_max,
                done,
            } => {
                // What was published before still goes out.
                self.route_ring(now);
                self.close_link(now, link, flush_max, Reason::Closed, done);
            }
            Command::Trace {
                topic,
                timeout,
                observer,
            } => self.start_trace(now, &topic, timeout, observer),
            Command::OpenSurvey {
                number,
                limits,
                inbox,
            } => self.open_survey(now, number, limits, inbox),
            Command::EndSurvey { number } => self.end_survey(number),
            Command::Relaxed => self.release_withheld(),
            Command::Status { reply } => {
                // Nobody waits for it any more if this fails.
                let _gone = reply.send(self.status(now));
            }
            Command::Stop { flush_max } => self.stop(now, flush_max),
            other => self.run_topics(other),
        }
    }

    /// Serves what is about subscriptions and advertisements.
    fn run_topics(&mut self, command: Command) {
        match command {
            Command::Subscribe {
                id,
                filters,
                options,
                sink,
                done,
            } => {
                self.subscribe(id, &filters, &options, sink, done);
            }
            Command::AddFilters { id, filters, done } => self.add_filters(id, &filters, done),
            Command::RemoveFilters { id, filters, done } => {
                let own = &self.node.id().name;
                if let Some(Some(subscriber)) = self.subscribers.get_mut(id as usize) {
                    let filters = subscriber.told(own, &filters);
                    filters
                        .iter()
                        .for_each(|filter| _ = subscriber.filters.remove(filter));
                    let token = self.token(done);
                    self.node.unsubscribe(id, &filters, token);
                }
            }
            Command::Unsubscribe { id, done } => {
                if let Some(Some(_)) = self.subscribers.get(id as usize) {
                    self.drop_subscriber(id as usize);
                    let token = self.token(done);
                    self.node.remove_subscriber(id, token);
                    self.ids.free_subscription(id);
                    self.release_withheld();
                }
            }
            Command::Advertise { filter, link, done } => {
                if let Ok(key) = self.key_of_link(link) {
                    self.node.advertise(&filter, key);
                }
                done.complete();
            }
            Command::Unadvertise { filter, link, done } => {
                if let Ok(key) = self.key_of_link(link) {
                    self.node.unadvertise(&filter, key);
                }
                done.complete();
            }
            Command::AddRule { rule, done } => {
                let token = self.token(done);
                self.node.add_rule(in_core(rule), token);
            }
            Command::RemoveRule { rule, done } => {
                let token = self.token(done);
                self.node.remove_rule(&in_core(rule), token);
            }
            Command::Listen { .. }
            | Command::Trace { .. }
            | Command::CloseListener { .. }
            | Command::Connect { .. }
            | Command::CloseLink { .. }
            | Command::OpenSurvey { .. }
            | Command::EndSurvey { .. }
            | Command::Relaxed
            | Command::Status { .. }
            | Command::Stop { .. } => unreachable!("`run_one` serves these"),
        }
    }

    /// The link's key; `Ok(None)` stands for all links, `Err` for one that is not up.
    fn key_of_link(&self, link: Option<LinkId>) -> Result<Option<LinkKey>, ()> {
        match link {
            None => Ok(None),
            Some(id) => match self.links.get(&id).and_then(|record| record.key) {
                Some(key) => Ok(Some(key)),
                None => Err(()),
            },
        }
    }

    fn subscribe(
        &mut self,
        id: u32,
        filters: &[TopicFilter],
        options: &SubscribeOptions,
        sink: Sink,
        done: Completer,
    ) {
        let index = id as usize;
        if self.subscribers.len() <= index {
            self.subscribers.resize_with(index + 1, || None);
        }
        self.subscribers[index] = Some(Subscriber::new(id, sink, options));
        self.find_home(index);
        if options.answers {
            self.node.set_responder(id);
        }
        self.add_filters(id, filters, done);
        self.let_go();
    }

    fn add_filters(&mut self, id: u32, filters: &[TopicFilter], done: Completer) {
        let Some(Some(subscriber)) = self.subscribers.get(id as usize) else {
            return;
        };
        let scope = match subscriber.reach {
            Reach::AllLinks => Scope::AllLinks,
            Reach::Locally => Scope::Locally,
            Reach::OneLink(link) => match self.key_of_link(Some(link)) {
                Ok(Some(key)) => Scope::OneLink(key),
                _ => return done.complete(),
            },
        };
        let own = &self.node.id().name;
        let Some(Some(subscriber)) = self.subscribers.get_mut(id as usize) else {
            return;
        };
        let filters = subscriber.told(own, filters);
        subscriber.filters.extend(filters.iter().cloned());
        let token = self.token(done);
        self.node.subscribe(id, &filters, scope, token);
    }

    pub(super) fn close_subscribers(&mut self) {
        self.subscribers.iter_mut().flatten().for_each(close);
        self.subscribers.clear();
    }

    fn stop(&mut self, now: Instant, flush_max: Duration) {
        if self.stopping {
            return;
        }
        // What was accepted goes out, and no more is accepted.
        self.outbox.close();
        self.route_ring(now);
        self.stopping = true;
        self.sockets
            .retain(|_, socket| !matches!(socket, Socket::Listener { .. }));
        self.timers.set(TimerKey::Stop, now + flush_max);
        self.node.leave();
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        for link in links {
            let (done, _nobody_waits) = zeekwire_backend::Completion::pair();
            self.close_link(now, link, flush_max, Reason::Shutdown, done);
        }
        self.settle(now);
        let busy = self
            .sockets
            .values_mut()
            .any(|socket| socket.connection().is_some());
        if !busy {
            self.drop_everything();
        }
    }
}

fn close(subscriber: &mut Subscriber) {
    if let Sink::Inbox(inbox) = &subscriber.sink {
        inbox.close();
    }
}

/// A rule as the core knows it: links are labelled with their ids.
fn in_core(rule: ForwardRule) -> Rule {
    Rule {
        filter: rule.filter,
        from: rule.from.0,
        to: rule.to.0,
    }
}

/// The subscription id as the engine counts them.
pub(crate) const fn subscription(id: SubscriptionId) -> u32 {
    id.0
}
