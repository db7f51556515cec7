//! A column of strings: as a dictionary while that pays, then plain.

use zeekwire_buffer::copy_short;
use zeekwire_types::limits::{LOG_DICTIONARY_ENTRY_BYTES_MAX, PAYLOAD_BYTES_MAX};
use zeekwire_types::log::{Cell, LogType};

use super::column::{Cells, Gaps, Misfit, Unset};
use super::dictionary::Dictionary;

/// Entries up to which a dictionary need not prove itself.
pub const TRIAL_COUNT: usize = 32;
/// Batches for which a column is plain before it is tried as a dictionary again.
pub const PLAIN_BATCH_COUNT: u32 = 15;

/// Strings, enums, functions or files.
#[derive(Debug)]
pub(crate) struct Texts {
    dictionary: Dictionary,
    /// A code for each row, while `is_plain` is false.
    codes: Vec<u8>,
    is_plain: bool,
    /// Where the bytes of each row end, while `is_plain` is true.
    ends: Vec<u32>,
    /// The bytes of all rows, and room for more behind `used`.
    bytes: Vec<u8>,
    used: usize,
    /// Batches for which this stays plain.
    plain_batches_left: u32,
}

/// What the column turned out to be.
pub(crate) enum Form<'a> {
    /// A code for each row, and the entries' ends and bytes.
    Dictionary(&'a [u8], &'a [u32], &'a [u8]),
    /// The ends of all rows and more, and their bytes.
    Plain(&'a [u32], &'a [u8]),
}

impl Texts {
    pub(super) fn new() -> Self {
        Self {
            dictionary: Dictionary::new(),
            codes: Vec::new(),
            is_plain: false,
            ends: Vec::new(),
            bytes: Vec::new(),
            used: 0,
            plain_batches_left: 0,
        }
    }

    pub(crate) fn form(&self) -> Form<'_> {
        if self.is_plain {
            Form::Plain(&self.ends, &self.bytes[..self.used])
        } else {
            let (ends, bytes) = self.dictionary.entries();
            Form::Dictionary(&self.codes, ends, bytes)
        }
    }

    pub(super) fn grow(&mut self, room: usize) {
        self.codes.resize(room, 0);
        self.ends.resize(room, 0);
    }

    /// What the texts take, beyond a fixed size for each row.
    pub(super) fn variable_bytes(&self) -> usize {
        if self.is_plain {
            self.used
        } else {
            self.dictionary.bytes()
        }
    }

    /// Writes cells from row `at` on.
    pub(super) fn put(
        &mut self,
        gaps: &mut Gaps,
        kind: LogType,
        at: usize,
        cells: Cells<'_>,
    ) -> Result<(), Misfit> {
        match kind {
            LogType::Enum => self.put_texts(gaps, kind, at, cells, |cell| match cell {
                Cell::Enum(text) => Some(text),
                _ => None,
            }),
            LogType::Function => self.put_texts(gaps, kind, at, cells, |cell| match cell {
                Cell::Function(text) => Some(text),
                _ => None,
            }),
            LogType::File => self.put_texts(gaps, kind, at, cells, |cell| match cell {
                Cell::File(text) => Some(text),
                _ => None,
            }),
            _ => self.put_texts(gaps, kind, at, cells, |cell| match cell {
                Cell::String(text) => Some(text),
                _ => None,
            }),
        }
    }

    /// Writes the text of one row, if it is an entry or the column is plain.
    #[inline(always)]
    pub(super) fn put_one(&mut self, at: usize, text: &[u8], grown: &mut usize) -> bool {
        if self.is_plain {
            let is_put = self.put_plain(text).is_ok();
            self.ends[at] = end_of(self.used);
            *grown += if is_put { text.len() } else { 0 };
            return is_put;
        }
        let code = self.dictionary.find_at_once(text);
        self.codes[at] = code.unwrap_or(0);
        code.is_some()
    }

    /// Writes an unset row.
    #[inline]
    pub(super) fn put_unset(&mut self, at: usize) {
        if self.is_plain {
            self.ends[at] = end_of(self.used);
        } else {
            self.codes[at] = 0;
        }
    }

    #[inline(always)]
    fn put_texts<'c>(
        &mut self,
        gaps: &mut Gaps,
        kind: LogType,
        at: usize,
        cells: Cells<'c>,
        text: impl Fn(&'c Cell<'c>) -> Option<&'c [u8]>,
    ) -> Result<(), Misfit> {
        let mut done = 0;
        while !self.is_plain {
            let (from, rest) = (at + done, cells.skip(done));
            done += self.put_known(gaps, kind, from, rest, &text)?;
            let Some(text) = cells.skip(done).first().and_then(&text) else {
                return Ok(());
            };
            let row = at + done;
            if let Some(code) = self.add(row, text) {
                self.codes[row] = code;
                done += 1;
            } else {
                self.become_plain(row, gaps)?;
            }
        }
        let (from, rest) = (at + done, cells.skip(done));
        let mut unset = Unset::default();
        let mut ends = std::mem::take(&mut self.ends);
        let written = rest.for_each(&mut ends[from..from + rest.len()], |offset, end, cell| {
            match text(cell) {
                Some(text) => self.put_plain(text)?,
                None => unset.note(kind, offset, cell)?,
            }
            *end = end_of(self.used);
            Ok(())
        });
        self.ends = ends;
        gaps.add(from, unset);
        written
    }

    /// Writes codes up to the first text that is no entry. Gives how many.
    #[inline(always)]
    fn put_known<'c>(
        &mut self,
        gaps: &mut Gaps,
        kind: LogType,
        at: usize,
        cells: Cells<'c>,
        text: impl Fn(&'c Cell<'c>) -> Option<&'c [u8]>,
    ) -> Result<usize, Misfit> {
        let dictionary = &self.dictionary;
        let mut unset = Unset::default();
        let codes = &mut self.codes[at..at + cells.len()];
        let known = cells.for_each(codes, |offset, place, cell| {
            let Some(text) = text(cell) else {
                *place = 0;
                return unset.note(kind, offset, cell).map_err(Err);
            };
            if let Some(code) = dictionary.find_at_once(text) {
                *place = code;
                return Ok(());
            }
            *place = dictionary.find_further(text).ok_or(Ok(offset))?;
            Ok(())
        });
        gaps.add(at, unset);
        match known {
            Ok(()) => Ok(cells.len()),
            Err(stopped) => stopped,
        }
    }

    /// Makes the text of a row an entry, if that pays.
    #[inline(never)]
    fn add(&mut self, row: usize, text: &[u8]) -> Option<u8> {
        let count = self.dictionary.len();
        let pays = count < TRIAL_COUNT || count * 2 <= row;
        if pays && text.len() <= LOG_DICTIONARY_ENTRY_BYTES_MAX {
            self.dictionary.add(text)
        } else {
            None
        }
    }

    /// Writes the first `count` rows out.
    #[cold]
    fn become_plain(&mut self, count: usize, gaps: &Gaps) -> Result<(), Misfit> {
        self.is_plain = true;
        self.plain_batches_left = PLAIN_BATCH_COUNT;
        let dictionary = std::mem::replace(&mut self.dictionary, Dictionary::new());
        for row in 0..count {
            if gaps.is_set(row) {
                self.put_plain(dictionary.entry(self.codes[row]))?;
            }
            self.ends[row] = end_of(self.used);
        }
        Ok(())
    }

    #[inline(always)]
    fn put_plain(&mut self, text: &[u8]) -> Result<(), Misfit> {
        let used = self.used + text.len();
        if used > self.bytes.len() {
            self.grow_bytes(used)?;
        }
        copy_short(&mut self.bytes[self.used..used], text);
        self.used = used;
        Ok(())
    }

    #[cold]
    fn grow_bytes(&mut self, used: usize) -> Result<(), Misfit> {
        if used > PAYLOAD_BYTES_MAX {
            return Err(Misfit::Full);
        }
        self.bytes.resize(used.next_power_of_two().max(1024), 0);
        Ok(())
    }

    pub(super) fn truncate(&mut self, count: usize) {
        if self.is_plain {
            let kept = count.checked_sub(1).map_or(0, |last| self.ends[last]);
            self.used = kept as usize;
        }
    }

    pub(super) fn clear(&mut self) {
        self.used = 0;
        self.dictionary.clear();
        self.plain_batches_left = self.plain_batches_left.saturating_sub(1);
        self.is_plain = self.plain_batches_left > 0;
    }
}

/// Bytes of a column are fewer than those of a payload.
#[inline]
fn end_of(used: usize) -> u32 {
    u32::try_from(used).unwrap_or(u32::MAX)
}
