//! What matching means, written to be obviously right.

/// Whether a filter in its text form matches a topic.
///
/// Fills the table of all pairs of a start of the filter and a start of the topic.
pub(crate) fn matches(filter: &[u8], topic: &[u8]) -> bool {
    if topic.starts_with(b".") && !filter.starts_with(b".") {
        return false;
    }
    let parts = parts(filter);
    // `table[f][t]`: the first `f` parts of the filter match the first `t` bytes of the topic.
    let mut table = vec![vec![false; topic.len() + 1]; parts.len() + 1];
    table[0][0] = true;
    for (f, part) in parts.iter().enumerate() {
        for t in 0..=topic.len() {
            table[f + 1][t] = match part {
                Part::Star => table[f][t] || t > 0 && table[f + 1][t - 1],
                Part::Byte(byte) => t > 0 && topic[t - 1] == *byte && table[f][t - 1],
            };
        }
    }
    table[parts.len()][topic.len()]
}

enum Part {
    Byte(u8),
    Star,
}

fn parts(filter: &[u8]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut bytes = filter.iter();
    while let Some(byte) = bytes.next() {
        parts.push(match byte {
            b'*' => Part::Star,
            b'\\' => Part::Byte(*bytes.next().expect("a filter has whole escapes")),
            byte => Part::Byte(*byte),
        });
    }
    parts
}
