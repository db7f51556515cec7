//! Topics and filters as text.

use zeekwire_core::topics::{Form, Glob};
use zeekwire_types::limits::{FILTER_STAR_COUNT_MAX, TOPIC_BYTES_MAX};
use zeekwire_types::{Topic, TopicFilter};

use crate::oracle;

/// Input: a pattern, a line feed, and a topic.
pub fn topics(data: &[u8]) {
    let end = data
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(data.len());
    let (pattern, topic) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    check_pattern(pattern, topic);
    check_topic(topic);
}

fn check_pattern(pattern: &[u8], topic: &[u8]) {
    let filter = match TopicFilter::new(pattern) {
        Ok(filter) => filter,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let normal = filter.as_bytes();
    assert!((1..=TOPIC_BYTES_MAX).contains(&normal.len()));
    assert_eq!(
        TopicFilter::new(normal).as_ref(),
        Ok(&filter),
        "a normal form is final"
    );
    assert!(!filter.to_string().is_empty());
    let glob = Glob::new(filter.clone());
    assert_eq!(glob.filter(), &filter);
    let stars = stars_of(normal);
    assert!(stars <= FILTER_STAR_COUNT_MAX);
    assert_eq!(glob.form() == Form::Exact, stars == 0);
    // The oracle needs room for all pairs of places.
    if topic.len() <= TOPIC_BYTES_MAX && pattern.len() <= 4 * TOPIC_BYTES_MAX {
        let expected = oracle::matches(pattern, topic);
        assert_eq!(oracle::matches(normal, topic), expected);
        assert_eq!(glob.matches(topic), expected);
    }
}

/// Stars that are not escaped, of which no two are neighbours.
fn stars_of(filter: &[u8]) -> usize {
    let mut bytes = filter.iter();
    let mut stars = 0;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => assert!(bytes.next().is_some()),
            b'*' => {
                assert_ne!(bytes.as_slice().first(), Some(&b'*'));
                stars += 1;
            }
            _ => {}
        }
    }
    stars
}

fn check_topic(bytes: &[u8]) {
    let topic = match Topic::new(bytes) {
        Ok(topic) => topic,
        Err(error) => {
            assert!(bytes.is_empty() || bytes.len() > TOPIC_BYTES_MAX);
            return assert!(!error.to_string().is_empty());
        }
    };
    assert_eq!(topic.as_bytes(), bytes);
    assert_eq!(Topic::check(bytes), Ok(()));
    assert!(!topic.to_string().is_empty());
    assert!(!Topic::is_reserved(bytes) || bytes[0] == b'.');
    let escapes = bytes
        .iter()
        .filter(|byte| matches!(byte, b'*' | b'\\'))
        .count();
    let exact = TopicFilter::exact(bytes);
    assert_eq!(exact.is_ok(), bytes.len() + escapes <= TOPIC_BYTES_MAX);
    let prefix = TopicFilter::prefix(bytes);
    assert_eq!(prefix.is_ok(), bytes.len() + escapes < TOPIC_BYTES_MAX);
    let longer = [bytes, b"*"].concat();
    if let Ok(exact) = exact {
        let glob = Glob::new(exact);
        assert!(glob.form() == Form::Exact && glob.matches(bytes) && !glob.matches(&longer));
    }
    if let Ok(prefix) = prefix {
        let glob = Glob::new(prefix);
        assert!(glob.form() == Form::Prefix && glob.matches(bytes) && glob.matches(&longer));
        assert!(!glob.matches(&bytes[..bytes.len() - 1]));
    }
}
