//! Who has confirmed which version of this node's record, and who waits for that.

use std::collections::BTreeMap;

use zeekwire_types::{Instant, NodeId};

/// Who waits for a version to be effective everywhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Waiter<L> {
    /// This node's driver, by its token.
    Driver(u64),
    /// An attached peer, by its link and token.
    Peer(L, u64),
}

/// Versions of this node's record that others confirmed.
#[derive(Debug)]
pub(crate) struct Confirmations<L> {
    confirmed: BTreeMap<NodeId, u64>,
    waiting: BTreeMap<u64, Vec<Waiter<L>>>,
    asked_at: Instant,
}

impl<L: Copy + PartialEq> Confirmations<L> {
    pub(crate) const fn new() -> Self {
        Self {
            confirmed: BTreeMap::new(),
            waiting: BTreeMap::new(),
            asked_at: Instant::ZERO,
        }
    }

    /// Waits for a version.
    pub(crate) fn wait(&mut self, now: Instant, version: u64, waiter: Waiter<L>) {
        if self.waiting.is_empty() {
            self.asked_at = now;
        }
        self.waiting.entry(version).or_default().push(waiter);
    }

    /// A member has this version of our record.
    pub(crate) fn confirm(&mut self, from: &NodeId, version: u64) {
        match self.confirmed.get_mut(from) {
            Some(known) => *known = version.max(*known),
            None => drop(self.confirmed.insert(from.clone(), version)),
        }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.values().map(Vec::len).sum()
    }

    /// Whether anybody waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes those whose version is effective at all of `members`.
    pub(crate) fn take_done<'a>(
        &mut self,
        members: impl Iterator<Item = &'a NodeId>,
    ) -> Vec<Waiter<L>> {
        let versions = members.map(|id| self.confirmed.get(id).copied().unwrap_or(0));
        let everywhere = versions.min().unwrap_or(u64::MAX);
        let later = match everywhere.checked_add(1) {
            Some(next) => self.waiting.split_off(&next),
            None => BTreeMap::new(),
        };
        let done = std::mem::replace(&mut self.waiting, later);
        done.into_values().flatten().collect()
    }

    /// Whom to ask, and for which version: those of `members` that have not confirmed what was
    /// waited for since `every` ago.
    pub(crate) fn take_questions<'a>(
        &mut self,
        now: Instant,
        every: std::time::Duration,
        members: impl Iterator<Item = &'a NodeId>,
    ) -> Vec<(NodeId, u64)> {
        let Some((&version, _)) = self.waiting.last_key_value() else {
            return Vec::new();
        };
        if now.since(self.asked_at) < every {
            return Vec::new();
        }
        self.asked_at = now;
        members
            .filter(|id| self.confirmed.get(id).is_none_or(|known| *known < version))
            .map(|id| (id.clone(), version))
            .collect()
    }

    /// Forgets members that `keep` does not name.
    pub(crate) fn retain(&mut self, keep: impl Fn(&NodeId) -> bool) {
        self.confirmed.retain(|id, _| keep(id));
    }

    /// A peer waits no longer: it is gone.
    pub(crate) fn forget_link(&mut self, link: L) {
        for waiters in self.waiting.values_mut() {
            waiters.retain(|waiter| !matches!(waiter, Waiter::Peer(of, _) if *of == link));
        }
        self.waiting.retain(|_, waiters| !waiters.is_empty());
    }
}
