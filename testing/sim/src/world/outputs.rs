//! Doing what a node asks for.

use std::time::Duration;

use zeekwire_core::node::{LinkEnd, LinkKey, Output};
use zeekwire_types::NodeId;

use super::World;
use crate::checks::{Breach, alternation, crossing};
use crate::driver::{self, Told};
use crate::schedule::Event;
use crate::trace::What;

/// The time for which a closing side waits until what it said is out.
const LINGER: Duration = Duration::from_millis(500);

impl World<'_> {
    pub(super) fn obey(&mut self, host: usize, output: Output) {
        match driver::told(output) {
            Told::Decide(key) => {
                if let Some(node) = &mut self.hosts[host].node {
                    node.decide(key, Ok(()));
                }
            }
            Told::Up(key) => self.link_up(host, key),
            Told::Ready(key) => self.link_ready(host, key),
            Told::Close(key, end) => self.close(host, key, &end),
            Told::Completed(token) => {
                self.note(Some(host), What::Completed(token));
                let moment = self.next_moment();
                match self.hosts[host].pending.remove(&token) {
                    Some((_, ids)) => self.history.complete((self.now, moment), &ids),
                    None => {
                        let text = format!("n{host}: token {token} completes once more");
                        self.breach(Breach::new("completion", text));
                    }
                }
            }
            Told::Relaxed => self.hosts[host].is_relaxed = true,
            Told::NodeUp(node) => self.node_up(host, &node),
            Told::NodeDown(node) => self.node_down(host, &node),
            Told::Yielded(node) => self.yielded(host, &node),
            Told::Other => {}
        }
    }

    fn node_up(&mut self, observer: usize, node: &NodeId) {
        self.note(Some(observer), What::NodeUp(node.to_string()));
        let Some((host, life)) = self.life_of(node) else {
            let text = format!("n{observer}: {node} is up, and never lived");
            return self.breach(Breach::new("alternation", text));
        };
        if self.plan.hosts[host].name == self.plan.hosts[observer].name {
            let text = format!("n{observer} is told that {node} is up, which has its own name");
            return self.breach(Breach::new("alternation", text));
        }
        if let Err(breach) = crossing::sees(&self.plan.hosts, observer, host) {
            return self.breach(breach);
        }
        let span = (self.now - self.plan.news_within(), self.now);
        // Whoever tells of it must have been in a position to know.
        let tellers = self.truth.linked(observer);
        let well_known =
            |near: &usize| *near == host || self.truth.is_connected(*near, host, span.0, span.1);
        // Who has just woken up reads what was said before it was given up.
        let awake = self.hosts[observer].thawed_at <= span.0;
        let since = match awake && tellers.iter().all(well_known) {
            true => span.0,
            false => zeekwire_types::Instant::ZERO,
        };
        let known = self.hosts[observer].node.as_ref();
        let known = known.map(|node_of| driver::filters_of(node_of, node));
        let (name, number) = (self.plan.hosts[host].name, self.number_of(node));
        let verdict = self.live.alternation.up(observer, name, number);
        // What a border asks for is said by those that it is attached to.
        let verdict = match self.plan.hosts[host].routes() && self.plan.hosts[observer].routes() {
            false => verdict,
            true => verdict.and_then(|()| {
                let known = known.unwrap_or_default();
                alternation::effective(&self.history, (host, life), since, observer, &known)
            }),
        };
        verdict
            .err()
            .into_iter()
            .for_each(|breach| self.breach(breach));
    }

    fn node_down(&mut self, observer: usize, node: &NodeId) {
        self.note(Some(observer), What::NodeDown(node.to_string()));
        let Some((host, life)) = self.life_of(node) else {
            return;
        };
        let (name, number) = (self.plan.hosts[host].name, self.number_of(node));
        let mut verdict = self.live.alternation.down(observer, name, number);
        // Who does not route knows nothing of other ways.
        let routes = self.plan.hosts[observer].routes();
        let is_alone = routes && self.rivals(host).next().is_none();
        if verdict.is_ok() && is_alone && self.hosts[host].life == life {
            let (pair, news) = ((observer, host), self.plan.news_within());
            verdict = alternation::excuse(&self.truth, pair, self.now, driver::GRACE, news);
        }
        verdict
            .err()
            .into_iter()
            .for_each(|breach| self.breach(breach));
    }

    fn place(&self, host: usize, key: LinkKey) -> Option<(usize, usize, usize)> {
        let wire = *self.hosts[host].wires.get(&key)?;
        let side = self.wires[wire].side_of(host);
        Some((wire, side, self.wires[wire].hosts[1 - side]))
    }

    fn link_up(&mut self, host: usize, key: LinkKey) {
        let Some((wire, side, peer)) = self.place(host, key) else {
            return;
        };
        self.note(Some(host), What::Up(wire, peer));
        self.wires[wire].ends[side].up = true;
        if side == 0 {
            let dial = self.wires[wire].dial;
            self.hosts[host].dials[dial].backoff.reset();
        } else {
            self.look_at_admission(host, peer);
        }
        self.look_at(wire);
    }

    fn link_ready(&mut self, host: usize, key: LinkKey) {
        let Some((wire, side, peer)) = self.place(host, key) else {
            return;
        };
        self.note(Some(host), What::Ready(wire, peer));
        self.wires[wire].ends[side].ready = true;
        self.look_at(wire);
    }

    /// The node is done with a link: the socket closes, and whoever dialled dials again.
    fn close(&mut self, host: usize, key: LinkKey, end: &LinkEnd) {
        let Some((wire, side, peer)) = self.place(host, key) else {
            return;
        };
        self.note(Some(host), What::Closes(wire, peer, end.to_string()));
        // Nobody here breaks the protocol, and no byte is damaged.
        if let LinkEnd::Fault(_) | LinkEnd::Preamble(_) = end {
            let text = format!("n{host} says of n{peer}: {end}");
            self.breach(Breach::new("fault", text));
        }
        if let LinkEnd::RefusedPeer(why) = end {
            self.look_at_refusal(host, peer, why.reason);
        }
        let state = &mut self.wires[wire].ends[side];
        state.up = false;
        state.ready = false;
        let open = state.open;
        self.look_at(wire);
        self.note_drops(host);
        if side == 0 {
            let dial = self.wires[wire].dial;
            self.dial_later(host, dial);
        }
        if open {
            let is_closing = self
                .link(host, Some(key))
                .is_some_and(|link| link.session.is_closing());
            let state = &mut self.wires[wire].ends[side];
            state.closing = true;
            // What waits may need the peer's credit to go out.
            state.deaf |= !is_closing;
            self.schedule
                .add(self.now + LINGER, Event::Linger { wire, side });
            self.write(host, key, &[]);
        }
    }
}
