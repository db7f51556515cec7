//! Whether a file that is there can be continued.

use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::os::unix::fs::FileExt;

use flate2::bufread::MultiGzDecoder;

use super::WriterOptions;
use crate::file::FileAction;
use crate::file::FileError;
use crate::file::LogFile;
use crate::formatter::Formatter;

/// A `#close` line is far shorter.
const CLOSE_BYTES_MAX: usize = 256;
/// A stamp that is in no file, to find where the stamp is in a header.
const NO_STAMP: &str = "\n\n";

/// What a file holds. Times are those that its header says.
pub(super) enum Found {
    /// Rows of this log, up to `end`.
    Same { opened: Option<f64>, end: u64 },
    /// Something else.
    Other { opened: Option<f64> },
}

/// Looks at the start and the end of a file that is not empty.
pub(super) fn examine(
    file: &LogFile,
    formatter: &Formatter,
    options: &WriterOptions,
) -> Result<Found, FileError> {
    let failed = |error| FileError::new(file.path(), FileAction::Read, error);
    let mut header = Vec::new();
    formatter.push_header(&mut header, NO_STAMP);
    let length = header.len() + CLOSE_BYTES_MAX;
    let start = start_of(file.file(), length, options.format.gzip_level > 0).map_err(failed)?;
    let stamp = stamp(&start, &header);
    let opened = stamp
        .as_deref()
        .and_then(|stamp| options.zone.parse_stamp(stamp));
    header.clear();
    formatter.push_header(&mut header, stamp.as_deref().unwrap_or_default());
    if start.starts_with(&header) {
        let end = end_of_rows(file, formatter, options).map_err(failed)?;
        return Ok(Found::Same { opened, end });
    }
    // A crash may have left a header without its end, and nothing else.
    let is_part = start.len() < header.len() && header.starts_with(&start);
    let end_of_file = file.written_offset() <= start.len() as u64;
    Ok(match is_part && end_of_file {
        true => Found::Same {
            opened: None,
            end: 0,
        },
        false => Found::Other { opened },
    })
}

/// The first bytes of a file's text.
fn start_of(mut file: &File, length: usize, is_packed: bool) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    let limit = length as u64;
    match is_packed {
        true => MultiGzDecoder::new(BufReader::new(file))
            .take(limit)
            .read_to_end(&mut start)?,
        false => file.take(limit).read_to_end(&mut start)?,
    };
    Ok(start)
}

/// The stamp in the file's header, if that is as far like ours.
fn stamp(start: &[u8], header: &[u8]) -> Option<String> {
    let at = header
        .windows(NO_STAMP.len())
        .position(|text| text == NO_STAMP.as_bytes())?;
    let rest = start.get(at..)?;
    let end = rest.iter().position(|&byte| byte == b'\n')?;
    String::from_utf8(rest[..end].to_vec()).ok()
}

/// Where the rows end: before a `#close` line, if one is last.
fn end_of_rows(file: &LogFile, formatter: &Formatter, options: &WriterOptions) -> io::Result<u64> {
    let length = file.written_offset();
    let mut close = Vec::new();
    formatter.push_close(&mut close, NO_STAMP);
    let prefix = &close[..close.len().saturating_sub(NO_STAMP.len() + 1)];
    // In a packed file, the line is a comment between rows from now on.
    if prefix.is_empty() || options.format.gzip_level > 0 {
        return Ok(length);
    }
    let count = length.min(CLOSE_BYTES_MAX as u64);
    let mut end = vec![0; usize::try_from(count).expect("a line at most")];
    file.file().read_exact_at(&mut end, length - count)?;
    let Some(lines) = end.strip_suffix(b"\n") else {
        return Ok(length);
    };
    let start = memchr::memrchr(b'\n', lines).map_or(0, |at| at + 1);
    match lines[start..].starts_with(prefix) {
        true => Ok(length - (end.len() - start) as u64),
        false => Ok(length),
    }
}
