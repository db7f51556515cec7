//! What is known of a whole cluster: samples of all its members, and what they add up to.
//!
//! `source` takes samples, through a node that runs here or as a client of one; `flow` compares two
//! of them; `tables` shows them. `status` and `top` are made of these.

mod flow;
mod source;
mod tables;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use zeekwire::status::{LossStatus, MemberStatus, NodeStatus};

pub(crate) use flow::{Flow, flows};
pub(crate) use source::{Source, sources};
pub(crate) use tables::{Tables, header};

/// A member has so long to tell of itself, unless flags say otherwise.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(2);

/// What all members of a cluster told of themselves at about the same time.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Sample {
    /// The member whose view of the others is taken.
    pub(crate) seen_from: String,
    /// Those that answered, by name.
    pub(crate) nodes: Vec<NodeStatus>,
    /// Names of members that are up as far as others know, and did not answer.
    pub(crate) missing: Vec<String>,
}

impl Sample {
    /// Puts answers together; where `seen_from` is not among them, another takes its place.
    fn new(seen_from: &str, mut nodes: Vec<NodeStatus>) -> Self {
        nodes.sort_by(|a, b| (&a.name, &a.incarnation).cmp(&(&b.name, &b.incarnation)));
        nodes.dedup_by(|a, b| (&a.name, &a.incarnation) == (&b.name, &b.incarnation));
        let answered = |name: &str| nodes.iter().any(|node| node.name == name);
        let known = known(&nodes);
        let missing = known.into_iter().filter(|name| !answered(name)).collect();
        let first = nodes.first().map_or("", |node| &node.name);
        let seen_from = if answered(seen_from) {
            seen_from
        } else {
            first
        };
        Self {
            seen_from: seen_from.to_owned(),
            missing,
            nodes,
        }
    }

    /// The member whose view of the others is taken.
    pub(crate) fn viewer(&self) -> Option<&NodeStatus> {
        self.node(&self.seen_from)
    }

    /// What a member told of itself.
    pub(crate) fn node(&self, name: &str) -> Option<&NodeStatus> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// Names of all members, also of those that are not up or did not answer.
    fn names(&self) -> BTreeSet<&str> {
        let told = self.nodes.iter().map(|node| node.name.as_str());
        let seen = self.viewer().into_iter().flat_map(|node| &node.members);
        let missing = self.missing.iter().map(String::as_str);
        told.chain(seen.map(|member| member.name.as_str()))
            .chain(missing)
            .collect()
    }

    /// How the viewer sees another member.
    fn view_of(&self, name: &str) -> Option<&MemberStatus> {
        let seen = self.viewer()?.members.iter();
        // A name that comes back has two entries for a while: the one that is up counts.
        seen.filter(|member| member.name == name)
            .max_by_key(|member| (member.up, member.hops.is_some()))
    }

    /// Where messages were lost: what members counted, and for those that did not answer what they
    /// reported to publishers.
    pub(crate) fn losses(&self) -> Vec<LossStatus> {
        let own = self.nodes.iter().flat_map(|node| &node.losses);
        let reported = self.nodes.iter().flat_map(|node| &node.own_losses);
        let reported = reported.filter(|loss| self.node(&loss.node).is_none());
        let mut sums: Vec<LossStatus> = Vec::new();
        for loss in own.chain(reported).filter(|loss| loss.messages > 0) {
            let same = |sum: &&mut LossStatus| {
                (&sum.node, &sum.peer, &sum.class, &sum.cause)
                    == (&loss.node, &loss.peer, &loss.class, &loss.cause)
            };
            match sums.iter_mut().find(same) {
                Some(sum) => {
                    sum.messages += loss.messages;
                    sum.bytes += loss.bytes;
                }
                None => sums.push(loss.clone()),
            }
        }
        sums.sort_by_key(|sum| std::cmp::Reverse(sum.messages));
        sums
    }
}

/// Names of all members that are up, as far as any of these nodes knows; they themselves are.
pub(crate) fn known(nodes: &[NodeStatus]) -> BTreeSet<String> {
    let others = nodes.iter().flat_map(|node| &node.members);
    let up = others.filter(|member| member.up).map(|member| &member.name);
    nodes
        .iter()
        .map(|node| &node.name)
        .chain(up)
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests;
