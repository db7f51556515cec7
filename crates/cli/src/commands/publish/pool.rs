//! Who gets the events of `zeekwire pub --pool`.

use std::convert::Infallible;
use std::str::FromStr;
use std::time::Duration;

use zeekwire::status::NodeStatus;
use zeekwire::{NodeName, PoolMembers, rendezvous};

use crate::client::Client;
use crate::cluster::known;
use crate::failure::Failure;

/// A pool, as it was typed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PoolFlag {
    text: String,
    members: PoolMembers,
}

impl FromStr for PoolFlag {
    type Err = Infallible;

    /// A comma makes it names, a star a pattern; everything else is a label.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        let members = if text.contains(',') {
            let names = text.split(',').map(str::trim);
            let names = names.filter(|name| !name.is_empty());
            PoolMembers::Names(names.map(str::to_owned).collect())
        } else if text.contains('*') {
            PoolMembers::Pattern(text.to_owned())
        } else {
            PoolMembers::Label(text.to_owned())
        };
        Ok(Self {
            text: text.to_owned(),
            members,
        })
    }
}

/// The members of a pool that were up when it was asked for, by name.
///
/// A client knows of no members, so it asks once; who comes later gets nothing, and what is
/// published to one that goes is lost.
#[derive(Debug)]
pub(super) struct LivePool {
    names: Vec<NodeName>,
}

impl LivePool {
    /// Asks who is up.
    pub(super) fn ask(
        client: &Client,
        pool: &PoolFlag,
        timeout: Duration,
    ) -> Result<Self, Failure> {
        // One member knows the others.
        let asked = client.node.cluster_status(Some(1), timeout);
        let told = asked.map_err(|error| Failure::job(format_args!("cannot ask: {error}")))?;
        if told.is_empty() {
            return Err(Failure::job(format_args!(
                "no member of a cluster answered within {} s, so nobody knows who is in the pool \
                 {:?}: --connect to a member",
                timeout.as_secs_f64(),
                pool.text
            )));
        }
        let names = members(&told, &pool.members);
        if names.is_empty() {
            let up = known(&told).into_iter().collect::<Vec<_>>().join(", ");
            return Err(Failure::job(format_args!(
                "no member of the pool {:?} is up; up are: {up}. A pool is a label, a pattern \
                 with `*`, or names with commas between them",
                pool.text
            )));
        }
        Ok(Self { names })
    }

    /// Those who get events.
    pub(super) fn names(&self) -> &[NodeName] {
        &self.names
    }

    /// The member to which a key belongs, alone: the same that all others find.
    pub(super) fn owner_of(self, key: &str) -> Self {
        let names = rendezvous(key, self.names).into_iter().collect();
        Self { names }
    }

    /// The member whose turn it is.
    pub(super) fn next(&self, turn: u64) -> &NodeName {
        let at = turn % self.names.len() as u64;
        &self.names[usize::try_from(at).expect("less than their number")]
    }
}

/// Members of a pool that are up, as far as those who told know; they are up themselves.
fn members(told: &[NodeStatus], pool: &PoolMembers) -> Vec<NodeName> {
    let own = told.iter().map(|node| (&node.name, &node.pools));
    let others = told.iter().flat_map(|node| &node.members);
    let others = others.filter(|member| member.up);
    let all = own.chain(others.map(|member| (&member.name, &member.pools)));
    let within = all.filter(|(name, pools)| pool.holds(name, pools));
    let mut names: Vec<_> = within
        .filter_map(|(name, _)| NodeName::new(name).ok())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use zeekwire::status::MemberStatus;

    use super::*;

    fn told() -> Vec<NodeStatus> {
        let member = |name: &str, label: &str, up| MemberStatus {
            name: name.to_owned(),
            pools: vec![label.to_owned()],
            up,
            ..MemberStatus::default()
        };
        vec![NodeStatus {
            name: "proxy-1".to_owned(),
            pools: vec!["proxy".to_owned()],
            members: vec![
                member("proxy-2", "proxy", true),
                member("proxy-3", "proxy", false),
                member("worker-1", "worker", true),
            ],
            ..NodeStatus::default()
        }]
    }

    #[test]
    fn pool_is_a_label_a_pattern_or_names() {
        for (text, expected) in [
            ("proxy", &["proxy-1", "proxy-2"][..]),
            ("*-1", &["proxy-1", "worker-1"]),
            ("worker-1, proxy-2,absent", &["proxy-2", "worker-1"]),
            ("proxy-2,", &["proxy-2"]),
            ("proxy-2", &[]),
        ] {
            let pool: PoolFlag = text.parse().unwrap();
            let names = members(&told(), &pool.members);
            let names: Vec<_> = names.iter().map(NodeName::as_str).collect();
            assert_eq!(names, expected, "of {text:?}");
        }
    }

    #[test]
    fn turns_and_keys_find_members() {
        let pool = LivePool {
            names: members(&told(), &PoolMembers::Label("proxy".to_owned())),
        };
        let turns = [0, 1, 2].map(|turn| pool.next(turn).as_str());
        assert_eq!(turns, ["proxy-1", "proxy-2", "proxy-1"]);
        let key = "192.0.2.7";
        let chosen = rendezvous(key, pool.names().iter().rev().cloned());
        assert_eq!(pool.owner_of(key).names(), chosen.as_slice());
    }
}
