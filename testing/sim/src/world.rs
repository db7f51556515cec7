//! The cluster, the network and the time.
//!
//! The driver here obeys the rules of a real one: bytes read are fed to the node until it has
//! enough, what is staged is written in the same turn, outputs are drained after each input, and
//! what a socket does not take waits until it is writable again.

mod asking;
mod closing;
mod dialing;
mod faults;
mod inboxes;
mod inspecting;
mod naming;
mod outputs;
mod publishing;
mod reading;
mod sharing;
mod subscribing;
mod writing;

use std::collections::BTreeSet;

use zeekwire_buffer::AlignedBytes;
use zeekwire_core::node::LinkKey;
use zeekwire_types::Instant;

use crate::checks::{self, Breach, Live};
use crate::driver;
use crate::history::History;
use crate::host::Host;
use crate::plan::{HostPlan, Plan};
use crate::rng::Rng;
use crate::schedule::{Event, Schedule};
use crate::step::Step;
use crate::topics::TOPICS;
use crate::trace::{Trace, What};
use crate::truth::{Standing, Truth};
use crate::wire::Wire;

/// Events at one moment, at most.
const EVENTS_AT_ONCE_MAX: u32 = 1_000_000;
/// Everything.
#[derive(Debug)]
pub(crate) struct World<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) now: Instant,
    moment: u64,
    schedule: Schedule,
    pub(crate) hosts: Vec<Host>,
    pub(crate) wires: Vec<Wire>,
    blocks: BTreeSet<(usize, usize)>,
    inside: Option<BTreeSet<usize>>,
    pub(crate) truth: Truth,
    pub(crate) history: History,
    live: Live,
    pub(crate) trace: Trace,
    rng: Rng,
    pub(crate) breach: Option<Breach>,
    buffer: AlignedBytes,
    is_resting: bool,
    /// When something last went wrong, or was mended.
    pub(crate) faulted_at: Option<Instant>,
    /// When it was first seen that everything has arrived.
    calm_since: Option<Instant>,
    /// When time last moved on, and what has happened since.
    moved_at: Instant,
    idle_events: u32,
}

impl<'a> World<'a> {
    pub(crate) fn new(plan: &'a Plan, keep: usize) -> Self {
        let forwards = plan.hosts.iter().map(HostPlan::routes);
        let hosts = plan.hosts.iter().zip(0..);
        Self {
            plan,
            now: Instant::ZERO,
            moment: 0,
            schedule: Schedule::default(),
            hosts: hosts
                .map(|(host, n)| Host::new(host, plan.seed ^ n << 32))
                .collect(),
            wires: Vec::new(),
            blocks: BTreeSet::new(),
            inside: None,
            truth: Truth::new(forwards.collect()),
            history: History::default(),
            live: Live::default(),
            trace: Trace::new(keep),
            rng: Rng::new(plan.seed, 2),
            breach: None,
            buffer: AlignedBytes::new(),
            is_resting: false,
            faulted_at: None,
            calm_since: None,
            moved_at: Instant::ZERO,
            idle_events: 0,
        }
    }

    /// Runs to the end, or to the first breach.
    pub(crate) fn run(&mut self) {
        for (host, plan) in self.plan.hosts.iter().enumerate() {
            self.schedule.add(plan.start_at, Event::Start(host));
        }
        for (step, planned) in self.plan.steps.iter().enumerate() {
            self.schedule.add(planned.at, Event::Step(step));
        }
        self.schedule.add(self.plan.mended_at, Event::Inspect);
        while self.breach.is_none() && !self.is_resting {
            let Some((at, event)) = self.schedule.next() else {
                break;
            };
            self.now = self.now.max(at);
            self.handle(event);
            self.watch_for_standstill();
        }
        if self.breach.is_none() {
            let found = checks::at_the_end(self);
            found.into_iter().for_each(|breach| self.breach(breach));
        }
    }

    /// Time must go on: what hosts do at one moment comes to an end.
    fn watch_for_standstill(&mut self) {
        if self.moved_at == self.now {
            self.idle_events += 1;
        } else {
            (self.moved_at, self.idle_events) = (self.now, 0);
        }
        if self.idle_events > EVENTS_AT_ONCE_MAX {
            let text = "too much happens at one moment".to_owned();
            self.breach(Breach::new("standstill", text));
        }
    }

    fn handle(&mut self, event: Event) {
        let concerned = match event {
            Event::Readable { wire, side }
            | Event::Writable { wire, side }
            | Event::Linger { wire, side } => Some(self.wires[wire].hosts[side]),
            Event::Accepted { wire } => Some(self.wires[wire].hosts[1]),
            Event::Dial { host, life, .. }
            | Event::Dialled { host, life, .. }
            | Event::Tick { host, life }
            | Event::Consume { host, life }
            | Event::Held { host, life } => {
                if self.hosts[host].life != life || self.hosts[host].node.is_none() {
                    return;
                }
                Some(host)
            }
            Event::Start(_) | Event::Step(_) | Event::Thaw { .. } | Event::Inspect => None,
        };
        if let Some(host) = concerned.filter(|host| self.hosts[*host].is_frozen) {
            self.hosts[host].put_off.push(event);
            return;
        }
        match event {
            Event::Start(host) => self.start(host, false),
            Event::Step(step) => self.step(step),
            Event::Dial { host, dial, .. } => self.dial(host, dial),
            Event::Dialled {
                host,
                dial,
                in_time,
                ..
            } => self.dialled(host, dial, in_time),
            Event::Accepted { wire } => self.accepted(wire),
            Event::Readable { wire, side } => self.readable(wire, side),
            Event::Writable { wire, side } => self.writable(wire, side),
            Event::Linger { wire, side } => self.shut(wire, side),
            Event::Tick { host, life } => self.tick(host, life),
            Event::Consume { host, .. } => self.consume(host),
            Event::Held { host, .. } => {
                self.hosts[host].is_asking = false;
                self.release(host);
            }
            Event::Thaw { host, life } => self.thaw(host, life),
            Event::Inspect => self.inspect(),
        }
    }

    fn step(&mut self, number: usize) {
        let step = &self.plan.steps[number].step;
        // A program that is stopped does nothing.
        if let Some(host) = step.program().filter(|host| self.hosts[*host].is_frozen) {
            return self.hosts[host].put_off.push(Event::Step(number));
        }
        self.note(None, What::Step(step.to_string()));
        match step {
            Step::Subscribe {
                host,
                subscriber,
                filters,
            } => {
                self.subscribe(*host, *subscriber, filters);
            }
            Step::Unsubscribe {
                host,
                subscriber,
                filters,
            } => {
                self.unsubscribe(*host, *subscriber, filters);
            }
            Step::Publish {
                host,
                class,
                topic,
                len,
                count,
                rude,
            } => {
                self.publish_step(*host, (*class, topic, *len), *count, *rude);
            }
            Step::Ask { host, topic } => self.ask(*host, topic),
            Step::Consume { host, consumer } => self.set_consumer(*host, *consumer),
            Step::Move { host } => self.move_away(*host),
            fault => self.go_wrong(fault),
        }
    }

    /// Begins a life.
    fn start(&mut self, host: usize, keep: bool) {
        if self.hosts[host].node.is_some() {
            return;
        }
        let random = self.rng.next();
        let started_us = self.hosts[host].wall(self.now);
        let plan = &self.plan.hosts[host];
        let state = &mut self.hosts[host];
        state.life += 1;
        state.is_dark = false;
        state.has_yielded = false;
        state.started_at = self.now;
        let id = driver::id(plan.name, started_us, random);
        state.lives.push(id.clone());
        state.node = Some(driver::node(id, plan, random));
        let life = state.life;
        let subscriptions = std::mem::take(&mut state.subscriptions);
        let dials = state.dials.len();
        self.note(Some(host), What::Starts(started_us));
        self.schedule.add(self.now, Event::Tick { host, life });
        for dial in 0..dials {
            self.schedule
                .add(self.now, Event::Dial { host, life, dial });
        }
        for rule in &self.plan.hosts[host].rules {
            let state = &mut self.hosts[host];
            let token = state.token();
            state.pending.insert(token, (self.now, Vec::new()));
            if let Some(node) = &mut state.node {
                driver::add_rule(node, rule, token);
            }
        }
        if keep {
            for (subscriber, filters) in subscriptions {
                let filters: Vec<String> = filters.into_iter().collect();
                self.subscribe(host, subscriber, &filters);
            }
        }
    }

    fn tick(&mut self, host: usize, life: u32) {
        let Some(node) = &mut self.hosts[host].node else {
            return;
        };
        node.tick(self.now);
        let next = self.now + node.tick_interval();
        self.schedule.add(next, Event::Tick { host, life });
        self.look_at_names(host);
        self.settle(host, &[]);
    }

    /// A host's link, unless it is gone.
    fn link(&self, host: usize, key: Option<LinkKey>) -> Option<&zeekwire_core::node::Link> {
        self.hosts[host].node.as_ref()?.link(key?)
    }

    fn note(&mut self, host: Option<usize>, what: What) {
        self.trace.note(self.now, host, what);
    }

    pub(crate) fn breach(&mut self, breach: Breach) {
        self.note(None, What::Breach(breach.to_string()));
        self.breach.get_or_insert(breach);
    }

    /// Orders what happens at one time.
    const fn next_moment(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }

    /// Sees anew how a connection stands.
    fn look_at(&mut self, wire: usize) {
        let state = &self.wires[wire];
        let well = |side: usize| {
            let end = &state.ends[side];
            let host = &self.hosts[state.hosts[side]];
            end.up && end.ready && !host.is_frozen && !state.pipes[side].is_stalled()
        };
        let standing = match state.ends.iter().any(|end| end.up) {
            false => Standing::Gone,
            true if well(0) && well(1) => Standing::Sure,
            true => Standing::Unsure,
        };
        self.truth.set(self.now, wire, state.hosts, standing);
    }
}

/// The topic of these bytes, if it is one of those that are published about.
fn topic_of(bytes: &[u8]) -> Option<&'static str> {
    TOPICS.into_iter().find(|topic| topic.as_bytes() == bytes)
}
