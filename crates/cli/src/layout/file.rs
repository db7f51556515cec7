//! Layout files, in TOML.

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use toml::Spanned;
use zeekwire::NodeName;

use super::address;
use super::member::is_rendezvous;
use super::{Address, Kind, Layout, MEMBER_COUNT_MAX, Member, RENDEZVOUS_PORT, Remark, Topology};
use crate::config::{Pool, Text, Whole};

/// Reads and checks a layout.
pub(super) fn read(text: &str) -> Result<Layout, Remark> {
    let file: File =
        toml::from_str(text).map_err(|error| Remark::of_file(error.to_string().trim_end()))?;
    let mut members = Vec::new();
    for node in file.node {
        let line = line_of(text, node.name.span().start);
        let count = node
            .count
            .as_ref()
            .map(|count| (count.span().start, count.get_ref().0));
        let one = node.member(line);
        match count {
            None => members.push(one),
            Some((at, 0)) => {
                let nothing = "`count` is 0: write how many nodes there are, or remove them";
                return Err(Remark::at(line_of(text, at), nothing));
            }
            Some((at, count)) if count as usize > MEMBER_COUNT_MAX - members.len() => {
                return Err(Remark::at(
                    line_of(text, at),
                    format_args!("with {count} more there are more than {MEMBER_COUNT_MAX} nodes"),
                ));
            }
            Some((_, count)) => members.extend(one.numbered(count)?),
        }
    }
    Layout::new(file.topology.0, file.rendezvous_port.0, members)
}

/// What stands in a file.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    topology: Text<Topology>,
    rendezvous_port: Port,
    node: Vec<Node>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Node {
    name: Spanned<Text<NodeName>>,
    #[serde(rename = "type")]
    kind: Option<Text<Kind>>,
    address: Option<Text<Address>>,
    zone_id: Option<Text<Zone>>,
    rendezvous: Option<bool>,
    #[serde(default)]
    pools: Vec<Text<Pool>>,
    count: Option<Spanned<Count>>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            topology: Text(Topology::default()),
            rendezvous_port: Port(RENDEZVOUS_PORT),
            node: Vec::new(),
        }
    }
}

impl Node {
    fn member(self, line: usize) -> Member {
        let kind = self.kind.map(|Text(kind)| kind);
        Member {
            name: self.name.into_inner().0,
            kind,
            address: self.address.map(|Text(address)| address),
            zone_id: self.zone_id.map(|Text(Zone(zone))| zone),
            rendezvous: self.rendezvous.unwrap_or_else(|| is_rendezvous(kind)),
            more_pools: self
                .pools
                .into_iter()
                .map(|Text(Pool(pool))| pool)
                .collect(),
            line,
        }
    }
}

struct Port(u16);

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = from.deserialize_u64(Whole("a port, 1 to 65535"))?;
        match u16::try_from(number) {
            Ok(port @ 1..) => Ok(Self(port)),
            _ => Err(D::Error::custom(format_args!(
                "a port is 1 to 65535, not {number}"
            ))),
        }
    }
}

struct Count(u32);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = from.deserialize_u64(Whole("a number of nodes"))?;
        Ok(Self(u32::try_from(number).unwrap_or(u32::MAX)))
    }
}

struct Zone(String);

impl std::str::FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        address::zone_id(text).map(Self)
    }
}

/// The line, from 1 on, of a place in a text.
fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}
