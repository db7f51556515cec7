//! Sans-IO crates are functions of their inputs: no socket, clock, thread, file or chance.

use crate::finding::Finding;
use crate::source::{line_of, shipped_code_of};
use crate::tree::is_beside_the_crate;

/// The crates that must hold to it.
pub const CRATES: [&str; 3] = ["crates/core/", "crates/store/", "crates/logging/"];

/// Banned paths, with everything below them.
const BELOW: [&str; 17] = [
    "std::net",
    "std::thread",
    "std::fs",
    "std::process",
    "std::env",
    "std::os",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::hash::RandomState",
    "std::collections::hash_map::RandomState",
    "rand",
    "getrandom",
    "fastrand",
    "mio",
    "socket2",
    "tokio",
    "thread_local",
];

/// Banned as a whole: under these names, what is banned could come in unseen.
const WHOLE: [&str; 4] = ["std", "std::time", "std::time::*", "std::*"];

/// Finds paths to the outside in a sans-IO crate.
#[must_use]
pub fn check(file: &str, text: &str) -> Vec<Finding> {
    if !CRATES.iter().any(|place| file.starts_with(place)) || is_beside_the_crate(file) {
        return Vec::new();
    }
    let code = shipped_code_of(text);
    let mut found: Vec<_> = paths(&code)
        .into_iter()
        .filter(|(_, path)| is_banned(path))
        .map(|(at, path)| {
            let message = format!("`{path}` has no place in a sans-IO crate: take it as an input");
            Finding::new(file, line_of(&code, at), message)
        })
        .collect();
    found.extend(code.match_indices("static mut ").map(|(at, _)| {
        Finding::new(
            file,
            line_of(&code, at),
            "a global has no place in a sans-IO crate",
        )
    }));
    found
}

fn is_banned(path: &str) -> bool {
    let path = path.trim_start_matches("::");
    let below = |banned: &str| {
        path.strip_prefix(banned)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    WHOLE.contains(&path) || BELOW.iter().any(|banned| below(banned))
}

/// Every path in the code with its offset; `a::{b, c}` gives `a::b` and `a::c`.
fn paths(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    // What stands before the braces that are open: empty for braces that are no part of a path.
    let mut prefixes: Vec<String> = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let rest = &code[at..];
        let length = rest.find(|c| !is_path(c)).unwrap_or(rest.len());
        let prefix = prefixes.last().map_or("", String::as_str);
        let path = format!("{prefix}{}", &rest[..length]);
        let after = &rest[length..];
        if path.ends_with("::") && after.starts_with('{') {
            prefixes.push(path);
            at += length + 1;
            continue;
        }
        if path.ends_with("::") && length > 0 && after.starts_with('*') {
            found.push((at, path + "*"));
        } else if length > 0 {
            found.push((at, path.trim_end_matches("::self").to_owned()));
        }
        match after.chars().next() {
            Some('{') => prefixes.push(String::new()),
            Some('}') => drop(prefixes.pop()),
            _ => {}
        }
        at += length + after.chars().next().map_or(0, char::len_utf8);
    }
    found
}

fn is_path(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == ':'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_the_outside_is_refused() {
        for line in [
            "use std::net::TcpStream;",
            "use std::{collections::BTreeMap, net::IpAddr};",
            "use std::{\n    fmt,\n    time::{Duration, Instant},\n};",
            "use std::time;",
            "use std::time::{self, Duration};",
            "use std::time::*;",
            "use std as system;",
            "fn a() { std::thread::sleep(b); }",
            "fn a() -> u8 { ::rand::random() }",
            "static mut COUNT: u8 = 0;",
            "thread_local! { static A: u8 = 0; }",
            "use std::collections::hash_map::{Entry, RandomState};",
        ] {
            assert_eq!(check("crates/core/src/a.rs", line).len(), 1, "of {line:?}");
        }
    }

    #[test]
    fn what_is_pure_is_allowed() {
        for line in [
            "use std::time::Duration;",
            "use std::collections::{BTreeMap, hash_map::Entry};",
            "use zeekwire_types::Instant;",
            "let operand = brand::net(); // std::net",
            "#[cfg(test)]\nmod tests { use std::thread; }",
        ] {
            assert!(
                check("crates/core/src/a.rs", line).is_empty(),
                "of {line:?}"
            );
        }
        assert!(check("crates/runtime/src/a.rs", "use std::thread;").is_empty());
    }
}
