//! What matching means, written to be obviously right.

/// Whether a filter in its text form matches a topic.
///
/// Fills the table of all pairs of a start of the filter and a start of the topic, row by row.
pub(crate) fn matches(filter: &[u8], topic: &[u8]) -> bool {
    if topic.starts_with(b".") && !filter.starts_with(b".") {
        return false;
    }
    // `row[t]`: what was read of the filter so far matches the first `t` bytes of the topic.
    let mut row = vec![false; topic.len() + 1];
    row[0] = true;
    let mut bytes = filter.iter();
    while let Some(byte) = bytes.next() {
        let above = row.clone();
        let literal = match byte {
            b'*' => None,
            b'\\' => Some(*bytes.next().expect("a filter has whole escapes")),
            byte => Some(*byte),
        };
        for t in 0..=topic.len() {
            row[t] = match literal {
                None => above[t] || t > 0 && row[t - 1],
                Some(byte) => t > 0 && topic[t - 1] == byte && above[t - 1],
            };
        }
    }
    row[topic.len()]
}
