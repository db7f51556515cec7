//! Lines of a file, packed or not.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use zeekwire_types::limits::LOG_LINE_BYTES_MAX;

use super::error::ReadFault;

/// Bytes that are read at a time.
const BLOCK_BYTES: usize = 128 * 1024;
/// What every gzip file starts with.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Where lines come from.
pub(super) struct Source {
    input: Box<dyn BufRead + Send>,
    /// Lines taken so far.
    pub(super) line: u64,
    /// Whether the last line had no line break.
    pub(super) ended_within_line: bool,
}

impl Source {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::new(File::open(path)?)
    }

    /// Unpacks what is packed.
    pub(super) fn new(input: impl Read + Send + 'static) -> io::Result<Self> {
        let mut input = BufReader::with_capacity(BLOCK_BYTES, input);
        let mut start = Vec::new();
        input.by_ref().take(2).read_to_end(&mut start)?;
        let is_packed = start == GZIP_MAGIC;
        let input = io::Cursor::new(start).chain(input);
        let input: Box<dyn BufRead + Send> = match is_packed {
            true => Box::new(BufReader::with_capacity(
                BLOCK_BYTES,
                MultiGzDecoder::new(input),
            )),
            false => Box::new(input),
        };
        Ok(Self {
            input,
            line: 0,
            ended_within_line: false,
        })
    }

    /// Puts the next line into `text`, without its line break; `false` at the end.
    pub(super) fn next_line(&mut self, text: &mut Vec<u8>) -> Result<bool, ReadFault> {
        text.clear();
        let limit = LOG_LINE_BYTES_MAX as u64 + 1;
        let mut input = self.input.by_ref().take(limit);
        let count = input.read_until(b'\n', text).map_err(ReadFault::Io)?;
        if count == 0 {
            return Ok(false);
        }
        self.line += 1;
        if text.last() == Some(&b'\n') {
            text.pop();
        } else if count as u64 == limit {
            return Err(ReadFault::LineTooLong);
        } else {
            self.ended_within_line = true;
        }
        Ok(true)
    }

    /// What can be seen of what is left without taking it.
    pub(super) fn peek_bytes(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    /// The whole lines at the start of what is left, of about so many bytes; they are read again
    /// by [`Source::next_line`].
    pub(super) fn peek_lines(&mut self, bytes: usize) -> io::Result<Vec<u8>> {
        let mut sample = Vec::new();
        self.input
            .by_ref()
            .take(bytes as u64)
            .read_to_end(&mut sample)?;
        let whole = match memchr::memrchr(b'\n', &sample) {
            Some(at) if sample.len() == bytes => at + 1,
            _ => sample.len(),
        };
        let lines = sample[..whole].to_vec();
        let rest = std::mem::replace(&mut self.input, Box::new(io::empty()));
        self.input = Box::new(io::Cursor::new(sample).chain(rest));
        Ok(lines)
    }
}
