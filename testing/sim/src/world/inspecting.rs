//! Looking whether everything is as it should be, and has arrived.

use std::time::Duration;

use super::World;
use crate::checks::{self, Breach};
use crate::host::Host;
use crate::schedule::Event;
use crate::wire::Wire;

/// Once all was published, everything arrives within this time.
const REST_WITHIN: Duration = Duration::from_secs(120);
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
        self.is_resting = self.is_calm();
        if self.is_resting {
            return;
        }
        if self.now >= self.plan.end_at + REST_WITHIN {
            let text = "not everything arrives in the end".to_owned();
            self.breach(Breach::new("rest", text));
        }
        self.schedule.add(self.now + REST_CHECK, Event::Inspect);
    }

    fn is_calm(&self) -> bool {
        let waits = |host: &Host| !host.backlog.is_empty() || !host.inbox.unfinished.is_empty();
        let busy = |wire: &Wire| {
            (0..2).any(|side| {
                let idle = self
                    .link(wire.hosts[side], wire.ends[side].key)
                    .is_none_or(|link| link.session.outgoing.is_idle());
                let pipe = &wire.pipes[side];
                wire.ends[side].open && !pipe.is_stalled() && !(idle && pipe.is_empty())
            })
        };
        !self.hosts.iter().any(waits) && !self.wires.iter().any(busy)
    }
}
