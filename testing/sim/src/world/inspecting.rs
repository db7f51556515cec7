//! Looking whether everything is as it should be, and has arrived.

use std::time::Duration;

use super::World;
use crate::checks::{self, Breach};
use crate::host::Host;
use crate::schedule::Event;
use crate::wire::Wire;

/// Once all was published, everything arrives within this time.
const REST_WITHIN: Duration = Duration::from_secs(120);
/// What was lost is reported within this time.
const REPORTED_WITHIN: Duration = Duration::from_secs(3);
/// How often it is looked whether everything has arrived.
const REST_CHECK: Duration = Duration::from_millis(200);

impl World<'_> {
    /// Everything should be as it should be; and later, everything should have arrived.
    pub(super) fn inspect(&mut self) {
        if self.now == self.plan.mended_at {
            let found = checks::when_mended(self);
            found.into_iter().for_each(|breach| self.breach(breach));
            self.schedule.add(self.plan.end_at, Event::Inspect);
            return;
        }
        if self.calm_since.is_none() && self.waits().is_none() {
            self.calm_since = Some(self.now);
        }
        let reports = self.plan.scenario.has_own_topics();
        let rest = if reports {
            REPORTED_WITHIN
        } else {
            Duration::ZERO
        };
        self.is_resting = self
            .calm_since
            .is_some_and(|since| self.now >= since + rest);
        if self.is_resting {
            return;
        }
        if self.now >= self.plan.end_at + REST_WITHIN {
            let place = self.waits().unwrap_or_default();
            let text = format!("not everything arrives in the end: something waits {place}");
            self.breach(Breach::new("rest", text));
        }
        self.schedule.add(self.now + REST_CHECK, Event::Inspect);
    }

    /// Where something waits still, in words.
    fn waits(&self) -> Option<String> {
        let waits = |host: &Host| !host.backlog.is_empty() || !host.inbox.unfinished.is_empty();
        if let Some(host) = self.hosts.iter().position(waits) {
            return Some(format!("in n{host}"));
        }
        let busy = |wire: &Wire| {
            (0..2).find(|side| {
                let idle = self
                    .link(wire.hosts[*side], wire.ends[*side].key)
                    .is_none_or(|link| link.session.outgoing.is_idle());
                let pipe = &wire.pipes[*side];
                wire.ends[*side].open && !pipe.is_stalled() && !(idle && pipe.is_empty())
            })
        };
        let mut wires = self.wires.iter().enumerate();
        wires.find_map(|(wire, state)| {
            let from = state.hosts[busy(state)?];
            Some(format!("in w{wire}, from n{from}"))
        })
    }
}
