//! What must hold of every run, one file for each claim.

pub(crate) mod accounting;
pub(crate) mod alternation;
pub(crate) mod control;
pub(crate) mod convergence;
pub(crate) mod crossing;
pub(crate) mod delivery;
pub(crate) mod intact;
pub(crate) mod losses;
pub(crate) mod memory;
pub(crate) mod names;
pub(crate) mod once;
pub(crate) mod order;
pub(crate) mod shares;
pub(crate) mod slow;
pub(crate) mod surveys;

use std::fmt;

use zeekwire_types::Role;

use crate::driver;
use crate::history::{Delivered, History};
use crate::plan::HostPlan;
use crate::world::World;

/// Something that must not be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Breach {
    /// Which claim is broken.
    pub(crate) check: &'static str,
    text: String,
}

impl Breach {
    pub(crate) const fn new(check: &'static str, text: String) -> Self {
        Self { check, text }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.text)
    }
}

/// Checks that watch each delivery as it comes.
#[derive(Debug, Default)]
pub(crate) struct Live {
    once: once::Once,
    order: order::Order,
    pub(crate) alternation: alternation::Alternation,
}

impl Live {
    /// Looks at a delivery that is not part of the history yet.
    pub(crate) fn deliver(
        &mut self,
        history: &History,
        delivered: &Delivered,
        hosts: &[HostPlan],
        (topic, payload): (Option<&'static str>, &[u8]),
    ) -> Result<(), Breach> {
        let sent = &history.sent[delivered.sent];
        self.once.deliver(delivered)?;
        self.order.deliver(sent, delivered)?;
        crossing::check(hosts, sent, delivered.host)?;
        intact::check(history, delivered, topic, payload)
    }

    /// A host's life ended.
    pub(crate) fn end_life(&mut self, host: usize) {
        self.once.end_life(host);
        self.order.end_life(host);
        self.alternation.end_life(host);
    }
}

/// What must hold some time after everything was mended.
pub(crate) fn when_mended(world: &World<'_>) -> Vec<Breach> {
    let mut found = convergence::links(world);
    found.extend(names::alone(&world.plan.hosts, &world.truth));
    for (host, state) in world.hosts.iter().enumerate() {
        let is_member = world.plan.hosts[host].role == Role::Member && !state.has_yielded;
        if let Some(node) = state.node.as_ref().filter(|_| is_member) {
            let expected = convergence::expected(world, host);
            found.extend(convergence::views(host, &expected, &driver::known(node)));
            let (near, up) = (convergence::near(world, host), driver::up(node));
            if !world.plan.hosts[host].routes() {
                found.extend(crossing::knows(host, &near, &up));
            }
        }
    }
    for (host, state) in world.hosts.iter().enumerate() {
        found.extend(control::completed(host, &state.pending, world.plan.busy.1));
    }
    found
}

/// What must hold of the whole history.
pub(crate) fn at_the_end(world: &World<'_>) -> Vec<Breach> {
    let plan = world.plan;
    let news = plan.news_within();
    let (history, truth) = (&world.history, &world.truth);
    let mut missed = match crossing::has_detours(&plan.hosts) {
        true => Vec::new(),
        false => delivery::missed(history, truth, news, world.now),
    };
    // Who shares a name is heard for certain once only one of them is there.
    missed.retain(|missed| {
        let sent = &history.sent[missed.sent];
        if crossing::enters_often(&plan.hosts, sent.host, missed.host) {
            return false;
        }
        let is_alone = !names::is_shared(&plan.hosts, sent.host);
        is_alone || sent.at >= plan.mended_at
    });
    let mut found = delivery::check(history, truth, &missed, news);
    found.extend(accounting::check(history, &missed));
    found.extend(surveys::check(history, truth, news, world.now));
    let routes: Vec<bool> = plan.hosts.iter().map(HostPlan::routes).collect();
    found.extend(shares::check(history, truth, &routes, news, world.now));
    found.extend(crossing::missing(
        &plan.hosts,
        history,
        truth,
        (news, world.now),
    ));
    if plan.scenario.has_own_topics() {
        found.extend(losses::check(world));
    }
    found
}
