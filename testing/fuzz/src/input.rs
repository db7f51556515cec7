//! Reading an input as a script: small numbers and runs of bytes.

use zeekwire_types::TrafficClass;

/// What is left of an input. Past its end there are zeros and empty runs.
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }

    pub(crate) fn number(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// At most so many bytes.
    pub(crate) fn take(&mut self, count: usize) -> &'a [u8] {
        let (run, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        run
    }

    /// Bytes behind a length of one byte.
    pub(crate) fn short_run(&mut self) -> &'a [u8] {
        let count = self.byte().into();
        self.take(count)
    }

    /// Bytes behind a length of two bytes.
    pub(crate) fn long_run(&mut self) -> &'a [u8] {
        let count = self.number().into();
        self.take(count)
    }

    /// A class that messages may have.
    pub(crate) fn class(&mut self) -> TrafficClass {
        TrafficClass::ALL[usize::from(self.byte() % 3) + 1]
    }
}
