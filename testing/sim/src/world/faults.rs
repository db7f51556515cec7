//! What goes wrong.

use super::World;
use crate::schedule::Event;
use crate::step::Step;
use crate::trace::What;

impl World<'_> {
    pub(super) fn go_wrong(&mut self, step: &Step) {
        if !matches!(step, Step::Restart { .. } | Step::JumpClock { .. }) {
            self.faulted_at = Some(self.now);
        }
        match step {
            Step::Reset { a, b } => self.reset(*a, *b),
            Step::Block { from, to } => {
                self.blocks.insert((*from, *to));
                self.apply_blocks();
            }
            Step::Unblock { from, to } => {
                self.blocks.remove(&(*from, *to));
                self.apply_blocks();
            }
            Step::Partition { inside } => {
                self.inside = Some(inside.iter().copied().collect());
                self.apply_blocks();
            }
            Step::Heal => {
                self.inside = None;
                self.apply_blocks();
            }
            Step::Crash { host, silently } => self.crash(*host, *silently),
            Step::Restart { host, keep } => self.start(*host, *keep),
            Step::Freeze { host, time } => {
                let state = &mut self.hosts[*host];
                if state.node.is_some() && !state.is_frozen {
                    state.is_frozen = true;
                    let (host, life) = (*host, state.life);
                    self.schedule
                        .add(self.now + *time, Event::Thaw { host, life });
                    self.look_around(host);
                }
            }
            Step::JumpClock { host, ms } => self.hosts[*host].wall_us += ms * 1000,
            Step::Subscribe { .. }
            | Step::Unsubscribe { .. }
            | Step::Publish { .. }
            | Step::Ask { .. }
            | Step::Consume { .. }
            | Step::Move { .. } => {}
        }
    }

    pub(crate) fn is_blocked(&self, from: usize, to: usize) -> bool {
        let apart = |inside: &std::collections::BTreeSet<usize>| {
            inside.contains(&from) != inside.contains(&to)
        };
        self.blocks.contains(&(from, to)) || self.inside.as_ref().is_some_and(apart)
    }

    fn reset(&mut self, a: usize, b: usize) {
        for wire in 0..self.wires.len() {
            let state = &mut self.wires[wire];
            if !state.is_open() || state.hosts != [a, b] && state.hosts != [b, a] {
                continue;
            }
            for side in 0..2 {
                self.wires[wire].pipes[side].reset(self.now);
                self.wires[wire].ends[1 - side].readable_at = None;
                self.expect_bytes(wire, 1 - side);
            }
        }
    }

    fn apply_blocks(&mut self) {
        for wire in 0..self.wires.len() {
            if !self.wires[wire].is_open() {
                continue;
            }
            let hosts = self.wires[wire].hosts;
            for side in 0..2 {
                let blocked = self.is_blocked(hosts[side], hosts[1 - side]);
                // What was held back is sent again some time later.
                let from = self.now + self.rng.millis(0..=200);
                self.wires[wire].pipes[side].stall(blocked, from);
                self.expect_bytes(wire, 1 - side);
            }
            self.look_at(wire);
        }
    }

    fn crash(&mut self, host: usize, silently: bool) {
        if self.hosts[host].node.is_none() {
            return;
        }
        self.history.end_life(self.now, host);
        self.live.end_life(host);
        self.hosts[host].end_life();
        self.hosts[host].is_dark = silently;
        for wire in 0..self.wires.len() {
            let state = &mut self.wires[wire];
            if !state.hosts.contains(&host) || !state.is_open() {
                continue;
            }
            let side = state.side_of(host);
            let end = &mut state.ends[side];
            end.up = false;
            end.ready = false;
            if silently {
                end.open = false;
                state.pipes[0].cut();
                state.pipes[1].cut();
            } else if end.open {
                self.leave(wire, side);
            }
            self.look_at(wire);
        }
    }

    pub(super) fn thaw(&mut self, host: usize, life: u32) {
        let state = &mut self.hosts[host];
        if !state.is_frozen || state.life != life {
            return;
        }
        state.is_frozen = false;
        state.thawed_at = self.now;
        self.faulted_at = Some(self.now);
        // Sockets are looked at before timers.
        let mut events = std::mem::take(&mut self.hosts[host].put_off);
        events.sort_by_key(|event| !matches!(event, Event::Readable { .. }));
        self.note(Some(host), What::Thaws);
        for event in events {
            self.schedule.add(self.now, event);
        }
        self.look_around(host);
    }

    fn look_around(&mut self, host: usize) {
        for wire in 0..self.wires.len() {
            if self.wires[wire].hosts.contains(&host) && self.wires[wire].is_open() {
                self.look_at(wire);
            }
        }
    }
}
