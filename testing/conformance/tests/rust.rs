//! Rust's own part of the conformance tests, which needs no other language.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value as Json};
use zeekwire_conformance::neutral::{self, KINDS};
use zeekwire_conformance::{cases, link, payload};

/// The kinds in a description, wherever they stand in it.
fn kinds(description: &Json, found: &mut BTreeSet<String>) {
    match description {
        Json::Object(members) => {
            found.extend(members.keys().cloned());
            members.values().for_each(|member| kinds(member, found));
        }
        Json::Array(items) => items.iter().for_each(|item| kinds(item, found)),
        _ => {}
    }
}

/// The members of the union that a struct of a schema has.
fn union_members<'a>(schema: &'a str, name: &str) -> BTreeSet<&'a str> {
    let (_, members) = schema
        .split_once(&format!("struct {name} {{"))
        .expect("the schema has the struct");
    let (_, members) = members.split_once("union {").expect("it has a union");
    let (members, _) = members.split_once("\n  }\n").expect("the union ends");
    // Members of the union are indented by four; what belongs to a group, by more.
    let members = members.lines().filter_map(|line| {
        let line = line
            .strip_prefix("    ")
            .filter(|line| line.starts_with(char::is_lowercase))?;
        line.split([' ', ':']).next()
    });
    members.collect()
}

#[test]
fn every_kind_of_value_has_a_case() {
    let mut found = BTreeSet::new();
    for event in cases::written().values() {
        kinds(&neutral::describe(event), &mut found);
    }
    let missing: Vec<_> = KINDS
        .iter()
        .filter(|kind| !found.contains(**kind))
        .collect();
    assert!(missing.is_empty(), "no case has {missing:?}");
}

#[test]
fn kinds_are_those_of_the_schema() {
    let schema = include_str!("../../../schema/value.capnp");
    assert_eq!(union_members(schema, "Value"), BTreeSet::from(KINDS));
}

#[test]
fn every_kind_of_control_message_has_a_case() {
    let schema = include_str!("../../../schema/link.capnp");
    let cases = link::controls();
    let described = cases.iter().filter_map(|case| case.described.as_object());
    let found: BTreeSet<_> = described.flat_map(Map::keys).map(String::as_str).collect();
    assert_eq!(union_members(schema, "Control"), found);
}

#[test]
fn rust_reads_what_rust_wrote() {
    for (name, event) in cases::all() {
        let bytes = payload::encode(&event).unwrap_or_else(|error| panic!("{name}: {error}"));
        let read = payload::decode(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            neutral::describe(&read),
            neutral::describe(&event),
            "{name}"
        );
    }
}

#[test]
fn payloads_of_earlier_releases_stay_readable() {
    let cases = cases::written();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut count = 0;
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        for line in fs::read_to_string(&file).unwrap().lines() {
            let (name, hex) = line.split_once(' ').unwrap();
            let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(digit).collect();
            let place = format!("{name} in {}", file.display());
            let read = payload::decode(&bytes).unwrap_or_else(|error| panic!("{place}: {error}"));
            assert_eq!(
                neutral::describe(&read),
                neutral::describe(&cases[name]),
                "{place}"
            );
            count += 1;
        }
    }
    assert!(count >= 30, "the recorded payloads are gone");
}
