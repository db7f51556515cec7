//! Globs against cases and a naive matcher.

use proptest::prelude::*;

use super::*;
use crate::topics::naive;

fn glob(filter: &[u8]) -> Glob {
    Glob::new(TopicFilter::new(filter).unwrap())
}

/// Checks a filter with topics that it must match and topics that it must not.
fn check(filter: &str, matching: &[&str], others: &[&str]) {
    let glob = glob(filter.as_bytes());
    for (topics, expected) in [(matching, true), (others, false)] {
        for topic in topics {
            assert_eq!(
                glob.matches(topic.as_bytes()),
                expected,
                "{filter} with {topic}"
            );
            let naive = naive::matches(glob.filter().as_bytes(), topic.as_bytes());
            assert_eq!(naive, expected, "oracle: {filter} with {topic}");
        }
    }
}

#[test]
fn a_filter_without_star_matches_itself() {
    check(
        "zeek/a",
        &["zeek/a"],
        &["zeek", "zeek/", "zeek/ab", "Zeek/a", "xzeek/a"],
    );
}

#[test]
fn a_star_stands_for_any_run_even_an_empty_one() {
    check("a*", &["a", "ab", "a/b/c"], &["b", "ba"]);
    check("*", &["a", "*", "a.b"], &[]);
    check(
        "a*b",
        &["ab", "axb", "abb", "a/b"],
        &["a", "b", "ba", "abx"],
    );
    check("*a*", &["a", "xa", "ax", "xax"], &["x", "b"]);
}

#[test]
fn an_escape_stands_for_the_byte_itself() {
    check(r"a\*", &["a*"], &["a", "ab", r"a\*", r"a\"]);
    check(r"a\\*", &[r"a\", r"a\b", r"a\*"], &["a", "ab", "a*"]);
    check(r"\**\*", &["**", "*x*"], &["*", "x*", "*x", r"\*\*"]);
    check(r"*\\*", &[r"\", r"x\y"], &["x", "*"]);
}

#[test]
fn literals_do_not_overlap() {
    check(
        "*aa*aa*",
        &["aaaa", "aaxaa", "xaaaax"],
        &["aaa", "aa", "aaxa"],
    );
    check("aa*aa", &["aaaa", "aaaaa"], &["aaa", "aa"]);
    check("ab*b", &["abb"], &["ab"]);
    check("a*ba*a", &["abaa", "aba!a"], &["aba"]);
}

#[test]
fn an_early_choice_never_hides_a_match() {
    check("*ab*abc", &["ababc", "abababc"], &["abc", "aabc"]);
    check("a*bc*c", &["abcbcc", "abcc"], &["abc"]);
}

#[test]
fn eight_stars_match() {
    check(
        "*a*b*c*d*e*f*g*",
        &["abcdefg", "xaxbxcxdxexfxgx"],
        &["abcdegf", "abcdef"],
    );
    check(
        "0*1*2*3*4*5*6*7*8",
        &["012345678", "0-1-2-3-4-5-6-7-8"],
        &["01234567", "0123456788x"],
    );
}

#[test]
fn reserved_topics_need_a_filter_that_starts_with_a_dot() {
    check("*", &["a"], &[".a", ".", ".node.x"]);
    check("*node*", &["a.node.x"], &[".node.x"]);
    check("*.x", &["a.x", "a.b.x"], &[".x", ".node.x"]);
    check(".*", &[".", ".a", ".node.x"], &["a", "a.b"]);
    check(".node.*", &[".node.x"], &[".nodes", "x.node.x"]);
    check(".node.x", &[".node.x"], &["node.x"]);
}

#[test]
fn the_longest_topics_and_filters_match() {
    let topic = "x".repeat(512);
    check("x*x", &[&topic], &[&topic[..1]]);
    check(&topic, &[&topic], &[&topic[..511]]);
    let halves = format!("{}*{}", &topic[..255], &topic[..256]);
    check(&halves, &[&topic, &topic[..511]], &[&topic[..510]]);
}

#[test]
fn the_form_tells_how_to_find_a_filter() {
    for (filter, form) in [
        ("a", Form::Exact),
        (r"a\*", Form::Exact),
        ("a*", Form::Prefix),
        ("*", Form::Prefix),
        (r"a\**", Form::Prefix),
        ("a*b", Form::Inner),
        ("*a", Form::Inner),
        ("*a*", Form::Inner),
        ("a*b*", Form::Inner),
    ] {
        assert_eq!(glob(filter.as_bytes()).form(), form, "{filter}");
    }
}

/// Each search begins where the one before ended and never goes back, so what all of them look at
/// is the topic once; the search itself is linear.
#[test]
fn the_worst_filters_pass_once_over_the_topic() {
    let mut topic = vec![b'a'; 511];
    topic.push(b'b');
    for filter in [
        "a*a*a*a*a*a*a*a*",
        "*aa*aa*aa*aa*aa*aa*aa*c",
        "*a*a*a*a*a*a*a*",
        "*ab*aa*",
    ] {
        let glob = glob(filter.as_bytes());
        let (mut looked_at, mut calls) = (0, 0);
        let counting = |bytes: &[u8], literal: &[u8]| {
            let found = find(bytes, literal);
            looked_at += found.map_or(bytes.len(), |at| at + literal.len());
            calls += 1;
            found
        };
        glob.matches_middle(&topic, counting);
        assert!(
            looked_at <= topic.len(),
            "{filter} looked at {looked_at} bytes"
        );
        assert!(
            calls <= FILTER_STAR_COUNT_MAX,
            "{filter} searched {calls} times"
        );
        assert_eq!(
            glob.matches(&topic),
            naive::matches(filter.as_bytes(), &topic),
            "{filter}"
        );
    }
}

/// Few different bytes, so that literals repeat and overlap.
fn filters() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(
        prop::sample::select(vec![
            &b"a"[..],
            b"b",
            b"ab",
            b".",
            b"*",
            b"*",
            br"\*",
            br"\\",
        ]),
        1..24,
    )
    .prop_map(|parts| parts.concat())
    .prop_filter("at most 8 stars", |bytes| TopicFilter::new(bytes).is_ok())
}

fn topics() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"aaabbb.*\\".to_vec()), 1..40)
}

/// What a star stands for.
fn run() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"ab*".to_vec()), 0..4)
}

/// A topic that a filter matches, unless it starts with a dot that the filter lacks.
fn matching(filter: &[u8], runs: &[Vec<u8>]) -> Vec<u8> {
    let (mut topic, mut runs, mut bytes) = (Vec::new(), runs.iter().cycle(), filter.iter());
    while let Some(&byte) = bytes.next() {
        match byte {
            b'*' => topic.extend(runs.next().unwrap()),
            b'\\' => topic.push(*bytes.next().unwrap()),
            _ => topic.push(byte),
        }
    }
    topic
}

proptest! {
    #[test]
    fn matching_agrees_with_the_oracle(
        filter in filters(),
        topics in prop::collection::vec(topics(), 1..16),
        runs in prop::collection::vec(run(), 1..8),
    ) {
        let glob = glob(&filter);
        let text = glob.filter().as_bytes();
        for topic in topics.iter().chain([&matching(text, &runs)]) {
            prop_assert_eq!(glob.matches(topic), naive::matches(text, topic), "{:?}", topic);
        }
    }
}

#[test]
fn stars_stand_for_any_run_and_escapes_for_themselves() {
    for (filter, topic, fits) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("ab", "a", false),
        ("*", "", true),
        ("a*", "a", true),
        ("a*c", "abc", true),
        ("a*c", "abcd", false),
        ("a*b*c", "aXbbYc", true),
        ("*ab", "aab", true),
        ("*ab*ba", "abba", true),
        ("*ab*ba", "aba", false),
        (r"a\*", "a*", true),
        (r"a\*", "ab", false),
        (r"a\\*", r"a\b", true),
        ("*", ".node.a", false),
        (".node.*", ".node.a", true),
    ] {
        let found = glob(filter.as_bytes()).matches(topic.as_bytes());
        assert_eq!(found, fits, "{filter} on {topic}");
    }
}
