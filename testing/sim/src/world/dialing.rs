//! Connecting, and connecting again.

use std::time::Duration;

use super::World;
use crate::driver;
use crate::pipe::Pipe;
use crate::schedule::Event;
use crate::trace::What;
use crate::wire::{End, Wire};

/// An address that does not answer is given up after this time.
const DIAL_TIMEOUT: Duration = Duration::from_secs(5);

impl World<'_> {
    pub(super) fn dial(&mut self, host: usize, dial: usize) {
        let state = &self.hosts[host].dials[dial];
        if state.wire.is_some() || self.hosts[host].has_yielded {
            return;
        }
        let to = state.targets[state.at % state.targets.len()];
        self.note(Some(host), What::Dials(to));
        let in_time = self.is_reached(host, to);
        let wait = if in_time {
            2 * self.plan.shapes(host, to)[0].delay
        } else {
            DIAL_TIMEOUT
        };
        let life = self.hosts[host].life;
        let event = Event::Dialled {
            host,
            life,
            dial,
            in_time,
        };
        self.schedule.add(self.now + wait, event);
    }

    fn is_reached(&self, from: usize, to: usize) -> bool {
        !self.is_blocked(from, to) && !self.is_blocked(to, from) && !self.hosts[to].is_dark
    }

    pub(super) fn dialled(&mut self, host: usize, dial: usize, in_time: bool) {
        let state = &self.hosts[host].dials[dial];
        let to = state.targets[state.at % state.targets.len()];
        if !in_time {
            return self.dial_failed(host, dial, to, "no answer");
        }
        if !self.is_reached(host, to) {
            let life = self.hosts[host].life;
            let event = Event::Dialled {
                host,
                life,
                dial,
                in_time: false,
            };
            return self.schedule.add(self.now + DIAL_TIMEOUT, event);
        }
        if self.hosts[to].node.is_none() {
            return self.dial_failed(host, dial, to, "nobody listens");
        }
        let wire = self.wires.len();
        let shapes = self.plan.shapes(host, to);
        let open = || End {
            open: true,
            ..End::default()
        };
        self.wires.push(Wire {
            hosts: [host, to],
            ends: [open(), open()],
            pipes: shapes.map(Pipe::new),
            dial,
        });
        self.hosts[host].dials[dial].wire = Some(wire);
        self.open(wire, 0);
        self.schedule
            .add(self.now + shapes[0].delay, Event::Accepted { wire });
    }

    fn dial_failed(&mut self, host: usize, dial: usize, to: usize, why: &'static str) {
        self.note(Some(host), What::DialFailed(to, why));
        self.dial_later(host, dial);
    }

    /// Dials the next address some time later.
    pub(super) fn dial_later(&mut self, host: usize, dial: usize) {
        let state = &mut self.hosts[host];
        let life = state.life;
        let known = &mut state.dials[dial];
        known.wire = None;
        known.at += 1;
        if let Some(delay) = known.backoff.next_delay() {
            self.schedule
                .add(self.now + delay, Event::Dial { host, life, dial });
        }
    }

    pub(super) fn accepted(&mut self, wire: usize) {
        if self.wires[wire].ends[1].open && self.wires[wire].ends[1].key.is_none() {
            self.open(wire, 1);
            self.expect_bytes(wire, 1);
        }
    }

    fn open(&mut self, wire: usize, side: usize) {
        let [host, peer] = [side, 1 - side].map(|side| self.wires[wire].hosts[side]);
        let state = &mut self.hosts[host];
        let Some(node) = &mut state.node else {
            return;
        };
        let config = driver::link(side == 0, &self.plan.hosts[peer]);
        let key = node.open_link(self.now, config);
        state.wires.insert(key, wire);
        self.wires[wire].ends[side].key = Some(key);
        self.note(Some(host), What::Connected(wire, peer));
        self.settle(host, &[]);
    }

    /// A client leaves its member for the next that it knows.
    pub(super) fn move_away(&mut self, host: usize) {
        let wire = self.hosts[host].dials.first().and_then(|dial| dial.wire);
        let key = wire.and_then(|wire| self.wires[wire].ends[0].key);
        if let (Some(node), Some(key)) = (&mut self.hosts[host].node, key) {
            node.close_link(key, zeekwire_core::wire::Reason::Closed, "");
            self.settle(host, &[]);
        }
    }
}
