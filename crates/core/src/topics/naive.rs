//! What matching means, written to be obviously right: the oracle of the tests here.

/// Whether a filter in text form matches a topic, by trying for every star all it may stand for.
pub(super) fn matches(filter: &[u8], topic: &[u8]) -> bool {
    if topic.first() == Some(&b'.') && filter.first() != Some(&b'.') {
        return false;
    }
    // `ends[n]` says whether the part of the filter read so far matches the topic's first n bytes.
    let mut ends = vec![false; topic.len() + 1];
    ends[0] = true;
    let mut bytes = filter.iter();
    while let Some(&byte) = bytes.next() {
        if byte == b'*' {
            for at in 1..ends.len() {
                ends[at] |= ends[at - 1];
            }
            continue;
        }
        let literal = if byte == b'\\' {
            *bytes.next().unwrap()
        } else {
            byte
        };
        for at in (1..ends.len()).rev() {
            ends[at] = ends[at - 1] && topic[at - 1] == literal;
        }
        ends[0] = false;
    }
    ends[topic.len()]
}
