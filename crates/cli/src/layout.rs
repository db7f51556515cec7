//! The layout of a cluster: which nodes there are, where some of them listen, and who connects to
//! whom.
//!
//! Every node reads the same file and derives its own part from it, so nothing here may depend on
//! who reads. A rendezvous listens, and all others connect to it; in a mesh, every node that has
//! an address listens as well. `file` and `node_cfg` read the two kinds of files, `ports` gives
//! every listener its endpoint.

mod address;
mod file;
mod ini;
mod member;
mod node_cfg;
mod ports;
mod report;

use std::collections::HashMap;
use std::fmt::Display;
use std::path::Path;

use zeekwire::{Endpoint, NodeName, limits};

use crate::failure::{Failure, why};

pub(crate) use address::Address;
pub(crate) use member::{Kind, Member, Topology};
pub(crate) use report::{json, table, toml};

/// A layout file that shows every setting, with a word about each.
pub(crate) const EXAMPLE: &str = include_str!("layout/example.toml");

/// Where a rendezvous listens unless the layout says otherwise: the port of the default endpoint.
pub(crate) const RENDEZVOUS_PORT: u16 = 47760;

/// A layout that was checked: names are unique, each listener has an endpoint of its own, and
/// links join all nodes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layout {
    topology: Topology,
    rendezvous_port: u16,
    members: Vec<Member>,
    /// Where each member listens, in the order of `members`.
    listens: Vec<Option<Endpoint>>,
}

/// What is wrong in a layout, or worth a word, and on which line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Remark {
    line: Option<usize>,
    text: String,
}

impl Layout {
    /// Reads a layout file.
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let hint = "if this is zeekctl's node.cfg, give it with --node-cfg";
        file::read(&text_of(path)?).map_err(|fault| failure(path, &fault, ("cfg", hint)))
    }

    /// Reads zeekctl's `node.cfg`. Returns as well what is in it that was not used.
    pub(crate) fn load_node_cfg(
        path: &Path,
        topology: Topology,
        rendezvous_port: u16,
    ) -> Result<(Self, Vec<Remark>), Failure> {
        let read = |text: &str| {
            let (members, notices) = node_cfg::read(text)?;
            Ok((Self::new(topology, rendezvous_port, members)?, notices))
        };
        let hint = "if this is a layout file in TOML, give it without --node-cfg";
        read(&text_of(path)?).map_err(|fault| failure(path, &fault, ("toml", hint)))
    }

    /// Checks members, and gives each that listens its endpoint.
    fn new(topology: Topology, rendezvous_port: u16, members: Vec<Member>) -> Result<Self, Remark> {
        check_members(&members)?;
        let listens = ports::assign(topology, rendezvous_port, &members)?;
        let layout = Self {
            topology,
            rendezvous_port,
            members,
            listens,
        };
        layout.check_reach()?;
        layout.check_zones()?;
        Ok(layout)
    }

    /// The members, in the order of the file.
    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member of this name; otherwise the names that there are, for an error.
    pub(crate) fn member(&self, name: &NodeName) -> Result<&Member, String> {
        const SHOWN_MAX: usize = 12;
        let found = self.members.iter().find(|member| member.name == *name);
        found.ok_or_else(|| {
            let names: Vec<_> = self.members.iter().map(|m| m.name.as_str()).collect();
            let shown = names[..names.len().min(SHOWN_MAX)].join(", ");
            let more = match names.len().saturating_sub(SHOWN_MAX) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("no node is called {name}: choose one with --name; there are {shown}{more}")
        })
    }

    /// Where a member listens, as it sees its own address.
    pub(crate) fn listens_at(&self, member: &Member) -> Option<Endpoint> {
        let own = self.index_of(member);
        let endpoint = self.listens[own].as_ref()?;
        Some(address::with_zone(endpoint, member.zone_id.as_deref()))
    }

    /// Whom a member connects to, and where, as it sees their addresses.
    pub(crate) fn connects_to<'a>(
        &'a self,
        member: &'a Member,
    ) -> impl Iterator<Item = (&'a Member, Endpoint)> {
        let from = self.index_of(member);
        (0..self.members.len()).filter_map(move |to| {
            let endpoint = self.listens[to].as_ref().filter(|_| self.dials(from, to))?;
            let endpoint = address::with_zone(endpoint, member.zone_id.as_deref());
            Some((&self.members[to], endpoint))
        })
    }

    /// Whether one member connects to another. Of two that both could, the one whose name is the
    /// greater does, whatever the order of the file.
    fn dials(&self, from: usize, to: usize) -> bool {
        if from == to || self.listens[to].is_none() {
            return false;
        }
        let (source, target) = (&self.members[from], &self.members[to]);
        match (source.rendezvous, target.rendezvous) {
            (false, true) => true,
            (true, false) => false,
            (false, false) if self.topology == Topology::Star => false,
            _ => self.listens[from].is_none() || source.name > target.name,
        }
    }

    fn index_of(&self, member: &Member) -> usize {
        let found = self
            .members
            .iter()
            .position(|other| other.name == member.name);
        found.expect("callers pass members of this layout")
    }

    /// A listener that only its own machine reaches cannot serve a node of another machine.
    fn check_reach(&self) -> Result<(), Remark> {
        let is_elsewhere = |member: &Member| member.address.as_ref().is_some_and(|a| !a.is_local());
        let elsewhere: Vec<_> = (0..self.members.len())
            .filter(|at| is_elsewhere(&self.members[*at]))
            .collect();
        let listeners = self.listens.iter().enumerate();
        for (to, endpoint) in listeners.filter_map(|(to, at)| Some((to, at.as_ref()?))) {
            if !endpoint.is_local() {
                continue;
            }
            if let Some(from) = elsewhere.iter().find(|from| self.dials(**from, to)) {
                let (source, target) = (&self.members[*from], &self.members[to]);
                return Err(target.remark(format_args!(
                    "{} listens at {endpoint}, which only its own machine reaches, but {} is to \
                     connect from another: give {} an address that other machines reach",
                    target.name, source.name, target.name
                )));
            }
        }
        Ok(())
    }

    /// A link-local address means something only together with an interface of who uses it.
    fn check_zones(&self) -> Result<(), Remark> {
        let zoned = |endpoint: &Endpoint| address::needs_zone(endpoint);
        let targets: Vec<_> = (0..self.members.len())
            .filter(|at| self.listens[*at].as_ref().is_some_and(zoned))
            .collect();
        for (at, member) in self.members.iter().enumerate() {
            let uses = |target: &&usize| **target == at || self.dials(at, **target);
            if member.zone_id.is_none()
                && let Some(target) = targets.iter().find(uses)
            {
                return Err(member.remark(format_args!(
                    "{} needs a `zone_id`, the name of the interface to use: the address of {} \
                     is link-local",
                    member.name, self.members[*target].name
                )));
            }
        }
        Ok(())
    }
}

impl Remark {
    fn at(line: usize, text: impl Display) -> Self {
        Self {
            line: Some(line),
            text: text.to_string(),
        }
    }

    fn of_file(text: impl Display) -> Self {
        Self {
            line: None,
            text: text.to_string(),
        }
    }

    /// The remark with its place, as `FILE:LINE: text`.
    pub(crate) fn in_file(&self, path: &Path) -> String {
        let (path, text) = (path.display(), &self.text);
        match self.line {
            Some(line) => format!("{path}:{line}: {text}"),
            None => format!("{path}: {text}"),
        }
    }
}

fn text_of(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format_args!(
            "cannot read {}: {}",
            path.display(),
            why(&error)
        ))
    })
}

/// A fault in a file, with a hint for files whose name ends as those of another kind do.
fn failure(path: &Path, fault: &Remark, (ending, hint): (&str, &str)) -> Failure {
    let place = fault.in_file(path);
    match path.extension() {
        Some(own) if own == ending => Failure::usage(format_args!("{place}\n{hint}")),
        _ => Failure::Usage(place),
    }
}

/// What must hold whatever the addresses are.
fn check_members(members: &[Member]) -> Result<(), Remark> {
    if members.is_empty() {
        return Err(Remark::of_file("there is no node in this layout"));
    }
    if members.len() > MEMBER_COUNT_MAX {
        return Err(Remark::of_file(format_args!(
            "there are {} nodes, but a node can hold {MEMBER_COUNT_MAX} links at most",
            members.len()
        )));
    }
    let mut names = HashMap::new();
    for member in members {
        // Folders and states are named after nodes, also where case does not count.
        if let Some(first) = names.insert(member.name.as_str().to_lowercase(), member) {
            return Err(member.remark(format_args!(
                "the name {} is taken by {} in line {}: give each node a name of its own",
                member.name, first.name, first.line
            )));
        }
    }
    let mut managers = members.iter().filter(|m| m.kind == Some(Kind::Manager));
    if let (Some(first), Some(second)) = (managers.next(), managers.next()) {
        return Err(second.remark(format_args!(
            "{} is a second manager beside {}: a cluster has one",
            second.name, first.name
        )));
    }
    if let Some(alone) = members.iter().find(|m| m.kind == Some(Kind::Standalone))
        && members.len() > 1
    {
        return Err(alone.remark(format_args!(
            "{} is standalone, so no other node may be there: make it a manager, or remove the \
             others",
            alone.name
        )));
    }
    if !members.iter().any(|member| member.rendezvous) {
        return Err(Remark::of_file(
            "nobody listens: let one node be of type manager, or, in a layout file, write \
             `rendezvous = true` for one or more",
        ));
    }
    Ok(())
}

/// A rendezvous has a link to every other member.
const MEMBER_COUNT_MAX: usize = limits::LINK_COUNT_MAX;

#[cfg(test)]
mod tests;
