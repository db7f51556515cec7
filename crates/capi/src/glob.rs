//! Whether a filter matches a topic, for the few filters that are this library's own business.

/// Whether a filter in text form matches a topic. Takes time in the product of their lengths at
/// worst.
pub(crate) fn matches(filter: &[u8], topic: &[u8]) -> bool {
    if topic.first() == Some(&b'.') && filter.first() != Some(&b'.') {
        return false;
    }
    let (mut at, mut seen) = (0, 0);
    // Behind the last star, and how much of the topic it has swallowed.
    let mut retry = None;
    loop {
        match filter.get(at) {
            Some(b'*') => {
                at += 1;
                retry = Some((at, seen));
                continue;
            }
            None if seen == topic.len() => return true,
            Some(byte) => {
                let (literal, next) = match byte {
                    b'\\' => (filter.get(at + 1), at + 2),
                    _ => (Some(byte), at + 1),
                };
                if seen < topic.len() && literal == topic.get(seen) {
                    (at, seen) = (next, seen + 1);
                    continue;
                }
            }
            None => {}
        }
        let Some((behind_star, swallowed)) = retry.filter(|(_, from)| *from < topic.len()) else {
            return false;
        };
        (at, seen) = (behind_star, swallowed + 1);
        retry = Some((behind_star, swallowed + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

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
            let found = matches(filter.as_bytes(), topic.as_bytes());
            assert_eq!(found, fits, "{filter} on {topic}");
        }
    }
}
