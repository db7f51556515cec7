//! Escaping for TSV.

use super::all_printable;
use super::printable;
use super::push_hex;

/// Escapes what stands between separators.
#[derive(Clone, Debug)]
pub(crate) struct TsvEscaper {
    /// Outside of sets and vectors, then inside.
    places: [Place; 2],
    utf8: bool,
}

/// What must be escaped at a place.
#[derive(Clone, Debug)]
struct Place {
    /// Separators, none of them empty. Of two, the one that Zeek finds first comes first.
    sequences: Vec<Vec<u8>>,
    /// The first bytes of separators that are printable; backslashes where there are none.
    /// They, and all that is not printable ASCII, need a closer look.
    first_bytes: [u8; 2],
}

impl Place {
    fn new(sequences: &[&[u8]]) -> Self {
        let mut sequences: Vec<_> = sequences.iter().map(|s| s.to_vec()).collect();
        sequences.sort();
        // Zeek looks no further once it meets an empty one.
        if sequences.first().is_some_and(Vec::is_empty) {
            sequences.clear();
        }
        let mut first_bytes = [b'\\'; 2];
        let printable = sequences
            .iter()
            .map(|s| s[0])
            .filter(|byte| (0x20..=0x7e).contains(byte));
        first_bytes
            .iter_mut()
            .zip(printable)
            .for_each(|(slot, byte)| *slot = byte);
        Self {
            sequences,
            first_bytes,
        }
    }

    /// Whether the text stands for itself: no byte needs a closer look.
    #[inline]
    fn is_plain(&self, text: &[u8]) -> bool {
        let Some(last) = text.last_chunk() else {
            return text.iter().all(|&byte| self.is_plain_byte(byte));
        };
        // The last word may hold bytes of the one before it again.
        let (words, _) = text.as_chunks();
        let bits = |word: &[u8; 8]| self.special_bits(*word);
        words
            .iter()
            .fold(bits(last), |found, word| found | bits(word))
            == 0
    }

    #[inline]
    fn is_plain_byte(&self, byte: u8) -> bool {
        (0x20..=0x7e).contains(&byte) && byte != b'\\' && !self.first_bytes.contains(&byte)
    }

    /// Not zero if any of eight bytes needs a closer look.
    #[inline]
    fn special_bits(&self, word: [u8; 8]) -> u64 {
        const ONES: u64 = u64::from_ne_bytes([1; 8]);
        const HIGHS: u64 = ONES << 7;
        let word = u64::from_ne_bytes(word);
        let [first, second] = self.first_bytes;
        let below = word.wrapping_sub(ONES * 0x20) & !word;
        let above = word.wrapping_add(ONES) | word;
        let equal = |byte: u8| {
            let difference = word ^ (ONES * u64::from(byte));
            difference.wrapping_sub(ONES) & !difference
        };
        (below | above | equal(b'\\') | equal(first) | equal(second)) & HIGHS
    }

    /// The length of the separator that the text starts with, or 0.
    fn separator(&self, text: &[u8]) -> usize {
        let starts = self.sequences.iter().find(|s| text.starts_with(s));
        starts.map_or(0, Vec::len)
    }
}

impl TsvEscaper {
    /// An escaper for these separators; the second counts inside sets and vectors only.
    pub(crate) fn new(separator: &[u8], set_separator: &[u8], utf8: bool) -> Self {
        let places = [
            Place::new(&[separator]),
            Place::new(&[separator, set_separator]),
        ];
        Self { places, utf8 }
    }

    /// One that knows no separators.
    pub(crate) fn without_separators() -> Self {
        Self {
            places: [Place::new(&[]), Place::new(&[])],
            utf8: true,
        }
    }

    /// Whether `text` needs no escaping at either place.
    pub(crate) fn is_plain(&self, text: &[u8]) -> bool {
        self.places.iter().all(|place| place.is_plain(text))
    }

    /// Appends a text, escaped for its place.
    #[inline]
    pub(crate) fn push(&self, out: &mut Vec<u8>, text: &[u8], in_container: bool) {
        let place = &self.places[usize::from(in_container)];
        if place.is_plain(text) {
            out.extend_from_slice(text);
        } else {
            self.push_special(out, text, place);
        }
    }

    /// Appends a text that Zeek writes for something else, such as `-` for an unset field: its
    /// first byte is escaped.
    pub(crate) fn push_reserved(&self, out: &mut Vec<u8>, text: &[u8], in_container: bool) {
        if let Some((&first, rest)) = text.split_first() {
            push_hex(out, first);
            self.push(out, rest, in_container);
        }
    }

    #[cold]
    fn push_special(&self, out: &mut Vec<u8>, text: &[u8], place: &Place) {
        let (mut run, mut at) = (0, 0);
        while at < text.len() {
            let byte = text[at];
            let unprintable = !self.utf8 && !(0x20..=0x7e).contains(&byte);
            let length = if unprintable || byte == b'\\' {
                1
            } else {
                place.separator(&text[at..])
            };
            if length == 0 {
                at += 1;
                continue;
            }
            push_run(out, &text[run..at]);
            for &byte in &text[at..at + length] {
                if byte == b'\\' {
                    out.extend_from_slice(b"\\\\");
                } else {
                    push_hex(out, byte);
                }
            }
            at += length;
            run = at;
        }
        push_run(out, &text[run..]);
    }
}

/// Appends what stands between two escaped places.
fn push_run(out: &mut Vec<u8>, run: &[u8]) {
    if all_printable(run, |_| false) {
        out.extend_from_slice(run);
        return;
    }
    for &byte in run {
        match printable(&[byte]) {
            Some(_) => out.push(byte),
            None => push_hex(out, byte),
        }
    }
}
