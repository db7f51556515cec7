//! A layout as people and programs read it.

use serde::Serialize;
use zeekwire::Endpoint;

use super::member::is_rendezvous;
use super::{Kind, Layout, Member};
use crate::render::{Align, Table};

/// Who listens where, and who connects to whom, as a table.
pub(crate) fn table(layout: &Layout) -> String {
    let columns = ["node", "type", "pools", "listens at", "connects to"];
    let mut table = Table::new(&columns.map(|name| (name, Align::Left)));
    let or_none = |text: String| {
        if text.is_empty() {
            "-".to_owned()
        } else {
            text
        }
    };
    for member in layout.members() {
        let targets = layout
            .connects_to(member)
            .map(|(target, _)| target.name.as_str());
        let targets: Vec<_> = targets.collect();
        table.row([
            member.name.to_string(),
            or_none(
                member
                    .kind
                    .as_ref()
                    .map_or_else(String::new, Kind::to_string),
            ),
            or_none(member.pools().join(", ")),
            or_none(
                layout
                    .listens_at(member)
                    .as_ref()
                    .map_or_else(String::new, Endpoint::to_string),
            ),
            or_none(targets.join(", ")),
        ]);
    }
    table.to_string()
}

/// The same for programs, with the endpoints that each node connects to.
pub(crate) fn json(layout: &Layout) -> String {
    let nodes = layout.members().iter().map(|member| PlannedNode {
        name: member.name.as_str(),
        kind: member.kind.map(|kind| kind.to_string()),
        pools: member.pools(),
        rendezvous: member.rendezvous,
        listen: layout
            .listens_at(member)
            .map(|endpoint| endpoint.to_string()),
        connect: layout
            .connects_to(member)
            .map(|(target, endpoint)| Target {
                node: target.name.as_str(),
                endpoint: endpoint.to_string(),
            })
            .collect(),
    });
    let plan = Plan {
        topology: layout.topology.to_string(),
        rendezvous_port: layout.rendezvous_port,
        nodes: nodes.collect(),
    };
    serde_json::to_string_pretty(&plan).expect("names and numbers fit into JSON")
}

/// A layout file that says the same. Each listener has its port, so that it keeps it when nodes
/// are added.
pub(crate) fn toml(layout: &Layout) -> String {
    let written = |(member, listens): (&Member, &Option<Endpoint>)| {
        let address = member.address.as_ref().map(ToString::to_string);
        WrittenNode {
            name: member.name.to_string(),
            kind: member.kind.map(|kind| kind.to_string()),
            address: listens.as_ref().map(ToString::to_string).or(address),
            zone_id: member.zone_id.clone(),
            rendezvous: (member.rendezvous != is_rendezvous(member.kind))
                .then_some(member.rendezvous),
            pools: member.more_pools.clone(),
        }
    };
    let file = WrittenFile {
        topology: layout.topology.to_string(),
        rendezvous_port: layout.rendezvous_port,
        node: layout
            .members
            .iter()
            .zip(&layout.listens)
            .map(written)
            .collect(),
    };
    toml::to_string(&file).expect("names and numbers fit into TOML")
}

#[derive(Serialize)]
struct Plan<'a> {
    topology: String,
    rendezvous_port: u16,
    nodes: Vec<PlannedNode<'a>>,
}

#[derive(Serialize)]
struct PlannedNode<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: Option<String>,
    pools: Vec<&'a str>,
    rendezvous: bool,
    listen: Option<String>,
    connect: Vec<Target<'a>>,
}

#[derive(Serialize)]
struct Target<'a> {
    node: &'a str,
    endpoint: String,
}

#[derive(Serialize)]
struct WrittenFile {
    topology: String,
    rendezvous_port: u16,
    node: Vec<WrittenNode>,
}

#[derive(Serialize)]
struct WrittenNode {
    name: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rendezvous: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pools: Vec<String>,
}
