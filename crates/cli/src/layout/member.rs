//! A node of a layout: who it is, and what the layout says of it.

use std::fmt::{self, Display};
use std::str::FromStr;

use zeekwire::NodeName;

use super::{Address, Remark};

/// One node of a layout.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) name: NodeName,
    pub(crate) kind: Option<Kind>,
    /// Where it is, if others can know.
    pub(crate) address: Option<Address>,
    /// The interface over which it reaches link-local addresses.
    pub(crate) zone_id: Option<String>,
    /// Whether it listens for all others.
    pub(crate) rendezvous: bool,
    /// Pools beside that of its type.
    pub(crate) more_pools: Vec<String>,
    /// Where it stands in the file.
    pub(crate) line: usize,
}

/// What a node is in a Zeek cluster.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Manager,
    Logger,
    Proxy,
    Worker,
    /// The only node there is.
    Standalone,
}

/// Which links there are beside those to a rendezvous.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Topology {
    /// None.
    #[default]
    Star,
    /// One between any two nodes of which one has an address.
    Mesh,
}

impl Member {
    /// The pools that it belongs to: that of its type, and those that the layout adds.
    pub(crate) fn pools(&self) -> Vec<&str> {
        let of_kind = self.kind.and_then(Kind::pool);
        let more = self.more_pools.iter().map(String::as_str);
        let mut pools: Vec<_> = of_kind.into_iter().chain(more).collect();
        let mut seen = std::collections::HashSet::new();
        pools.retain(|pool| seen.insert(*pool));
        pools
    }

    /// As many copies as asked for, with numbered names: `worker-1` becomes `worker-1-1` and so on.
    pub(super) fn numbered(&self, count: u32) -> Result<Vec<Self>, Remark> {
        let copy = |number| {
            let name = format!("{}-{number}", self.name);
            let name = NodeName::new(&name).map_err(|error| self.remark(error))?;
            Ok(Self {
                name,
                ..self.clone()
            })
        };
        (1..=count).map(copy).collect()
    }

    pub(crate) fn remark(&self, text: impl Display) -> Remark {
        Remark::at(self.line, text)
    }
}

/// Whether a node of this type listens for all others unless the layout says otherwise.
pub(super) fn is_rendezvous(kind: Option<Kind>) -> bool {
    matches!(kind, Some(Kind::Manager | Kind::Standalone))
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Manager,
        Self::Logger,
        Self::Proxy,
        Self::Worker,
        Self::Standalone,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Manager => "manager",
            Self::Logger => "logger",
            Self::Proxy => "proxy",
            Self::Worker => "worker",
            Self::Standalone => "standalone",
        }
    }

    /// The pool of nodes of this type. A node that is alone shares its work with nobody.
    fn pool(self) -> Option<&'static str> {
        (self != Self::Standalone).then(|| self.name())
    }
}

impl Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| {
            format!(
                "{text:?} is no type of node: write manager, logger, proxy, worker or standalone"
            )
        })
    }
}

impl Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Star => "star",
            Self::Mesh => "mesh",
        })
    }
}

impl FromStr for Topology {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "star" => Ok(Self::Star),
            "mesh" => Ok(Self::Mesh),
            _ => Err(format!("{text:?} is no topology: write star or mesh")),
        }
    }
}
