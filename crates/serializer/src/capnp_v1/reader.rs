//! Structs and lists in a payload's words.
//!
//! Follows Cap'n Proto where it allows for other versions of the schema: a struct may be shorter
//! than expected, what is not there being zero, or longer; a list of structs may have been sent as
//! a list of numbers or of pointers, which are the structs' first field then.

use zeekwire_buffer::utf8;

use super::layout::{VALUE, WORD};
use super::payload::{Damage, KIND, LIST, Payload, STRUCT, Target, halves};
use super::plain::Plain;

/// Sizes of a list's elements: codes in a pointer to it.
mod size {
    pub(super) const VOID: u32 = 0;
    pub(super) const BIT: u32 = 1;
    pub(super) const BYTE: u32 = 2;
    pub(super) const TWO_BYTES: u32 = 3;
    pub(super) const FOUR_BYTES: u32 = 4;
    pub(super) const EIGHT_BYTES: u32 = 5;
    pub(super) const COMPOSITE: u32 = 7;
}

/// A struct. One that is not there has sections of no size.
#[derive(Clone, Copy)]
pub(super) struct Struct<'m> {
    payload: &'m Payload<'m>,
    /// Where its data is.
    at: u32,
    data_bytes: u32,
    pointers: u16,
    /// How many pointers may be followed from here, one after the other.
    levels: u8,
}

/// A list of structs, or of pointers. One that is not there has no elements.
#[derive(Clone, Copy)]
pub(super) struct List<'m> {
    payload: &'m Payload<'m>,
    /// Where its first element is.
    start: u32,
    count: u32,
    /// Of each element, which all have the same sections.
    data_bytes: u32,
    pointers: u16,
    /// How many pointers may be followed from an element.
    levels: u8,
}

impl<'m> Struct<'m> {
    /// The struct that the root pointer leads to. From there to any value at most `levels`
    /// pointers are followed, this one included.
    #[inline]
    pub(super) fn root(payload: &'m Payload<'m>, levels: u8) -> Result<Self, Damage> {
        let at = payload.root()?;
        match payload.word(at) {
            0 => Ok(Self::absent(payload)),
            pointer => Self::follow(payload, pointer, at, levels),
        }
    }

    /// The first word of data, or as much of it as is there.
    #[inline]
    pub(super) fn first(&self) -> u64 {
        match self.data_bytes {
            0..8 => self.part_of_first(),
            _ => self.payload.word(self.at),
        }
    }

    /// The word of data at `index`; zero unless all of it is there.
    #[inline]
    pub(super) fn word(&self, index: u32) -> u64 {
        match (index + 1) * 8 <= self.data_bytes {
            true => self.payload.word(self.at + index * 8),
            false => 0,
        }
    }

    /// The struct behind the pointer of that number.
    #[inline]
    pub(super) fn structure(&self, index: u16) -> Result<Self, Damage> {
        match self.pointer(index) {
            Some((pointer, at)) => Self::follow(self.payload, pointer, at, self.levels),
            None => Ok(Self::absent(self.payload)),
        }
    }

    /// The list of structs behind the pointer of that number.
    #[inline(always)]
    pub(super) fn structs(&self, index: u16) -> Result<List<'m>, Damage> {
        match self.pointer(index) {
            Some((pointer, at)) => List::follow(self.payload, pointer, at, self.levels),
            None => Ok(List::absent(self.payload)),
        }
    }

    /// The list of texts behind the pointer of that number.
    #[inline]
    pub(super) fn texts(&self, index: u16) -> Result<List<'m>, Damage> {
        let Some((pointer, at)) = self.pointer(index) else {
            return Ok(List::absent(self.payload));
        };
        let list = List::follow(self.payload, pointer, at, self.levels)?;
        match list.pointers {
            0 => Err(Damage::BadPointer),
            _ => Ok(list),
        }
    }

    /// The bytes behind the pointer of that number.
    #[inline]
    pub(super) fn data(&self, index: u16) -> Result<&'m [u8], Damage> {
        match self.pointer(index) {
            Some((pointer, at)) => bytes(self.payload, pointer, at),
            None => Ok(&[]),
        }
    }

    /// The text behind the pointer of that number.
    #[inline(always)]
    pub(super) fn text(&self, index: u16) -> Result<&'m str, Damage> {
        match self.pointer(index) {
            Some((pointer, at)) => text(self.payload, pointer, at),
            None => Ok(""),
        }
    }

    /// As the words of a value, if it has the sections of one.
    #[inline(always)]
    pub(super) fn plain(&self) -> Option<Plain<'m>> {
        if self.data_bytes != u32::from(VALUE.data) * 8 || self.pointers != VALUE.pointers {
            return None;
        }
        Plain::at(self.payload, self.at)
    }

    /// The pointer of that number, unless it is null or not there, and where it is.
    #[inline]
    fn pointer(&self, index: u16) -> Option<(u64, u32)> {
        if index >= self.pointers {
            return None;
        }
        let at = self.at + self.data_bytes + u32::from(index) * 8;
        match self.payload.word(at) {
            0 => None,
            pointer => Some((pointer, at)),
        }
    }

    /// The first word of data where not all of it is there: the struct was sent as a number.
    #[cold]
    fn part_of_first(self) -> u64 {
        let mut word = [0; WORD];
        // A byte is smaller than the fields that are asked for, and so holds none.
        if let 2 | 4 = self.data_bytes {
            let part = self.payload.bytes(self.at, self.data_bytes);
            word[..part.len()].copy_from_slice(part);
        }
        u64::from_le_bytes(word)
    }

    #[inline]
    fn follow(payload: &'m Payload<'m>, pointer: u64, at: u32, levels: u8) -> Result<Self, Damage> {
        let levels = levels.checked_sub(1).ok_or(Damage::TooDeep)?;
        let target = payload.follow(pointer, at)?;
        if target.pointer & KIND != STRUCT {
            return Err(Damage::BadPointer);
        }
        let (data, pointers) = sections(target.pointer);
        payload.pay(target.words, u32::from(data) + u32::from(pointers))?;
        Ok(Self {
            payload,
            at: target.at,
            data_bytes: u32::from(data) * 8,
            pointers,
            levels,
        })
    }

    const fn absent(payload: &'m Payload<'m>) -> Self {
        Self {
            payload,
            at: 0,
            data_bytes: 0,
            pointers: 0,
            levels: 0,
        }
    }
}

impl<'m> List<'m> {
    /// How many elements there are.
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.count as usize
    }

    /// The struct at `index`, if there are as many.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<Struct<'m>> {
        Some(self.at(self.checked(index)?))
    }

    /// All structs.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = Struct<'m>> + use<'m> {
        let list = *self;
        (0..list.count).map(move |index| list.at(index))
    }

    /// The text at `index` of a list of texts, if there are as many.
    #[inline]
    pub(super) fn text(&self, index: usize) -> Option<Result<&'m str, Damage>> {
        let at = self.element(self.checked(index)?) + self.data_bytes;
        Some(match self.payload.word(at) {
            0 => Ok(""),
            pointer => text(self.payload, pointer, at),
        })
    }

    /// What the list is in.
    #[inline]
    pub(super) const fn payload(&self) -> &'m Payload<'m> {
        self.payload
    }

    #[inline]
    fn at(&self, index: u32) -> Struct<'m> {
        Struct {
            payload: self.payload,
            at: self.element(index),
            data_bytes: self.data_bytes,
            pointers: self.pointers,
            levels: self.levels,
        }
    }

    /// Where the element at `index` starts. All of them were found to be inside the payload.
    #[inline]
    fn element(&self, index: u32) -> u32 {
        debug_assert!(index < self.count);
        self.start + index * (self.data_bytes + u32::from(self.pointers) * 8)
    }

    #[inline]
    fn checked(&self, index: usize) -> Option<u32> {
        #[expect(clippy::cast_possible_truncation, reason = "less than one of the type")]
        (index < self.count as usize).then_some(index as u32)
    }

    #[inline(always)]
    fn follow(payload: &'m Payload<'m>, pointer: u64, at: u32, levels: u8) -> Result<Self, Damage> {
        // One for the list, and one more for each struct in it.
        let levels = levels.checked_sub(1).ok_or(Damage::TooDeep)?;
        let levels = levels.saturating_sub(1);
        let target = payload.follow(pointer, at)?;
        if target.pointer & KIND != LIST {
            return Err(Damage::BadPointer);
        }
        let (element, words) = elements(target.pointer);
        if element != size::COMPOSITE {
            let (data_bytes, pointers, count) = single(payload, &target)?;
            return Ok(Self {
                payload,
                start: target.at,
                count,
                data_bytes,
                pointers,
                levels,
            });
        }
        payload.pay(target.words, words + 1)?;
        // In front of the elements is their number and shape, in the form of a pointer.
        let tag = payload.word(target.at);
        if tag & KIND != STRUCT {
            return Err(Damage::BadPointer);
        }
        let (data, pointers) = sections(tag);
        let count = halves(tag).0 >> 2;
        let each = u32::from(data) + u32::from(pointers);
        if u64::from(count) * u64::from(each) > u64::from(words) {
            return Err(Damage::BadPointer);
        }
        if each == 0 {
            payload.spend(count)?;
        }
        Ok(Self {
            payload,
            start: target.at + 8,
            count,
            data_bytes: u32::from(data) * 8,
            pointers,
            levels,
        })
    }

    const fn absent(payload: &'m Payload<'m>) -> Self {
        Self {
            payload,
            start: 0,
            count: 0,
            data_bytes: 0,
            pointers: 0,
            levels: 0,
        }
    }
}

/// A list of numbers or pointers, each of which stands for a struct: the sections of one, and how
/// many there are.
fn single(payload: &Payload<'_>, target: &Target) -> Result<(u32, u16, u32), Damage> {
    let (element, count) = elements(target.pointer);
    let (bits, data_bytes, pointers) = match element {
        size::VOID => (0, 0, 0),
        size::BIT => (1, 0, 0),
        size::BYTE => (8, 1, 0),
        size::TWO_BYTES => (16, 2, 0),
        size::FOUR_BYTES => (32, 4, 0),
        size::EIGHT_BYTES => (64, 8, 0),
        _ => (64, 0, 1),
    };
    let words = (u64::from(count) * bits).div_ceil(64);
    payload.pay(target.words, u32::try_from(words).unwrap_or(u32::MAX))?;
    match element {
        size::VOID => payload.spend(count)?,
        // Bits are not at the start of a word, where a struct's first field is.
        size::BIT => return Err(Damage::BadPointer),
        _ => {}
    }
    Ok((data_bytes, pointers, count))
}

/// The bytes that a pointer at `at` leads to.
#[inline(always)]
fn bytes<'m>(payload: &Payload<'m>, pointer: u64, at: u32) -> Result<&'m [u8], Damage> {
    let target = payload.follow(pointer, at)?;
    let count = byte_count(target.pointer).ok_or(Damage::BadPointer)?;
    payload.pay(target.words, count.div_ceil(8))?;
    Ok(payload.bytes(target.at, count))
}

/// The text that a pointer at `at` leads to.
#[inline(always)]
fn text<'m>(payload: &Payload<'m>, pointer: u64, at: u32) -> Result<&'m str, Damage> {
    match bytes(payload, pointer, at)? {
        [text @ .., 0] => utf8(text).ok_or(Damage::NotUtf8),
        _ => Err(Damage::BadPointer),
    }
}

/// Words of data, and pointers, of the struct that a pointer describes.
#[inline]
const fn sections(pointer: u64) -> (u16, u16) {
    let [a, b, c, d] = halves(pointer).1.to_le_bytes();
    (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]))
}

/// How many bytes the list has that a pointer describes, if it is one of bytes.
#[inline]
pub(super) const fn byte_count(pointer: u64) -> Option<u32> {
    // The kind and the size of the elements, both at once.
    if pointer & (KIND | 7 << 32) != LIST | (size::BYTE as u64) << 32 {
        return None;
    }
    Some(elements(pointer).1)
}

/// The size of the elements of a list that a pointer describes, and how many there are, or words.
#[inline]
const fn elements(pointer: u64) -> (u32, u32) {
    let (_, high) = halves(pointer);
    (high & 7, high >> 3)
}
