//! What the cluster talks about, and who matches what, told without the code under test.

use crate::rng::Rng;

/// Topics of publications.
pub(crate) const TOPICS: [&str; 12] = [
    "zeek/cluster/worker",
    "zeek/cluster/manager",
    "zeek/cluster/pool/proxy/1",
    "zeek/supervisor",
    "zeek/a*b",
    "intel/new",
    "intel/new/item",
    "metrics/rate",
    "t",
    "other/x/y/z",
    "other/x/y",
    "z",
];

const FILTERS: [&str; 14] = [
    "*",
    "zeek/*",
    "zeek/cluster/*",
    "zeek/cluster/worker",
    "zeek/*/pool/*",
    "intel/*",
    "intel/new",
    "*/y/*",
    "*x*y*",
    "t",
    "metrics/*",
    "z*",
    "zeek/a\\*b",
    "nobody/says/this",
];

/// A filter that matches some topics, or once in a while one that matches none.
pub(crate) fn filter(rng: &mut Rng) -> String {
    match rng.within(0..=9) {
        0 => format!("churn/{}/*", rng.within(0..=40)),
        _ => (*rng.pick(&FILTERS)).to_owned(),
    }
}

/// Whether a filter matches a topic.
pub(crate) fn matches(filter: &[u8], topic: &[u8]) -> bool {
    let reserved = topic.first() == Some(&b'.') && filter.first() != Some(&b'.');
    !reserved && glob(filter, topic)
}

fn glob(filter: &[u8], topic: &[u8]) -> bool {
    match filter {
        [] => topic.is_empty(),
        [b'*', rest @ ..] => (0..=topic.len()).any(|from| glob(rest, &topic[from..])),
        [b'\\', literal, rest @ ..] | [literal, rest @ ..] => {
            topic.first() == Some(literal) && glob(rest, &topic[1..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_the_rules_say() {
        for (filter, topic, expected) in [
            ("*", "a", true),
            ("*", ".node.a", false),
            (".node.a", ".node.a", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "acd", false),
            ("a\\*b", "a*b", true),
            ("a\\*b", "axb", false),
            ("*/y/*", "other/x/y/z", true),
            ("*/y/*", "other/x/y", false),
        ] {
            assert_eq!(
                matches(filter.as_bytes(), topic.as_bytes()),
                expected,
                "{filter} {topic}"
            );
        }
    }

    #[test]
    fn every_topic_has_a_filter() {
        for topic in TOPICS {
            let found = FILTERS
                .iter()
                .filter(|filter| matches(filter.as_bytes(), topic.as_bytes()));
            assert!(found.count() > 1, "{topic}");
        }
    }
}
