//! Who has which name.

use zeekwire_core::wire::Reason;
use zeekwire_types::{Incarnation, NodeId};

use super::World;
use crate::checks::{Breach, names};
use crate::driver;
use crate::trace::What;

impl World<'_> {
    /// Which life of which host has this identity.
    pub(super) fn life_of(&self, id: &NodeId) -> Option<(usize, u32)> {
        self.who(id.name.as_str(), id.incarnation)
    }

    /// Which life of which host has this name and incarnation.
    pub(super) fn who(&self, name: &str, incarnation: Incarnation) -> Option<(usize, u32)> {
        let name = driver::host_of(name)?;
        let hosts = self.hosts.iter().enumerate();
        let mut named = hosts.filter(|(host, _)| self.plan.hosts[*host].name == name);
        named.find_map(|(host, state)| {
            let mut lives = state.lives.iter();
            let life = lives.position(|id| id.incarnation == incarnation)?;
            Some((host, u32::try_from(life + 1).ok()?))
        })
    }

    /// Tells lives of one name apart.
    pub(super) fn number_of(&self, id: &NodeId) -> u32 {
        let (host, life) = self.life_of(id).unwrap_or_default();
        u32::try_from(host).unwrap_or(0) << 16 | life
    }

    /// Other hosts with the name of this one.
    pub(super) fn rivals(&self, host: usize) -> impl Iterator<Item = usize> {
        names::rivals(&self.plan.hosts, host)
    }

    /// A node has given way to another of its name.
    pub(super) fn yielded(&mut self, host: usize, to: &NodeId) {
        self.note(Some(host), What::Yielded(to.to_string()));
        self.hosts[host].has_yielded = true;
        let Some((other, _)) = self.life_of(to).filter(|(other, _)| *other != host) else {
            let text = format!("n{host} yields to {to}, which is no other host");
            return self.breach(Breach::new("yield", text));
        };
        let Some(own) = self.hosts[host].lives.last() else {
            return;
        };
        let started_at = self.hosts[other].started_at;
        let frozen = self.hosts.iter().any(|host| host.is_frozen);
        let is_faulty = frozen || !self.blocks.is_empty() || self.inside.is_some();
        let faulted_at = match is_faulty {
            true => Some(self.now),
            false => self.faulted_at,
        };
        let verdict = names::yields((own, to), started_at, faulted_at);
        verdict
            .err()
            .into_iter()
            .for_each(|breach| self.breach(breach));
    }

    /// Two of one name must not stay together.
    pub(super) fn look_at_names(&mut self, host: usize) {
        let rivals: Vec<usize> = self.rivals(host).collect();
        for rival in rivals {
            let within = names::settled_within(self.plan.news_within());
            let verdict = names::apart(&self.truth, (host, rival), self.now, within);
            verdict
                .err()
                .into_iter()
                .for_each(|breach| self.breach(breach));
        }
    }

    /// A host let another in.
    pub(super) fn look_at_admission(&mut self, host: usize, peer: usize) {
        let holders: Vec<usize> = self.rivals(peer).collect();
        for holder in holders {
            let within = names::settled_within(self.plan.news_within());
            let verdict = names::admits(&self.truth, (host, peer, holder), self.now, within);
            verdict
                .err()
                .into_iter()
                .for_each(|breach| self.breach(breach));
        }
    }

    /// A host turned another away.
    pub(super) fn look_at_refusal(&mut self, host: usize, peer: usize, reason: Reason) {
        if reason != Reason::NameInUse || self.hosts[host].has_yielded {
            return;
        }
        let holders: Vec<usize> = self.rivals(peer).collect();
        let within = names::settled_within(self.plan.news_within());
        let calm = self.faulted_at.is_none_or(|at| at + within < self.now);
        if calm {
            let verdict = names::refuses(&self.truth, (host, peer), &holders, self.now, within);
            verdict
                .err()
                .into_iter()
                .for_each(|breach| self.breach(breach));
        }
    }
}
