//! Ends of connections.

use super::World;
use crate::trace::What;

impl World<'_> {
    /// Closes a side's socket: the other side reads what was written, then the end.
    pub(super) fn shut(&mut self, wire: usize, side: usize) {
        if self.wires[wire].ends[side].open {
            let host = self.wires[wire].hosts[side];
            self.lose(wire, side);
            self.settle(host, &[]);
        }
    }

    /// A side's connection is gone.
    pub(super) fn lose(&mut self, wire: usize, side: usize) {
        let [host, peer] = [side, 1 - side].map(|side| self.wires[wire].hosts[side]);
        self.note(Some(host), What::Gone(wire, peer));
        self.leave(wire, side);
        let key = self.wires[wire].ends[side].key;
        if let (Some(node), Some(key)) = (&mut self.hosts[host].node, key) {
            node.link_lost(key);
        }
    }

    /// The kernel's half of it: what the other side still writes goes nowhere.
    pub(super) fn leave(&mut self, wire: usize, side: usize) {
        let state = &mut self.wires[wire];
        state.ends[side].open = false;
        state.ends[side].partial = Vec::new();
        state.pipes[1 - side].cut();
        state.pipes[side].close(self.now);
        self.expect_bytes(wire, 1 - side);
    }
}
