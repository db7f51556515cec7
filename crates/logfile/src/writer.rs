//! A log on disk: rows go in, files come out.

mod continuation;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use zeekwire_types::Cell;
use zeekwire_types::LogField;

use crate::calendar::FormatError;
use crate::calendar::Zone;
use crate::file::FileAction;
use crate::file::FileError;
use crate::file::LogFile;
use crate::file::Tail;
use crate::file::folder_of;
use crate::formatter::Formatter;
use crate::options::OptionError;
use crate::options::Options;
use crate::rotation::Rotated;
use crate::rotation::RotationOptions;

/// Bytes that wait for a flush before a row makes one happen.
const BUFFER_BYTES: usize = 256 * 1024;
/// How many files of the same second are told apart by a number.
const SAME_NAME_COUNT_MAX: u32 = 10_000;

/// All about a log's files but their contents.
#[derive(Clone, Debug)]
pub struct WriterOptions {
    /// `Log::default_logdir`: where files are.
    pub directory: PathBuf,
    /// How rows look.
    pub format: Options,
    /// When files are rotated.
    pub rotation: RotationOptions,
    /// The time zone of headers and names.
    pub zone: Zone,
}

impl WriterOptions {
    /// Zeek's defaults, for files in this folder.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            format: Options::default(),
            rotation: RotationOptions::default(),
            zone: Zone::system(),
        }
    }
}

/// Writes the files of one log, as Zeek's writer does.
///
/// A file is opened by the first row. After a crash it is continued where it ended, if it has the
/// fields of this log, and set aside under the name of a rotated file otherwise; never is one
/// overwritten. Times are in seconds since the Unix epoch, and always an argument.
///
/// Rows wait in a buffer until [`LogWriter::flush`], or until there are many. An error of any
/// method leaves the log as it was: the caller tries again when it likes, and the files come back
/// by themselves once the disk has room or the folder allows it.
///
/// Rotation happens where the caller asks for it, between two batches of rows: see
/// [`LogWriter::is_rotation_due`].
#[derive(Debug)]
pub struct LogWriter {
    options: WriterOptions,
    path: String,
    formatter: Formatter,
    /// Where the current file is, open or not.
    file_path: PathBuf,
    open: Option<OpenFile>,
    /// Files that were found and do not fit.
    set_aside: Vec<Rotated>,
}

#[derive(Debug)]
struct OpenFile {
    file: LogFile,
    opened: f64,
    rotation_due_at: Option<f64>,
}

/// What was found of a file that is continued.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Continued {
    /// Its length now.
    pub offset: u64,
    /// How much was cut off its end.
    pub cut_bytes: u64,
}

impl LogWriter {
    /// A writer for rows with these fields, of a log with this path: `conn`. Touches no file yet.
    ///
    /// # Errors
    /// [`WriterError`] when the options do not go together or with the fields.
    pub fn new(
        options: WriterOptions,
        path: &str,
        fields: &[LogField],
    ) -> Result<Self, WriterError> {
        let formatter = Formatter::new(&options.format, path, fields)?;
        options.rotation.check()?;
        let file_path = match is_special(path) {
            true => PathBuf::from(path),
            false => options
                .directory
                .join(format!("{path}{}", options.format.extension())),
        };
        let path = path.to_owned();
        Ok(Self {
            options,
            path,
            formatter,
            file_path,
            open: None,
            set_aside: Vec::new(),
        })
    }

    /// The file that rows go to.
    #[must_use]
    pub fn file_path(&self) -> &Path {
        &self.file_path
    }

    /// Whether there is an open file.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Appends a row, opening the file if there is none. When many rows wait, flushes them first.
    ///
    /// # Errors
    /// [`FileError`]: the row was not taken.
    pub fn write_row<'a>(
        &mut self,
        now: f64,
        cells: impl IntoIterator<Item = Cell<'a>>,
    ) -> Result<(), FileError> {
        if self.open.is_none() {
            self.open(now, None)?;
        }
        let open = self.open.as_mut().expect("opened above");
        if open.file.buffered_bytes() >= BUFFER_BYTES {
            open.file.flush()?;
        }
        self.formatter.push_row(open.file.buffer(), cells);
        Ok(())
    }

    /// Hands all rows to the system; returns the file's length, for a journal.
    ///
    /// # Errors
    /// [`FileError`]: the rows still wait.
    pub fn flush(&mut self) -> Result<u64, FileError> {
        self.open.as_mut().map_or(Ok(0), |open| open.file.flush())
    }

    /// Brings all rows to the disk; returns the file's length, for a journal.
    ///
    /// # Errors
    /// [`FileError`] when the system cannot say that they are there.
    pub fn sync(&mut self) -> Result<u64, FileError> {
        self.open.as_mut().map_or(Ok(0), |open| open.file.sync())
    }

    /// Bytes of the file that the system has, 0 without file. Always the end of a line.
    #[must_use]
    pub fn written_offset(&self) -> u64 {
        self.open
            .as_ref()
            .map_or(0, |open| open.file.written_offset())
    }

    /// Bytes of rows that wait to be flushed.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        self.open
            .as_ref()
            .map_or(0, |open| open.file.buffered_bytes())
    }

    /// Takes back all rows behind `offset`, an earlier [`LogWriter::written_offset`] of the same
    /// file, flushed or not.
    ///
    /// # Errors
    /// [`FileError`] when the file is shorter, and when it cannot be cut.
    pub fn truncate_to(&mut self, offset: u64) -> Result<(), FileError> {
        match &mut self.open {
            None => Ok(()),
            Some(open) => {
                open.file.truncate_to(offset)?;
                if offset == 0 && open.file.is_regular() {
                    // The header went with the rest.
                    self.open = None;
                }
                Ok(())
            }
        }
    }

    /// Continues the file that an earlier run has left, if there is one: up to `offset` where a
    /// journal knows it, otherwise up to its last whole line. A `#close` line at its end is taken
    /// back.
    ///
    /// # Errors
    /// [`FileError`] when the file cannot be opened, or is shorter than `offset`.
    pub fn resume(&mut self, now: f64, offset: Option<u64>) -> Result<Continued, FileError> {
        if self.open.is_none() && (is_special(&self.path) || !self.file_path.exists()) {
            return Ok(Continued {
                offset: 0,
                cut_bytes: 0,
            });
        }
        self.open(now, offset)
    }

    /// Files that were in the way and are set aside since the last call.
    pub fn take_set_aside(&mut self) -> Vec<Rotated> {
        std::mem::take(&mut self.set_aside)
    }

    /// When the file is due, if time matters.
    #[must_use]
    pub fn rotation_due_at(&self) -> Option<f64> {
        self.open.as_ref().and_then(|open| open.rotation_due_at)
    }

    /// Whether the file is old or long enough to be rotated.
    #[must_use]
    pub fn is_rotation_due(&self, now: f64) -> bool {
        let limit = self.options.rotation.size_bytes;
        self.open.as_ref().is_some_and(|open| {
            let bytes = open.file.written_offset() + open.file.buffered_bytes() as u64;
            open.file.is_regular()
                && (open.rotation_due_at.is_some_and(|due| now >= due)
                    || (limit > 0 && bytes >= limit))
        })
    }

    /// Closes the file and gives it the name of a rotated one; the next row opens another. `None`
    /// when there is no file, or one that is not a regular file.
    ///
    /// The file is on the disk before it gets its new name. A journal whose entries name the old
    /// one should hold none that is still needed.
    ///
    /// # Errors
    /// [`FileError`]: the file goes on as it was.
    pub fn rotate(&mut self, now: f64, terminating: bool) -> Result<Option<Rotated>, FileError> {
        let Some(open) = self.open.as_mut().filter(|open| open.file.is_regular()) else {
            return Ok(None);
        };
        let before = open.file.flush()?;
        self.formatter
            .push_close(open.file.buffer(), &self.options.zone.stamp(now));
        let opened = open.opened;
        let renamed = open.file.sync().and_then(|bytes| {
            let target = self.options.rotated_path(&self.path, opened)?;
            open.file.rename(&target).map(|()| (target, bytes))
        });
        match renamed {
            Ok((file, bytes)) => {
                self.open = None;
                let (path, previous) = (self.path.clone(), self.file_path.clone());
                let closed = now;
                Ok(Some(Rotated {
                    file,
                    previous,
                    path,
                    opened,
                    closed,
                    terminating,
                    bytes,
                }))
            }
            Err(error) => {
                // Rows may follow, so `#close` must not stay; if it does, it is a comment.
                let _ = open.file.truncate_to(before);
                Err(error)
            }
        }
    }

    /// Writes the last line, brings the file to the disk and closes it under its name.
    ///
    /// # Errors
    /// [`FileError`]: the file is still open.
    pub fn close(&mut self, now: f64) -> Result<(), FileError> {
        if let Some(open) = &mut self.open {
            open.file.flush()?;
            self.formatter
                .push_close(open.file.buffer(), &self.options.zone.stamp(now));
            let closed = open.file.sync().map(drop);
            if closed.is_err() {
                open.file.forget_from(0);
                return closed;
            }
            self.open = None;
        }
        Ok(())
    }

    /// Opens the file, new or as it was left.
    fn open(&mut self, now: f64, offset: Option<u64>) -> Result<Continued, FileError> {
        let level = self.options.format.gzip_level;
        let tail = if offset.is_some() {
            Tail::Keep
        } else {
            Tail::CutTornLine
        };
        let (mut file, mut cut_bytes) = LogFile::open(&self.file_path, level, tail)?;
        let before = file.written_offset();
        if let Some(offset) = offset {
            file.truncate_to(offset)?;
        }
        let mut opened = now;
        if file.is_regular() && file.written_offset() > 0 {
            match continuation::examine(&file, &self.formatter, &self.options)? {
                continuation::Found::Same { opened: since, end } => {
                    file.truncate_to(end)?;
                    opened = since.unwrap_or_else(|| created(&file, now));
                }
                continuation::Found::Other { opened: since } => {
                    let since = since.unwrap_or_else(|| created(&file, now));
                    self.put_aside(file, since, now)?;
                    file = LogFile::open(&self.file_path, level, Tail::CutTornLine)?.0;
                }
            }
        }
        cut_bytes += before.saturating_sub(file.written_offset());
        if file.written_offset() == 0 {
            opened = now;
            self.formatter
                .push_header(file.buffer(), &self.options.zone.stamp(now));
        }
        let continued = Continued {
            offset: file.written_offset(),
            cut_bytes,
        };
        let rotation_due_at = self.options.rotation.next_after(opened, &self.options.zone);
        self.open = Some(OpenFile {
            file,
            opened,
            rotation_due_at,
        });
        Ok(continued)
    }

    /// Gives a file that does not fit the name of a rotated one.
    fn put_aside(&mut self, mut file: LogFile, opened: f64, now: f64) -> Result<(), FileError> {
        let target = self.options.rotated_path(&self.path, opened)?;
        file.rename(&target)?;
        self.set_aside.push(Rotated {
            file: target,
            previous: self.file_path.clone(),
            path: self.path.clone(),
            opened,
            closed: changed(&file, now),
            terminating: false,
            bytes: file.written_offset(),
        });
        Ok(())
    }
}

impl WriterOptions {
    /// Where a file goes that was opened at this time: a name that is free.
    fn rotated_path(&self, path: &str, opened: f64) -> Result<PathBuf, FileError> {
        let rotation = &self.rotation;
        let folder = rotation.folder(&self.directory);
        let made = std::fs::create_dir_all(folder);
        made.map_err(|error| FileError::new(folder, FileAction::CreateFolder, error))?;
        let name = rotation
            .name(path, opened, &self.zone)
            .expect("the format was checked");
        let extension = self.format.extension();
        let first = folder.join(format!("{name}{extension}"));
        // Unlike Zeek, never over a file of the same second.
        let numbered = (1..SAME_NAME_COUNT_MAX)
            .map(|number| folder.join(format!("{name}-{number}{extension}")));
        let mut names = std::iter::once(first.clone()).chain(numbered);
        let free = names.find(|path| !path.exists());
        let free = free.ok_or_else(|| {
            FileError::new(
                &first,
                FileAction::Rename,
                io::ErrorKind::AlreadyExists.into(),
            )
        })?;
        let inner = folder_of(&free);
        let made = std::fs::create_dir_all(inner);
        made.map_err(|error| FileError::new(inner, FileAction::CreateFolder, error))?;
        Ok(free)
    }
}

/// Whether the path names a device, as in Zeek.
fn is_special(path: &str) -> bool {
    path.starts_with("/dev/")
}

/// When a file was made, or, where the system does not know, last written to.
fn created(file: &LogFile, now: f64) -> f64 {
    let created = file
        .file()
        .metadata()
        .and_then(|metadata| metadata.created());
    seconds(created).unwrap_or_else(|| changed(file, now))
}

/// When a file was last written to.
fn changed(file: &LogFile, now: f64) -> f64 {
    let modified = file
        .file()
        .metadata()
        .and_then(|metadata| metadata.modified());
    seconds(modified).unwrap_or(now)
}

fn seconds(time: io::Result<SystemTime>) -> Option<f64> {
    let since = time.ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_secs_f64())
}

/// Why there can be no such writer.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum WriterError {
    /// The format's options do not go together, or not with the fields.
    Options(OptionError),
    /// The names of rotated files cannot be made.
    DateFormat(FormatError),
}

impl From<OptionError> for WriterError {
    fn from(error: OptionError) -> Self {
        Self::Options(error)
    }
}

impl From<FormatError> for WriterError {
    fn from(error: FormatError) -> Self {
        Self::DateFormat(error)
    }
}

impl fmt::Display for WriterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Options(error) => error.fmt(f),
            Self::DateFormat(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for WriterError {}
