//! From what nodes have waiting to bytes on their way.

use std::io::IoSlice;
use std::time::Duration;

use zeekwire_core::Node;
use zeekwire_core::node::LinkKey;
use zeekwire_core::session::WRITE_SLICE_COUNT_MAX;
use zeekwire_types::TrafficClass;

use super::World;
use crate::checks::{control, memory};
use crate::driver;
use crate::history::Dropped;
use crate::schedule::Event;
use crate::trace::What;

/// A socket that took part of a write is asked again after this time.
const SHORT_WRITE: Duration = Duration::from_micros(20);

impl World<'_> {
    /// Writes what a host has and does what its node asks, until there is nothing left.
    pub(super) fn settle(&mut self, host: usize, source: &[u8]) {
        self.flush(host, source);
        while self.hosts[host].is_relaxed && self.breach.is_none() {
            self.hosts[host].is_relaxed = false;
            self.give_back(host);
            self.release(host);
            self.flush(host, &[]);
        }
    }

    pub(super) fn flush(&mut self, host: usize, source: &[u8]) {
        let mut dirty = Vec::new();
        while self.breach.is_none() {
            let Some(node) = &mut self.hosts[host].node else {
                return;
            };
            // What is staged must go out before anything else is published.
            node.take_dirty(&mut dirty);
            if dirty.is_empty() {
                match node.poll_output() {
                    Some(output) => self.obey(host, output),
                    None => return,
                }
                continue;
            }
            dirty.sort_unstable();
            dirty.dedup();
            for key in dirty.drain(..) {
                self.write(host, key, source);
            }
        }
    }

    pub(super) fn write(&mut self, host: usize, key: LinkKey, source: &[u8]) {
        let state = &mut self.hosts[host];
        let Some(&wire) = state.wires.get(&key) else {
            return;
        };
        let Some(link) = state.node.as_mut().and_then(|node| node.link_mut(key)) else {
            return;
        };
        let side = self.wires[wire].side_of(host);
        if !self.wires[wire].ends[side].open {
            return;
        }
        let pipe = &mut self.wires[wire].pipes[side];
        let outgoing = &mut link.session.outgoing;
        let mut wrote = 0;
        if outgoing.staged_bytes() > 0 {
            let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
            let count = outgoing.staged_slices(source, &mut slices);
            let asked: usize = slices[..count].iter().map(|slice| slice.len()).sum();
            let taken = pipe.write(self.now, &mut self.rng, &slices[..count]);
            wrote += taken;
            outgoing.set_writable(taken == asked);
            outgoing.staged_written(source, taken);
        }
        while outgoing.is_writable() {
            let planned = outgoing.plan_write();
            if planned == 0 {
                break;
            }
            let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
            let count = outgoing.plan_slices(&mut slices);
            let taken = pipe.write(self.now, &mut self.rng, &slices[..count]);
            wrote += taken;
            outgoing.set_writable(taken == planned);
            outgoing.plan_written(taken);
        }
        if wrote > 0 {
            link.wrote(self.now);
        }
        let flushed = link.session.outgoing.is_idle();
        if let Some(node) = &mut self.hosts[host].node {
            node.relax(self.now, key);
        }
        self.look_into(host, key);
        self.wake_writer(wire, side);
        if self.wires[wire].ends[side].closing && flushed {
            self.shut(wire, side);
        } else {
            self.expect_bytes(wire, 1 - side);
        }
    }

    /// Makes sure that a side that found its socket full writes on when there is room.
    pub(super) fn wake_writer(&mut self, wire: usize, side: usize) {
        let state = &mut self.wires[wire];
        let (pipe, end) = (&state.pipes[side], &mut state.ends[side]);
        if pipe.blocked && pipe.has_room() && end.open && !end.is_writable_due {
            end.is_writable_due = true;
            let at = self.now + SHORT_WRITE;
            self.schedule.add(at, Event::Writable { wire, side });
        }
    }

    pub(super) fn writable(&mut self, wire: usize, side: usize) {
        let end = &mut self.wires[wire].ends[side];
        end.is_writable_due = false;
        let Some(key) = end.key.filter(|_| end.open) else {
            return;
        };
        let host = self.wires[wire].hosts[side];
        let node = self.hosts[host].node.as_mut();
        if let Some(link) = node.and_then(|node| node.link_mut(key)) {
            link.session.outgoing.set_writable(true);
            self.write(host, key, &[]);
            self.settle(host, &[]);
        }
    }

    /// Looks at what a link holds.
    fn look_into(&mut self, host: usize, key: LinkKey) {
        let Some(link) = self.link(host, Some(key)) else {
            return;
        };
        // Who never drops what it passes on holds what its peers had credit for.
        let plan = &self.plan.hosts[host];
        let more = if plan.lossless {
            let links = self.hosts[host].node.iter().flat_map(Node::links).count();
            links * memory::under_way(&plan.session.incoming)
        } else {
            0
        };
        if let Err(breach) = memory::check(link, more).and_then(|()| control::check(link)) {
            self.breach(breach);
        }
    }

    /// Takes note of what a host dropped.
    pub(super) fn note_drops(&mut self, host: usize) {
        for class in TrafficClass::ALL {
            let state = &mut self.hosts[host];
            let Some(node) = &state.node else {
                return;
            };
            let counted = driver::drops(node, class);
            let before = std::mem::replace(&mut state.drops[class.index()], counted);
            let messages = counted.saturating_sub(before);
            if messages > 0 {
                if self.plan.scenario.has_own_topics() {
                    self.note_topics(host, class, messages);
                }
                let at = self.now;
                self.note(Some(host), What::Dropped(class, messages));
                self.history.dropped.push(Dropped {
                    at,
                    host,
                    class,
                    messages,
                });
            }
        }
    }

    /// Takes note of whose messages were dropped.
    fn note_topics(&mut self, host: usize, class: TrafficClass, messages: u64) {
        let state = &mut self.hosts[host];
        let Some(node) = &state.node else {
            return;
        };
        let mut told = 0;
        for (place, counted) in driver::topic_drops(node) {
            let lost = self.history.topic_lost.entry(place.1.clone()).or_default();
            let before = state.topic_drops.insert(place, counted).unwrap_or(0);
            let new = counted.saturating_sub(before);
            *lost += new;
            told += new;
        }
        self.history.untold_lost[class.index()] += messages.saturating_sub(told);
    }
}
