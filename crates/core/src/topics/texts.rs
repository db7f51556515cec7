//! Short byte strings one behind the other, so that thousands of them fit in a processor's cache.

/// Byte strings by position.
#[derive(Debug)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    dead_bytes: usize,
}

/// Where a text is, in units of [`ALIGNMENT_BYTES`], and its length.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Text {
    at: u32,
    len: u16,
}

impl Text {
    pub(super) const fn len(self) -> usize {
        self.len as usize
    }
}

impl Texts {
    pub(super) const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            dead_bytes: 0,
        }
    }

    pub(super) fn add(&mut self, text: &[u8]) -> Text {
        let at = u32::try_from(self.bytes.len() / ALIGNMENT_BYTES).expect("32 GiB of filters");
        self.bytes.extend_from_slice(text);
        self.bytes
            .resize(self.bytes.len().next_multiple_of(ALIGNMENT_BYTES), 0);
        Text {
            at,
            len: u16::try_from(text.len()).expect("filters are shorter"),
        }
    }

    #[inline]
    pub(super) fn get(&self, text: Text) -> &[u8] {
        let start = text.at as usize * ALIGNMENT_BYTES;
        &self.bytes[start..start + usize::from(text.len)]
    }

    /// Gives up a text. Its bytes are taken back with those of many others.
    pub(super) fn remove(&mut self, text: Text) {
        self.dead_bytes += usize::from(text.len).next_multiple_of(ALIGNMENT_BYTES);
    }

    /// Moves the living texts together, once more than half of the bytes are dead.
    pub(super) fn compact<'a>(&mut self, living: impl Iterator<Item = &'a mut Text>) {
        if self.dead_bytes <= self.bytes.len() / 2 + DEAD_BYTES_MIN {
            return;
        }
        let mut dense = Self::new();
        dense.bytes.reserve(self.bytes.len() - self.dead_bytes);
        for text in living {
            *text = dense.add(self.get(*text));
        }
        *self = dense;
    }

    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        self.bytes.capacity()
    }
}

const ALIGNMENT_BYTES: usize = 8;

/// With fewer dead bytes than this it is not worth the effort.
const DEAD_BYTES_MIN: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_survive_compaction() {
        let mut texts = Texts::new();
        let mut living = Vec::new();
        for number in 0..2000 {
            let text = format!("zeek/{number}").into_bytes();
            living.push((texts.add(&text), text));
        }
        let full = texts.held_bytes();
        for number in (0..2000).rev().filter(|number| number % 10 != 0) {
            texts.remove(living.remove(number).0);
            texts.compact(living.iter_mut().map(|pair| &mut pair.0));
        }
        assert!(living.iter().all(|(text, bytes)| texts.get(*text) == bytes));
        assert!(
            texts.held_bytes() < full / 2,
            "{} of {full} bytes",
            texts.held_bytes()
        );
    }
}
