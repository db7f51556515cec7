//! Publishing to one member of a group.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use zeekwire_backend::PublishError;
use zeekwire_types::{Event, NodeName, Topic, agreed_hash};

use crate::{Error, Node};

/// Who belongs to a pool.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PoolMembers {
    /// Members that carry this label, such as `proxy`.
    Label(String),
    /// Members whose name matches this pattern; `*` stands for any run of characters.
    Pattern(String),
    /// Members with these names.
    Names(Vec<String>),
}

impl PoolMembers {
    /// Whether a member with this name and these labels belongs to the pool.
    #[must_use]
    pub fn holds(&self, name: &str, labels: &[String]) -> bool {
        match self {
            Self::Label(label) => labels.contains(label),
            Self::Pattern(pattern) => matches_pattern(pattern, name),
            Self::Names(names) => names.iter().any(|known| known == name),
        }
    }
}

/// A group of members of which one gets each event: made by [`Node::pool`].
///
/// Members that are up take part, this node too if it belongs to the pool; what falls to itself
/// reaches its subscriptions that listen [`locally`](crate::SubscribeBuilder::locally). Events go
/// to the topic `.node.<name>` of the member.
///
/// ```
/// use zeekwire::{Event, Node, PoolMembers, Value};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let node = Node::builder("proxy-1").start()?;
/// let proxies = node.pool(PoolMembers::Pattern("proxy-*".to_owned()));
/// // Every member of the cluster finds the same proxy for a host, as long as that is up.
/// let chosen = proxies.publish_hashed("192.0.2.7", &Event::new("Scan::seen", [Value::Count(1)]))?;
/// assert_eq!(chosen.as_str(), "proxy-1");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Pool {
    node: Node,
    members: PoolMembers,
    turn: AtomicUsize,
}

/// Why an event was not published to a pool.
#[derive(Debug)]
#[non_exhaustive]
pub enum PoolError {
    /// No member of the pool is up.
    Empty,
    /// The event was not accepted.
    Publish(Error),
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no member of the pool is up, as far as this node knows"),
            Self::Publish(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PoolError {}

impl From<PublishError> for PoolError {
    fn from(error: PublishError) -> Self {
        Self::Publish(error.into())
    }
}

impl Pool {
    pub(crate) const fn new(node: Node, members: PoolMembers) -> Self {
        Self {
            node,
            members,
            turn: AtomicUsize::new(0),
        }
    }

    /// The members that are up, by name.
    #[must_use]
    pub fn members(&self) -> Vec<NodeName> {
        let others = self.node.members();
        let own = self.node.id().name.clone();
        let own_labels = self.node.pools();
        let mut names: Vec<NodeName> = others
            .iter()
            .filter(|member| self.members.holds(member.node.name.as_str(), &member.pools))
            .map(|member| member.node.name.clone())
            .collect();
        if self.node.is_member() && self.members.holds(own.as_str(), own_labels) {
            names.push(own);
        }
        names.sort_unstable();
        names
    }

    /// The member to which a key belongs, by rendezvous hashing: when one goes, its keys move and
    /// all others stay.
    #[must_use]
    pub fn member_of(&self, key: impl AsRef<[u8]>) -> Option<NodeName> {
        rendezvous(key, self.members())
    }

    /// The member whose turn it is. Each call is a turn.
    #[must_use]
    pub fn next_member(&self) -> Option<NodeName> {
        let members = self.members();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let count = members.len();
        members.into_iter().nth(turn % count.max(1))
    }

    /// Publishes an event to the member to which `key` belongs. Returns who that is.
    ///
    /// # Errors
    /// [`PoolError`] when nobody is up, or as [`Node::publish`].
    pub fn publish_hashed(
        &self,
        key: impl AsRef<[u8]>,
        event: &Event,
    ) -> Result<NodeName, PoolError> {
        let member = self.member_of(key).ok_or(PoolError::Empty)?;
        self.publish_to(member, event)
    }

    /// Publishes an event to the member whose turn it is. Returns who that is.
    ///
    /// # Errors
    /// As [`Pool::publish_hashed`].
    pub fn publish_next(&self, event: &Event) -> Result<NodeName, PoolError> {
        let member = self.next_member().ok_or(PoolError::Empty)?;
        self.publish_to(member, event)
    }

    fn publish_to(&self, member: NodeName, event: &Event) -> Result<NodeName, PoolError> {
        let topic = Topic::of_node(&member);
        let sent = self.node.publish(topic.as_bytes(), event);
        sent.map_err(PoolError::Publish)?;
        Ok(member)
    }
}

/// The one of `names` to which a key belongs, by rendezvous hashing: the same for everybody who
/// knows the same names. [`Pool`] chooses so among members that are up; a client, which knows of
/// none, can do it among those that [`Node::cluster_status`] tells.
///
/// ```
/// use zeekwire::{NodeName, rendezvous};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let proxies = [NodeName::new("proxy-1")?, NodeName::new("proxy-2")?];
/// let chosen = rendezvous("192.0.2.7", proxies.clone());
/// assert!(chosen.is_some_and(|name| proxies.contains(&name)));
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn rendezvous(
    key: impl AsRef<[u8]>,
    names: impl IntoIterator<Item = NodeName>,
) -> Option<NodeName> {
    let key = key.as_ref();
    let weighed = names
        .into_iter()
        .map(|name| (weight(key, name.as_str()), name));
    weighed.max().map(|(_, name)| name)
}

/// Weight of a member for a key.
fn weight(key: &[u8], name: &str) -> u64 {
    agreed_hash(name.bytes().chain([0]).chain(key.iter().copied()))
}

/// Whether `name` matches a pattern in which `*` stands for any run of characters.
fn matches_pattern(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            match rest.find(middle) {
                Some(at) => rest = &rest[at + middle.len()..],
                None => return false,
            }
        }
    }
    last.map_or(rest.is_empty(), |end| rest.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_globs_do() {
        for (pattern, name, fits) in [
            ("proxy-*", "proxy-1", true),
            ("proxy-*", "proxy-", true),
            ("proxy-*", "worker-1", false),
            ("*-1", "worker-1", true),
            ("w*-1*", "worker-11", true),
            ("w*-1*x", "worker-11", false),
            ("worker-1", "worker-1", true),
            ("worker-1", "worker-11", false),
            ("*", "any", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches_pattern(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn keys_spread_evenly_and_only_a_lost_members_keys_move() {
        let names = ["proxy-1", "proxy-2", "proxy-3", "proxy-4"];
        let owner = |key: &str, names: &[&'static str]| {
            let weighed = names
                .iter()
                .map(|name| (weight(key.as_bytes(), name), *name));
            weighed.max().expect("there are members").1
        };
        let mut counts = std::collections::BTreeMap::new();
        for n in 0..10_000 {
            let key = format!("10.0.{}.{}", n / 256, n % 256);
            let before = owner(&key, &names);
            *counts.entry(before).or_insert(0) += 1;
            let after = owner(&key, &names[1..]);
            assert!(
                before == names[0] || before == after,
                "{key} moved from {before}"
            );
        }
        assert!(
            counts.values().all(|count| (2_200..2_800).contains(count)),
            "{counts:?}"
        );
    }
}
