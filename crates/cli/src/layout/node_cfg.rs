//! zeekctl's `node.cfg`, read as it is.
//!
//! What says how a Zeek process runs (interfaces, CPUs, environment) is checked as zeekctl would
//! and otherwise left to it. Host names are not looked up.

use std::collections::BTreeSet;

use zeekwire::NodeName;

use super::ini::{self, Entry, Section};
use super::member::is_rendezvous;
use super::{Address, Kind, MEMBER_COUNT_MAX, Member, Remark, address};

/// Reads the nodes, and remarks on keys that are not used.
pub(super) fn read(text: &str) -> Result<(Vec<Member>, Vec<Remark>), Remark> {
    let sections = ini::read(text)?;
    let mut members = Vec::new();
    for section in &sections {
        members.extend(members_of(section)?);
        if members.len() > MEMBER_COUNT_MAX {
            return Err(Remark::at(
                section.line,
                format_args!(
                    "with [{}] there are more than {MEMBER_COUNT_MAX} nodes",
                    section.name
                ),
            ));
        }
    }
    Ok((members, remarks_on_unknown_keys(&sections)))
}

/// The node of a section; several if the section is for several processes.
fn members_of(section: &Section) -> Result<Vec<Member>, Remark> {
    let keys = Keys(section);
    let name = NodeName::new(&section.name).map_err(|error| {
        Remark::at(
            section.line,
            format_args!("a section is named after its node: {error}"),
        )
    })?;
    let kind = keys.required(
        "type",
        "write type=manager, logger, proxy, worker or standalone",
    )?;
    let kind_of = |text: &str| {
        text.parse::<Kind>()
            .map_err(|error| with_comment_hint(text, error))
    };
    let kind = parsed(kind, kind_of)?;
    let host = keys.required("host", "write host= and the address of the machine")?;
    let address = parsed(host, |text| {
        // zeekctl gives every node the zone of its own `zone_id` instead.
        let host = text.split_once('%').map_or(text, |(host, _zone)| host);
        match host.parse()? {
            Address::Host(host) => Ok(Address::Host(host)),
            Address::Endpoint(_) => Err(format!("{text:?} is no host: write its name or address")),
        }
    })?;
    let zone_id = keys
        .optional("zone_id")
        .map(|entry| parsed(entry, address::zone_id));
    check_process_keys(&keys)?;
    let member = Member {
        name,
        kind: Some(kind),
        address: Some(address),
        zone_id: zone_id.transpose()?,
        rendezvous: is_rendezvous(Some(kind)),
        more_pools: Vec::new(),
        line: section.line,
    };
    match processes(&keys, kind)? {
        None => Ok(vec![member]),
        Some(count) => member.numbered(count),
    }
}

/// How many processes share the section's traffic, if it says so.
fn processes(keys: &Keys<'_>, kind: Kind) -> Result<Option<u32>, Remark> {
    let (count, method) = (keys.optional("lb_procs"), keys.optional("lb_method"));
    let (entry, method) = match (count, method) {
        (Some(count), Some(method)) => (count, method),
        (None, None) => return Ok(None),
        (Some(alone), None) => {
            let methods = "af_packet, pf_ring, myricom, interfaces or custom";
            return Err(fault(
                alone,
                format!("`lb_procs` needs lb_method={methods}"),
            ));
        }
        (None, Some(alone)) => {
            return Err(fault(
                alone,
                "`lb_method` needs `lb_procs`, the number of processes".to_owned(),
            ));
        }
    };
    if kind != Kind::Worker {
        return Err(fault(
            entry,
            format!(
                "only workers share traffic, and [{}] is a {kind}",
                keys.0.name
            ),
        ));
    }
    let count = parsed(entry, |text| match text.parse() {
        Ok(count @ 1..) if count as usize <= MEMBER_COUNT_MAX => Ok(count),
        _ => Err(format!(
            "{text:?} is no number of processes: write 1 to {MEMBER_COUNT_MAX}"
        )),
    })?;
    if method.value == "interfaces" {
        let interfaces = keys.optional("lb_interfaces");
        let given = interfaces.map_or(0, |entry| entry.value.split(',').count());
        if given != count as usize {
            return Err(fault(
                interfaces.unwrap_or(method),
                format!("`lb_interfaces` names {given} interfaces for {count} processes"),
            ));
        }
    }
    Ok(Some(count))
}

/// Checks what only the Zeek processes use.
fn check_process_keys(keys: &Keys<'_>) -> Result<(), Remark> {
    if let Some(entry) = keys.optional("pin_cpus") {
        parsed(entry, |text| {
            match text
                .split(',')
                .find(|cpu| cpu.trim().parse::<u32>().is_err())
            {
                Some(cpu) => Err(format!(
                    "{:?} is no CPU: write numbers from 0 on, separated by commas",
                    cpu.trim()
                )),
                None => Ok(()),
            }
        })?;
    }
    if let Some(entry) = keys.optional("env_vars") {
        parsed(entry, |text| {
            let is_bad = |pair: &&str| {
                pair.split_once('=')
                    .is_none_or(|(k, _)| k.trim().is_empty())
            };
            match text.split(',').find(is_bad) {
                Some(pair) => Err(format!(
                    "{:?} sets no variable: write NAME=VALUE, separated by commas",
                    pair.trim()
                )),
                None => Ok(()),
            }
        })?;
    }
    Ok(())
}

/// One remark for each key that is not known, where it first stands.
fn remarks_on_unknown_keys(sections: &[Section]) -> Vec<Remark> {
    let mut seen = BTreeSet::new();
    let mut entries: Vec<_> = sections
        .iter()
        .flat_map(|section| &section.entries)
        .collect();
    entries.sort_by_key(|entry| entry.line);
    let unknown = |entry: &&&Entry| !KNOWN_KEYS.contains(&entry.key.replace('.', "_").as_str());
    let entries = entries.iter().filter(unknown);
    entries
        .filter(|entry| seen.insert(&entry.key))
        .map(|entry| Remark::at(entry.line, format_args!("`{}` is not used here", entry.key)))
        .collect()
}

/// Looks up keys of a section. An empty value counts as none, as in zeekctl.
struct Keys<'a>(&'a Section);

impl<'a> Keys<'a> {
    fn optional(&self, key: &str) -> Option<&'a Entry> {
        let mut entries = self.0.entries.iter();
        entries.find(|entry| entry.key == key && !entry.value.is_empty())
    }

    fn required(&self, key: &str, what_to_do: &str) -> Result<&'a Entry, Remark> {
        self.optional(key).ok_or_else(|| {
            let name = &self.0.name;
            Remark::at(
                self.0.line,
                format_args!("[{name}] has no `{key}`: {what_to_do}"),
            )
        })
    }
}

fn parsed<T>(entry: &Entry, read: impl Fn(&str) -> Result<T, String>) -> Result<T, Remark> {
    read(&entry.value).map_err(|error| fault(entry, error))
}

fn fault(entry: &Entry, text: String) -> Remark {
    Remark::at(entry.line, text)
}

/// What is commented away in other files is part of the value here.
fn with_comment_hint(text: &str, error: String) -> String {
    match text.contains(['#', ';', '\n']) {
        true => format!("{error}; comments need a line of their own, which is not indented"),
        false => error,
    }
}

/// The keys that zeekctl has without plugins. In keys of plugins, `.` and `_` are the same.
const KNOWN_KEYS: [&str; 13] = [
    "type",
    "host",
    "interface",
    "aux_scripts",
    "zeekbase",
    "ether",
    "zone_id",
    "lb_procs",
    "lb_method",
    "lb_interfaces",
    "pin_cpus",
    "env_vars",
    "count",
];

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: &str = "\
# A cluster.
[manager]
type=manager
host=10.0.0.1

[proxy-1]
type=proxy
host=10.0.0.1
env_vars=A=1, B=x=y

[worker-1]
type=worker
host=10.0.0.2
interface=af_packet::eth0
lb_method=af_packet
lb_procs=3
pin_cpus=0,1,2
af_packet_fanout_id=23
[worker-2]
type=worker
host=sensor2.example.org
interface=eth0
af_packet_fanout_id=24
";

    #[test]
    fn processes_become_nodes_with_numbered_names() {
        let (members, remarks) = read(CLUSTER).unwrap();
        let names: Vec<_> = members.iter().map(|m| m.name.as_str()).collect();
        let workers = ["worker-1-1", "worker-1-2", "worker-1-3", "worker-2"];
        assert_eq!(names, [&["manager", "proxy-1"][..], &workers].concat());
        let rendezvous = members.iter().map(|m| m.rendezvous);
        assert!(rendezvous.eq([true, false, false, false, false, false]));
        assert_eq!(members[3].pools(), ["worker"]);
        assert_eq!(
            remarks,
            [Remark::at(18, "`af_packet_fanout_id` is not used here")]
        );
    }

    #[test]
    fn standalone_node_belongs_to_no_pool() {
        let (members, _) = read("[zeek]\ntype=standalone\nhost=localhost\ninterface=eth0").unwrap();
        assert!(members[0].rendezvous && members[0].pools().is_empty());
    }

    #[test]
    fn zone_is_taken_from_its_key() {
        let text = "[manager]\ntype=manager\nhost=fe80::1%%lo\nzone_id=eth0";
        let (members, _) = read(text).unwrap();
        assert_eq!(
            members[0].address,
            Some(Address::Host("fe80::1".to_owned()))
        );
        assert_eq!(members[0].zone_id.as_deref(), Some("eth0"));
    }

    #[test]
    fn what_zeekctl_refuses_is_refused_with_its_line() {
        let worker = |more: &str| format!("[w]\ntype=worker\nhost=h\n{more}");
        for (text, line, what) in [
            ("[a b]\ntype=worker\nhost=h".to_owned(), 1, "named after"),
            ("[w]\nhost=h".to_owned(), 1, "no `type`"),
            ("[w]\ntype=\nhost=h".to_owned(), 1, "no `type`"),
            ("[w]\ntype=wroker\nhost=h".to_owned(), 2, "worker"),
            (
                "[w]\ntype=worker # w\nhost=h".to_owned(),
                2,
                "line of their own",
            ),
            ("[w]\ntype=worker\n".to_owned(), 1, "no `host`"),
            ("[w]\ntype=worker\nhost=tcp://a:1".to_owned(), 3, "no host"),
            ("[w]\ntype=worker\nhost=a b".to_owned(), 3, "no address"),
            (worker("zone_id=a]"), 4, "eth0"),
            (worker("lb_procs=2"), 4, "lb_method=af_packet"),
            (worker("lb_method=af_packet"), 4, "lb_procs"),
            (worker("lb_method=custom\nlb_procs=0"), 5, "write 1 to"),
            (
                worker("lb_method=custom\nlb_procs=4000000000"),
                5,
                "write 1 to",
            ),
            (worker("lb_method=custom\nlb_procs=two"), 5, "write 1 to"),
            (worker("lb_method=interfaces\nlb_procs=2"), 4, "names 0"),
            (
                worker("lb_method=interfaces\nlb_procs=2\nlb_interfaces=a,b,c"),
                6,
                "names 3",
            ),
            (worker("pin_cpus=0,-1"), 4, "\"-1\" is no CPU"),
            (worker("env_vars=A=1,B"), 4, "\"B\" sets no variable"),
            (
                "[p]\ntype=proxy\nhost=h\nlb_method=custom\nlb_procs=2".to_owned(),
                5,
                "only workers",
            ),
        ] {
            let fault = read(&text).unwrap_err();
            assert_eq!(fault.line, Some(line), "of {text:?}: {}", fault.text);
            assert!(fault.text.contains(what), "of {text:?}: {}", fault.text);
        }
    }
}
