//! A file that only ever grows by whole pieces.

mod error;
mod recovery;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;

pub use self::error::FileAction;
pub use self::error::FileError;
use self::recovery::end_of_last_line;
use self::recovery::end_of_last_member;

/// What becomes of the end of a file that is opened again.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Tail {
    /// What follows the last line break is cut off: a line that a crash tore. Of packed files, what
    /// is no whole member.
    #[default]
    CutTornLine,
    /// It stays: the caller knows how far the file counts, and calls [`LogFile::truncate_to`], or
    /// the file has no lines.
    Keep,
}

/// A file for appending, with a buffer of its own.
///
/// What is appended becomes part of the file with [`LogFile::flush`], and then all of it or, after
/// an error, nothing: what a full disk took of it is cut off again, the buffer keeps it, and the
/// next `flush` tries once more. So the file ends with a whole line whenever whole lines are
/// appended, but for a crash within a write, and [`LogFile::open`] cuts off what that left.
///
/// A packed file consists of one gzip member per `flush`; tools that unpack take them as one file.
/// Its offsets lie between members.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: File,
    /// Appended, and not yet part of the file.
    buffer: Vec<u8>,
    /// The file's length as far as it counts.
    written: u64,
    gzip_level: u8,
    /// Pipes and devices have no length, and cannot be cut.
    is_regular: bool,
    /// Whether a write that failed may have left something behind `written`.
    is_torn: bool,
    /// Whether the file's name is not known to be on disk.
    is_name_new: bool,
}

impl LogFile {
    /// Opens a file, or creates it, for appending; packed at `gzip_level` unless that is 0. Also
    /// returns how many bytes were cut off its end.
    ///
    /// # Errors
    /// [`FileError`] when the file cannot be opened, read or cut.
    pub fn open(path: &Path, gzip_level: u8, tail: Tail) -> Result<(Self, u64), FileError> {
        let failed = |error| FileError::new(path, FileAction::Open, error);
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path);
        // A pipe or device may refuse to be read.
        let file = file.or_else(|_| OpenOptions::new().append(true).create(true).open(path));
        let file = file.map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let mut opened = Self {
            path: path.to_owned(),
            file,
            buffer: Vec::new(),
            written: metadata.len(),
            gzip_level,
            is_regular: metadata.is_file(),
            is_torn: false,
            is_name_new: metadata.len() == 0,
        };
        if !opened.is_regular {
            opened.written = 0;
        }
        let length = opened.written;
        if tail == Tail::CutTornLine && length > 0 {
            let end = match gzip_level {
                0 => end_of_last_line(&opened.file, length),
                _ => end_of_last_member(&opened.file),
            };
            let end = end.map_err(|error| FileError::new(path, FileAction::Read, error))?;
            if end < length {
                opened.truncate_to(end)?;
            }
        }
        let cut = length - opened.written;
        Ok((opened, cut))
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is neither pipe nor device.
    #[must_use]
    pub const fn is_regular(&self) -> bool {
        self.is_regular
    }

    /// Bytes of the file that the system has. Always the end of a `flush`, so of a line.
    #[must_use]
    pub const fn written_offset(&self) -> u64 {
        self.written
    }

    /// Bytes that were appended and are not part of the file yet, before packing.
    #[must_use]
    pub const fn buffered_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// Appends to the buffer, whole lines only.
    pub fn append(&mut self, lines: &[u8]) {
        self.buffer.extend_from_slice(lines);
    }

    /// The buffer, for appending whole lines to it.
    pub(crate) const fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Forgets what was appended since the last `flush`, from this many bytes on.
    pub fn forget_from(&mut self, buffered_bytes: usize) {
        self.buffer.truncate(buffered_bytes);
    }

    /// Makes all that was appended part of the file; returns its new length.
    ///
    /// # Errors
    /// [`FileError`] when the system takes less than all of it. Nothing is lost, and nothing torn:
    /// the next call tries again.
    pub fn flush(&mut self) -> Result<u64, FileError> {
        if self.buffer.is_empty() {
            return Ok(self.written);
        }
        self.mend()?;
        let failed = |path: &Path, error| Err(FileError::new(path, FileAction::Write, error));
        if !self.is_regular {
            return match self.flush_stream() {
                Ok(()) => Ok(self.written),
                Err(error) => failed(&self.path, error),
            };
        }
        let packed = match self.gzip_level {
            0 => None,
            level => Some(pack(&self.buffer, level)),
        };
        let bytes = packed.as_deref().unwrap_or(&self.buffer);
        if let Err(error) = self.file.write_all(bytes) {
            self.is_torn = true;
            // If this fails too, it is tried again before the next write.
            let _ = self.mend();
            return failed(&self.path, error);
        }
        self.written += bytes.len() as u64;
        self.buffer.clear();
        Ok(self.written)
    }

    /// What a pipe took cannot be taken back, so only the rest is tried again.
    fn flush_stream(&mut self) -> io::Result<()> {
        if self.gzip_level > 0 {
            self.buffer = pack(&self.buffer, self.gzip_level);
        }
        while !self.buffer.is_empty() {
            match self.file.write(&self.buffer) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.buffer.drain(..count);
                    self.written += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Flushes, and waits until all of the file, and its name, is on disk.
    ///
    /// # Errors
    /// [`FileError`] when the system cannot say so. As the system may have given up on what it had
    /// taken, the caller must not count on anything behind the last `sync` that succeeded.
    pub fn sync(&mut self) -> Result<u64, FileError> {
        self.flush()?;
        if self.is_regular {
            let synced = self.file.sync_data().and_then(|()| self.sync_name());
            synced.map_err(|error| FileError::new(&self.path, FileAction::Sync, error))?;
        }
        Ok(self.written)
    }

    fn sync_name(&mut self) -> io::Result<()> {
        if self.is_name_new {
            File::open(folder_of(&self.path))?.sync_all()?;
            self.is_name_new = false;
        }
        Ok(())
    }

    /// Cuts the file at `offset`, and forgets what was not flushed.
    ///
    /// # Errors
    /// [`FileError`] when the file is shorter than that, and when it cannot be cut.
    pub fn truncate_to(&mut self, offset: u64) -> Result<(), FileError> {
        if offset > self.written {
            let length = self.written;
            return Err(FileError::shorter(&self.path, offset, length));
        }
        let cut = self.file.set_len(offset);
        cut.map_err(|error| FileError::new(&self.path, FileAction::Truncate, error))?;
        self.written = offset;
        self.is_torn = false;
        self.buffer.clear();
        Ok(())
    }

    /// Gives the file another name. What has that name is replaced.
    ///
    /// # Errors
    /// [`FileError`] when it keeps its name.
    pub fn rename(&mut self, path: &Path) -> Result<(), FileError> {
        let renamed = std::fs::rename(&self.path, path);
        renamed.map_err(|error| FileError::new(path, FileAction::Rename, error))?;
        path.clone_into(&mut self.path);
        self.is_name_new = true;
        Ok(())
    }

    /// Cuts off what a write that failed has left.
    fn mend(&mut self) -> Result<(), FileError> {
        if self.is_torn && self.is_regular {
            let cut = self.file.set_len(self.written);
            cut.map_err(|error| FileError::new(&self.path, FileAction::Truncate, error))?;
            self.is_torn = false;
        }
        Ok(())
    }

    /// The file itself, for looking at its start.
    pub(crate) const fn file(&self) -> &File {
        &self.file
    }
}

/// The folder that a file is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// One gzip member.
fn pack(bytes: &[u8], level: u8) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level.into()));
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish());
    packed.expect("memory takes every byte")
}
