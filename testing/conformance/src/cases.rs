//! The cases: those that people wrote, and as many again from a seed.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use zeekwire_types::Event;

use crate::random::Source;
use crate::{marks, neutral};

const WRITTEN: &str = include_str!("../cases.json");
/// Changing the seed is free: it only means other events.
const SEED: u64 = 20_261_120;
const RANDOM_COUNT: usize = 300;

/// An event, and all that is to be found in its payload.
#[derive(Debug)]
pub struct Case {
    /// The event.
    pub event: Event,
    /// In the form of `cases.json`, with its marks.
    pub description: Json,
}

/// Cases by their names.
pub type Cases = BTreeMap<String, Case>;

/// The cases of `cases.json`.
///
/// # Panics
/// When the file is damaged.
#[must_use]
pub fn written() -> Cases {
    let described: Map<String, Json> = serde_json::from_str(WRITTEN).expect("cases.json is JSON");
    let event = |(name, description): (String, Json)| {
        let unmarked = marks::without(&description);
        let event = neutral::event_of(&unmarked);
        let event = event.unwrap_or_else(|| panic!("cases.json: `{name}` is not an event"));
        assert_eq!(neutral::describe(&event), unmarked, "cases.json: `{name}`");
        (name, Case { event, description })
    };
    described.into_iter().map(event).collect()
}

/// The cases of `cases.json`, and random ones.
#[must_use]
pub fn all() -> Cases {
    let mut cases = written();
    let mut source = Source::new(SEED);
    let random = |number| {
        let event = source.event();
        let description = neutral::describe(&event);
        (format!("random-{number}"), Case { event, description })
    };
    cases.extend((0..RANDOM_COUNT).map(random));
    cases
}

/// Cases in the form of `cases.json`.
#[must_use]
pub fn describe(cases: &Cases) -> String {
    let described = cases
        .iter()
        .map(|(name, case)| (name.clone(), case.description.clone()));
    Json::Object(described.collect()).to_string()
}
