//! The cases: those that people wrote, and as many again from a seed.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use zeekwire_types::Event;

use crate::neutral;
use crate::random::Source;

const WRITTEN: &str = include_str!("../cases.json");
/// Changing the seed is free: it only means other events.
const SEED: u64 = 20_261_120;
const RANDOM_COUNT: usize = 300;

/// Events by the names of their cases.
pub type Cases = BTreeMap<String, Event>;

/// The cases of `cases.json`.
///
/// # Panics
/// When the file is damaged.
#[must_use]
pub fn written() -> Cases {
    let described: Map<String, Json> = serde_json::from_str(WRITTEN).expect("cases.json is JSON");
    let event = |(name, description): (String, Json)| {
        let event = neutral::event_of(&description);
        let event = event.unwrap_or_else(|| panic!("cases.json: `{name}` is not an event"));
        assert_eq!(
            neutral::describe(&event),
            description,
            "cases.json: `{name}`"
        );
        (name, event)
    };
    described.into_iter().map(event).collect()
}

/// The cases of `cases.json`, and random ones.
#[must_use]
pub fn all() -> Cases {
    let mut cases = written();
    let mut source = Source::new(SEED);
    cases.extend((0..RANDOM_COUNT).map(|number| (format!("random-{number}"), source.event())));
    cases
}

/// Cases in the form of `cases.json`.
#[must_use]
pub fn describe(cases: &Cases) -> String {
    let described = cases
        .iter()
        .map(|(name, event)| (name.clone(), neutral::describe(event)));
    Json::Object(described.collect()).to_string()
}
