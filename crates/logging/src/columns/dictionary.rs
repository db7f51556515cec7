//! At most 256 strings, each with a code of one byte, found by their bytes.

/// Places of the hash table, twice as many as entries.
const SLOT_COUNT: usize = 512;
const SLOT_BITS: u32 = SLOT_COUNT.trailing_zeros();
/// Places looked at before a string counts as new. It bounds what strings that were chosen to
/// collide can cost.
const PROBE_COUNT: usize = 8;
/// Longest string that its key holds whole.
const KEY_BYTES: usize = 16;

/// Strings and their codes.
#[derive(Debug)]
pub(super) struct Dictionary {
    slots: Box<[Slot; SLOT_COUNT]>,
    /// The slots in use, by code.
    used: Vec<u16>,
    /// Where the bytes of each entry end, by code.
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

/// A place of the hash table.
#[derive(Clone, Copy, Debug)]
struct Slot {
    key: Key,
    code: u8,
}

/// What tells most strings apart: their length, and their first and last eight bytes. Up to
/// [`KEY_BYTES`] that is all of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Key {
    first: u64,
    last: u64,
    length: usize,
}

impl Slot {
    /// A place without an entry: no string is that long.
    const FREE: Self = Self {
        key: Key {
            first: 0,
            last: 0,
            length: usize::MAX,
        },
        code: 0,
    };

    const fn is_free(&self) -> bool {
        self.key.length == usize::MAX
    }
}

impl Key {
    #[inline(always)]
    fn of(text: &[u8]) -> Self {
        let (first, last) = match text.len() {
            8.. => ends::<8>(text),
            4.. => ends::<4>(text),
            2.. => ends::<2>(text),
            1 => (u64::from(text[0]), 0),
            0 => (0, 0),
        };
        Self {
            first,
            last,
            length: text.len(),
        }
    }

    #[inline(always)]
    const fn slot(self) -> usize {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = self.first ^ self.last.rotate_left(29) ^ self.length as u64;
        (mixed.wrapping_mul(ODD) >> (u64::BITS - SLOT_BITS)) as usize
    }
}

/// The first and the last `N` bytes, at most eight, of a string that has as many.
#[inline(always)]
fn ends<const N: usize>(text: &[u8]) -> (u64, u64) {
    let word = |bytes: Option<&[u8; N]>| {
        let mut word = [0; 8];
        if let (Some(bytes), Some(to)) = (bytes, word.first_chunk_mut::<N>()) {
            *to = *bytes;
        }
        u64::from_le_bytes(word)
    };
    (word(text.first_chunk()), word(text.last_chunk()))
}

impl Dictionary {
    pub(super) fn new() -> Self {
        Self {
            slots: Box::new([Slot::FREE; SLOT_COUNT]),
            used: Vec::new(),
            ends: Vec::new(),
            bytes: Vec::new(),
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.used.len()
    }

    /// What the entries take.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes.len() + self.ends.len() * size_of::<u32>()
    }

    /// Where each entry's bytes end, and all their bytes.
    pub(super) fn entries(&self) -> (&[u32], &[u8]) {
        (&self.ends, &self.bytes)
    }

    /// The string with that code; empty if there is none.
    pub(super) fn entry(&self, code: u8) -> &[u8] {
        let code = usize::from(code);
        let start = code.checked_sub(1).map_or(0, |before| self.ends[before]);
        match self.ends.get(code) {
            Some(end) => &self.bytes[start as usize..*end as usize],
            None => &[],
        }
    }

    /// The string's code, if its key holds it whole and it lies where it is looked for first: most
    /// of the time. Otherwise, ask [`find_further`](Self::find_further).
    #[inline(always)]
    pub(super) fn find_at_once(&self, text: &[u8]) -> Option<u8> {
        let key = Key::of(text);
        let slot = &self.slots[key.slot()];
        (slot.key == key && text.len() <= KEY_BYTES).then_some(slot.code)
    }

    /// The string's code.
    #[cold]
    #[inline(never)]
    pub(super) fn find_further(&self, text: &[u8]) -> Option<u8> {
        let key = Key::of(text);
        for place in places(key) {
            let slot = &self.slots[place];
            if slot.is_free() {
                return None;
            }
            if slot.key == key && (text.len() <= KEY_BYTES || self.entry(slot.code) == text) {
                return Some(slot.code);
            }
        }
        None
    }

    /// Takes a string that is not there. `None` if there is no room.
    pub(super) fn add(&mut self, text: &[u8]) -> Option<u8> {
        let code = u8::try_from(self.used.len()).ok()?;
        let key = Key::of(text);
        let free = places(key).find(|place| self.slots[*place].is_free())?;
        self.slots[free] = Slot { key, code };
        self.used.push(u16::try_from(free).ok()?);
        self.bytes.extend_from_slice(text);
        self.ends.push(u32::try_from(self.bytes.len()).ok()?);
        Some(code)
    }

    pub(super) fn clear(&mut self) {
        for place in self.used.drain(..) {
            self.slots[usize::from(place)] = Slot::FREE;
        }
        self.ends.clear();
        self.bytes.clear();
    }
}

/// The places where a string may lie, in the order in which they are tried.
fn places(key: Key) -> impl Iterator<Item = usize> {
    (key.slot()..)
        .take(PROBE_COUNT)
        .map(|slot| slot % SLOT_COUNT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_every_length_keep_their_codes() {
        let mut dictionary = Dictionary::new();
        let texts: Vec<Vec<u8>> = (0..100).map(|n| vec![b'x'; n]).collect();
        for text in &texts {
            assert_eq!(dictionary.find_further(text), None);
            assert!(dictionary.add(text).is_some());
        }
        for (code, text) in texts.iter().enumerate() {
            let found = dictionary.find_further(text).unwrap();
            assert_eq!(usize::from(found), code);
            assert_eq!(dictionary.entry(found), text);
        }
        dictionary.clear();
        assert!(
            texts
                .iter()
                .all(|text| dictionary.find_further(text).is_none())
        );
    }

    #[test]
    fn strings_that_differ_in_the_middle_only_are_told_apart() {
        let mut dictionary = Dictionary::new();
        let text = |middle: u8| [b"01234567", &[middle][..], b"76543210"].concat();
        assert_eq!(dictionary.add(&text(b'a')), Some(0));
        assert_eq!(dictionary.find_further(&text(b'b')), None);
        assert_eq!(dictionary.add(&text(b'b')), Some(1));
        assert_eq!(dictionary.find_further(&text(b'b')), Some(1));
        assert_eq!(dictionary.find_further(&text(b'a')), Some(0));
    }

    #[test]
    fn strings_that_collide_are_refused_before_they_cost_much() {
        let mut dictionary = Dictionary::new();
        let texts = (0_u32..).map(|n| format!("0123456789abcdef{n:08}fedcba98"));
        // Same length, same ends: the same place.
        let refused = texts
            .take(20)
            .filter(|text| dictionary.add(text.as_bytes()).is_none());
        assert_eq!(refused.count(), 20 - PROBE_COUNT);
    }
}
