//! A whole run as data, made from a seed: hosts, who connects to whom, and what is done when.

use std::time::Duration;

use zeekwire_core::node::Forwarding;
use zeekwire_core::session::{IncomingLimits, OutgoingLimits, SessionConfig};
use zeekwire_types::{DropPolicy, Instant, Role, TrafficClass};

use crate::pipe::Shape;
use crate::rng::Rng;
use crate::scenario::{Scenario, Trouble};
use crate::step::Step;
use crate::topics::TOPICS;
use crate::topology::Topology;
use crate::{asking, faults, variants, workload};

/// After the last fault is mended, everything is as it should be within this time. It adds up from
/// the defaults: a silent peer is noticed after 5 s, an attempt to connect into silence is given
/// up after 5 s, the next one comes within 5 s, and a member that is missing is missed for 2 s.
pub(crate) const MENDED_WITHIN: Duration = Duration::from_secs(20);
/// The same where nothing went wrong.
const STARTED_WITHIN: Duration = Duration::from_secs(4);
/// Who was refused for its name comes in within this time after the other is gone.
const CLEARED_WITHIN: Duration = Duration::from_secs(10);
/// The time of publishing after that.
const EPILOGUE: Duration = Duration::from_secs(1);

/// One host.
#[derive(Clone, Debug)]
pub(crate) struct HostPlan {
    pub(crate) role: Role,
    pub(crate) start_at: Instant,
    /// Whom it connects to: one link for each entry, to the first host of it that answers.
    pub(crate) dials: Vec<Vec<usize>>,
    pub(crate) session: SessionConfig,
    /// Whether it stops who sends to it rather than drop what it passes on.
    pub(crate) lossless: bool,
    /// The number in its name: mostly its own.
    pub(crate) name: usize,
    /// The part of the cluster that it is in; a border is in none.
    pub(crate) zone: Option<usize>,
    pub(crate) forwarding: Forwarding,
    /// What it passes on as a border.
    pub(crate) rules: Vec<Crossing>,
}

/// A rule of a border.
#[derive(Clone, Debug)]
pub(crate) struct Crossing {
    pub(crate) filter: &'static str,
    /// Parts of the cluster.
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl HostPlan {
    /// Whether it passes on what others publish, by its routes.
    pub(crate) fn routes(&self) -> bool {
        self.role == Role::Member && self.forwarding == Forwarding::Routed
    }
}

/// One step, and which steps make sense only together with it.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) at: Instant,
    pub(crate) group: usize,
    pub(crate) step: Step,
}

/// A run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) scenario: Scenario,
    pub(crate) topology: Topology,
    pub(crate) hosts: Vec<HostPlan>,
    pub(crate) steps: Vec<Planned>,
    groups: usize,
    /// When publishing begins in earnest, and when everything has been mended.
    pub(crate) busy: (Instant, Instant),
    /// When all views must be right.
    pub(crate) mended_at: Instant,
    /// When the last message is published.
    pub(crate) end_at: Instant,
    /// Who consumes slowly, where runs with and without that are compared.
    pub(crate) slow: Option<usize>,
}

impl Plan {
    pub(crate) fn new(seed: u64, scenario: Scenario) -> Self {
        let mut rng = Rng::new(seed, 1);
        let scenario = match scenario {
            Scenario::Any => any(&mut rng),
            other => other,
        };
        let count = host_count(&mut rng, scenario);
        let (topology, mut hosts) = hosts(&mut rng, scenario, count);
        variants::apply(&mut Rng::new(seed, 3), scenario, topology, &mut hosts);
        let start = Instant::ZERO + Duration::from_secs(1);
        let calm = scenario.troubles().is_empty();
        let most = if calm { 3_000 } else { 15_000 };
        let end = start + rng.millis(1_000..=most);
        let mut mended_at = end + if calm { STARTED_WITHIN } else { MENDED_WITHIN };
        if scenario == Scenario::Names {
            mended_at = mended_at + CLEARED_WITHIN;
        }
        let mut plan = Self {
            seed,
            scenario,
            topology,
            hosts,
            steps: Vec::new(),
            groups: 0,
            busy: (start, end),
            mended_at,
            end_at: mended_at + EPILOGUE,
            slow: None,
        };
        match scenario {
            Scenario::Slow => workload::add_slow(&mut plan, &mut rng),
            _ => workload::add(&mut plan, &mut rng),
        }
        match scenario {
            Scenario::Surveys => asking::add_surveys(&mut plan, &mut Rng::new(seed, 4)),
            Scenario::Shares => asking::add_shares(&mut plan, &mut Rng::new(seed, 4)),
            _ => {}
        }
        plan.add_troubles(&mut rng);
        plan.steps.sort_by_key(|planned| planned.at);
        plan
    }

    /// The same with some groups of steps only.
    pub(crate) fn only(&self, groups: &[usize]) -> Self {
        let mut plan = self.clone();
        plan.steps.retain(|planned| groups.contains(&planned.group));
        plan
    }

    /// The groups that its steps belong to.
    pub(crate) fn groups(&self) -> Vec<usize> {
        let mut groups: Vec<usize> = self.steps.iter().map(|planned| planned.group).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// Adds steps that make sense only together.
    pub(crate) fn add(&mut self, steps: Vec<(Instant, Step)>) {
        let group = self.groups;
        self.groups += 1;
        let planned = steps
            .into_iter()
            .map(|(at, step)| Planned { at, group, step });
        self.steps.extend(planned);
    }

    /// How many hosts a host is linked with.
    pub(crate) fn link_count(&self, host: usize) -> usize {
        let dialled = self
            .hosts
            .iter()
            .flat_map(|from| from.dials.iter().flatten());
        let own = self.hosts[host].dials.len();
        own + dialled.filter(|to| **to == host).count()
    }

    fn add_troubles(&mut self, rng: &mut Rng) {
        let troubles = self.scenario.troubles();
        if troubles.is_empty() {
            return;
        }
        let (start, end) = self.busy;
        for _ in 0..rng.size(1..=3 + self.hosts.len() / 4) {
            let trouble = *rng.pick(troubles);
            let span = u64::try_from(end.since(start).as_millis()).unwrap_or(0);
            let at = start + rng.millis(0..=span);
            // Others may not go wrong for lack of clients.
            if trouble != Trouble::Move || !rng.one_in(2) {
                faults::add(self, rng, trouble, at, end);
            }
        }
    }

    /// How two hosts are connected.
    pub(crate) fn shapes(&self, a: usize, b: usize) -> [Shape; 2] {
        let pair = (a.min(b) * 1000 + a.max(b)) as u64;
        let mut rng = Rng::new(self.seed, 1_000_000 + pair);
        let shape = Shape::random(&mut rng);
        [shape, shape]
    }

    /// How long news takes at most to be known everywhere while nothing goes wrong.
    pub(crate) fn news_within(&self) -> Duration {
        let mut slowest = Duration::ZERO;
        for (host, of) in self.hosts.iter().enumerate() {
            for to in of.dials.iter().flatten() {
                slowest = slowest.max(self.shapes(host, *to)[0].latency_max());
            }
        }
        let hops = u32::try_from(self.hosts.len()).unwrap_or(64).min(34);
        Duration::from_millis(500) + slowest * hops * 2
    }
}

fn any(rng: &mut Rng) -> Scenario {
    match rng.within(0..=25) {
        0 => Scenario::Calm,
        1 => Scenario::Cuts,
        2 => Scenario::Silence,
        3 => Scenario::Partition,
        4 => Scenario::Crash,
        5 => Scenario::Freeze,
        6 => Scenario::Overload,
        7 => Scenario::Slow,
        8 => Scenario::Clients,
        9 => Scenario::Control,
        10 => Scenario::Clock,
        11 if rng.one_in(2) => Scenario::Large,
        12 => Scenario::Names,
        13 => Scenario::Borders,
        14 => Scenario::Losses,
        15 => Scenario::LossesCut,
        16 => Scenario::Surveys,
        17 => Scenario::Shares,
        _ => Scenario::Any,
    }
}

fn host_count(rng: &mut Rng, scenario: Scenario) -> usize {
    match (scenario, rng.within(0..=99)) {
        (Scenario::Large, _) => rng.size(33..=64),
        (Scenario::Slow, _) => rng.size(3..=8),
        (Scenario::Names, _) => rng.size(3..=10),
        (Scenario::Borders, _) => rng.size(6..=14),
        (Scenario::Losses | Scenario::LossesCut, _) => rng.size(2..=TOPICS.len()),
        (_, 0..=69) => rng.size(2..=6),
        (_, 70..=94) => rng.size(7..=16),
        _ => rng.size(17..=32),
    }
}

fn hosts(rng: &mut Rng, scenario: Scenario, count: usize) -> (Topology, Vec<HostPlan>) {
    let clients = match scenario {
        Scenario::Clients => count / 2,
        Scenario::Names | Scenario::Borders => 0,
        _ if rng.one_in(3) => rng.size(0..=count / 2),
        _ => 0,
    };
    let members = (count - clients).max(2).min(count);
    let topology = *rng.pick(&Topology::ALL);
    let session = session(rng, scenario);
    let lossless = scenario != Scenario::Slow && rng.one_in(8);
    let mut hosts = Vec::with_capacity(count);
    for host in 0..count {
        let mut session = session;
        session.outgoing.policy = policy(rng, scenario);
        hosts.push(HostPlan {
            role: if host < members {
                Role::Member
            } else {
                Role::Client
            },
            start_at: Instant::ZERO + rng.millis(0..=400),
            dials: Vec::new(),
            session,
            lossless,
            name: host,
            zone: Some(0),
            forwarding: Forwarding::Routed,
            rules: Vec::new(),
        });
    }
    for (from, to) in topology.dials(rng, members) {
        hosts[from].dials.push(vec![to]);
    }
    for client in &mut hosts[members..] {
        let mut known: Vec<usize> = (0..members).collect();
        rng.shuffle(&mut known);
        known.truncate(rng.size(1..=3));
        client.dials.push(known);
    }
    (topology, hosts)
}

fn policy(rng: &mut Rng, scenario: Scenario) -> DropPolicy {
    if scenario == Scenario::Slow {
        return DropPolicy::Block;
    }
    let ends = !matches!(scenario, Scenario::Losses | Scenario::LossesCut);
    match rng.within(0..=9) {
        0 => DropPolicy::DropOldest,
        1 => DropPolicy::DropNewest,
        2 if ends => DropPolicy::Disconnect,
        _ => DropPolicy::Block,
    }
}

fn session(rng: &mut Rng, scenario: Scenario) -> SessionConfig {
    let mut outgoing = OutgoingLimits::default();
    let mut incoming = IncomingLimits::default();
    let tight = scenario.overloads() || rng.one_in(5);
    if tight && scenario != Scenario::Slow {
        let budget = rng.size(20_000..=1_000_000);
        outgoing.budget_bytes[1..].fill(budget);
        incoming.window_bytes[1..].fill(rng.within(64 * 1024..=512 * 1024));
    }
    if scenario == Scenario::Slow {
        outgoing.budget_bytes[1..].fill(1_000_000);
        incoming.window_bytes[1..].fill(256 * 1024);
    }
    if scenario == Scenario::Control {
        // Its own greeting and the state of the cluster must fit.
        outgoing.budget_bytes[TrafficClass::Control.index()] = rng.size(40_000..=200_000);
    }
    SessionConfig {
        outgoing,
        incoming,
        ..SessionConfig::default()
    }
}
