//! Rust's own part of the conformance tests, which needs no other language.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Map, Value as Json};
use zeekwire_conformance::neutral::KINDS;
use zeekwire_conformance::{cases, frames, link, marks, payload, recorded};

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
    for case in cases::written().values() {
        kinds(&case.description, &mut found);
    }
    let marks = ["ordered", "type"];
    let missing: Vec<_> = KINDS
        .iter()
        .chain(&marks)
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
fn every_message_for_one_member_has_a_case() {
    let schema = include_str!("../../../schema/link.capnp");
    let cases = link::controls();
    let routed = cases
        .iter()
        .filter_map(|case| case.described["routed"].as_object());
    let found: BTreeSet<_> = routed.flat_map(Map::keys).map(String::as_str).collect();
    let missing: Vec<_> = union_members(schema, "Routed")
        .difference(&found)
        .copied()
        .collect();
    assert!(missing.is_empty(), "no case has {missing:?}");
}

#[test]
fn rust_reads_what_rust_wrote() {
    for (name, case) in cases::all() {
        let read = payload::encode(&case).map(|bytes| payload::describe(&bytes));
        assert_eq!(read, Ok(Ok(case.description.clone())), "{name}");
        let read = payload::encode_event(&case.event).map(|bytes| payload::describe(&bytes));
        assert_eq!(read, Ok(Ok(marks::without(&case.description))), "{name}");
    }
}

#[test]
fn payloads_of_earlier_releases_stay_readable() {
    let cases = cases::written();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut count = 0;
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        for (name, bytes) in recorded::lines(&fs::read_to_string(&file).unwrap()) {
            let place = format!("{name} in {}", file.display());
            let read = payload::describe(&bytes).unwrap_or_else(|error| panic!("{place}: {error}"));
            assert_eq!(read, cases[&name].description, "{place}");
            count += 1;
        }
    }
    assert!(count >= 30, "the recorded payloads are gone");
}

#[test]
fn frames_of_earlier_releases_stay_readable() {
    let today: BTreeMap<String, Vec<u8>> = frames::written().into_iter().collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("frames");
    let mut count = 0;
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        for (name, bytes) in recorded::lines(&fs::read_to_string(&file).unwrap()) {
            let wanted = frames::read(&name, &today[&name]);
            let place = format!("{name} in {}", file.display());
            assert_eq!(frames::read(&name, &bytes), wanted, "{place}");
            count += 1;
        }
    }
    assert!(count >= 30, "the recorded frames are gone");
}

#[test]
fn this_release_writes_the_frames_that_are_recorded_for_it() {
    let (release, _) = env!("CARGO_PKG_VERSION").rsplit_once('.').unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("frames");
    let file = folder.join(format!("link-{release}"));
    let recorded = recorded::lines(&fs::read_to_string(file).expect("record them: see README.md"));
    let today = frames::written();
    let names = |frames: &[(String, Vec<u8>)]| -> Vec<String> {
        frames.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&today), names(&recorded));
    for ((name, today), (_, recorded)) in today.iter().zip(&recorded) {
        assert!(today == recorded, "{name} is written in another way");
    }
}
