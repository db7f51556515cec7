//! What must hold of every run, one file for each claim.

pub(crate) mod accounting;
pub(crate) mod alternation;
pub(crate) mod control;
pub(crate) mod convergence;
pub(crate) mod delivery;
pub(crate) mod intact;
pub(crate) mod memory;
pub(crate) mod once;
pub(crate) mod order;
pub(crate) mod slow;

use std::fmt;

use zeekwire_types::Role;

use crate::driver;
use crate::history::{Delivered, History};
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
        topic: Option<&'static str>,
        payload: &[u8],
    ) -> Result<(), Breach> {
        let sent = &history.sent[delivered.sent];
        self.once.deliver(delivered)?;
        self.order.deliver(sent, delivered)?;
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
    for (host, state) in world.hosts.iter().enumerate() {
        let is_member = world.plan.hosts[host].role == Role::Member;
        if let Some(node) = state.node.as_ref().filter(|_| is_member) {
            let expected = convergence::expected(world, host);
            found.extend(convergence::views(host, &expected, &driver::known(node)));
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
    let missed = delivery::missed(&world.history, &world.truth, news, world.now);
    let mut found = delivery::check(&world.history, &world.truth, &missed, news);
    found.extend(accounting::check(&world.history, &missed));
    found
}
