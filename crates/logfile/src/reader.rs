//! Reading log files, TSV and JSON, packed or not.

mod error;
mod inference;
mod json;
mod json_text;
mod row;
mod scalar;
mod source;
#[cfg(test)]
mod tests;
mod tsv;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use zeekwire_types::LogField;

pub use self::error::ReadError;
pub use self::error::ReadFault;
use self::json::JsonParser;
pub use self::row::Row;
use self::row::RowBuffer;
use self::source::Source;
use self::tsv::TsvParser;
use crate::options::Options;
use crate::options::StringEscapePolicy;

/// What a reader is told about a file that the file does not say itself.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// The fields, for JSON and for TSV without header lines. Where there are none, those of JSON
    /// are guessed from the first rows.
    pub fields: Option<Arc<[LogField]>>,
    /// How JSON strings were escaped.
    pub json_string_escape_policy: StringEscapePolicy,
    /// What header lines of TSV start with.
    pub meta_prefix: Vec<u8>,
    /// Bytes of JSON that fields are guessed from; what comes later can still add to them.
    pub sample_bytes: usize,
    /// Whether a last line without line break is a row. A file that is being written, or whose
    /// writer died, may end within a row.
    pub takes_unended_line: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            fields: None,
            json_string_escape_policy: StringEscapePolicy::default(),
            meta_prefix: b"#".to_vec(),
            sample_bytes: 4 * 1024 * 1024,
            takes_unended_line: true,
        }
    }
}

/// Reads the rows of a log file.
///
/// Whether it is TSV or JSON, and whether it is packed, is seen from its first bytes. As with
/// `zeek-cut`, files may be put together: a new header changes the fields of the rows after it, and
/// header lines of unknown names are comments.
///
/// ```
/// use zeekwire_logfile::{ReadOptions, Reader};
/// use zeekwire_types::Cell;
///
/// let file = b"#separator \\x09\n#fields\tuid\tn\n#types\tstring\tcount\nC1\t7\n";
/// let mut reader = Reader::new("conn.log", &file[..], ReadOptions::default())?;
/// let row = reader.next_row()?.expect("there is one");
/// assert_eq!(row.fields()[1].name, "n");
/// assert_eq!(row.cell(1), Cell::Count(7));
/// assert!(reader.next_row()?.is_none());
/// # Ok::<(), zeekwire_logfile::ReadError>(())
/// ```
pub struct Reader {
    file: Arc<str>,
    source: Source,
    options: ReadOptions,
    form: Form,
    /// The line, or, for TSV, what the row's texts are ranges of.
    row: RowBuffer,
    line: Vec<u8>,
    /// The fields of the row that was read last.
    fields: Arc<[LogField]>,
}

enum Form {
    /// Nothing was read.
    Unknown,
    Tsv(TsvParser),
    Json(JsonParser),
}

/// What a file said about itself, as far as it was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileHeader {
    /// Options with which a writer makes such a file.
    pub options: Options,
    /// The log's path: `conn`.
    pub path: Option<String>,
    /// When the file was opened: `2026-11-20-08-28-00`, local time.
    pub opened: Option<String>,
    /// When it was closed; `None` before its `#close` line.
    pub closed: Option<String>,
}

impl Reader {
    /// Opens a file.
    ///
    /// # Errors
    /// [`ReadError`] when it cannot be opened or is not what it starts like.
    pub fn open(path: &Path, options: ReadOptions) -> Result<Self, ReadError> {
        let file: Arc<str> = path.to_string_lossy().into();
        let source = Source::open(path);
        let source = source.map_err(|error| ReadError::new(&file, 0, ReadFault::Io(error)))?;
        Ok(Self::of(file, source, options))
    }

    /// Reads from anything; errors call it `name`.
    ///
    /// # Errors
    /// [`ReadError`] when its first bytes cannot be read.
    pub fn new(
        name: &str,
        input: impl io::Read + Send + 'static,
        options: ReadOptions,
    ) -> Result<Self, ReadError> {
        let file: Arc<str> = name.into();
        let source = Source::new(input);
        let source = source.map_err(|error| ReadError::new(&file, 0, ReadFault::Io(error)))?;
        Ok(Self::of(file, source, options))
    }

    fn of(file: Arc<str>, source: Source, options: ReadOptions) -> Self {
        Self {
            file,
            source,
            options,
            form: Form::Unknown,
            row: RowBuffer::default(),
            line: Vec::new(),
            fields: Vec::new().into(),
        }
    }

    /// The next row; `None` at the end of the file.
    ///
    /// # Errors
    /// [`ReadError`] names file and line. After one that [is about one row
    /// only](ReadError::is_about_one_row), the next call goes on with the row behind.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, ReadError> {
        match self.advance() {
            Ok(true) => Ok(Some(Row::new(&self.fields, &self.row))),
            Ok(false) => Ok(None),
            Err(fault) => Err(ReadError::new(&self.file, self.source.line, fault)),
        }
    }

    /// The line of the row that was read last, from 1.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.source.line
    }

    /// The fields of the row that was read last, and at the end those that the last header named;
    /// none before the first row.
    #[must_use]
    pub const fn fields(&self) -> &Arc<[LogField]> {
        &self.fields
    }

    /// Whether the file's last line had no line break.
    #[must_use]
    pub const fn ended_within_line(&self) -> bool {
        self.source.ended_within_line
    }

    /// What the file said about itself so far.
    #[must_use]
    pub fn header(&self) -> FileHeader {
        match &self.form {
            Form::Unknown => FileHeader {
                options: Options::default(),
                path: None,
                opened: None,
                closed: None,
            },
            Form::Tsv(parser) => FileHeader {
                options: Options {
                    include_meta: parser.opened.is_some(),
                    ..parser.options.clone()
                },
                path: parser.path.clone(),
                opened: parser.opened.clone(),
                closed: parser.closed.clone(),
            },
            Form::Json(parser) => FileHeader {
                options: Options {
                    json_timestamps: parser.timestamps.unwrap_or_default(),
                    json_string_escape_policy: self.options.json_string_escape_policy,
                    ..Options::json()
                },
                path: None,
                opened: None,
                closed: None,
            },
        }
    }

    /// Goes to the next row; `false` at the end.
    fn advance(&mut self) -> Result<bool, ReadFault> {
        if matches!(self.form, Form::Unknown) {
            self.recognize()?;
        }
        loop {
            self.row.clear();
            let line = match &self.form {
                Form::Tsv(_) => &mut self.row.text,
                _ => &mut self.line,
            };
            if !self.source.next_line(line)? {
                if let Form::Tsv(parser) = &mut self.form
                    && let Some(fields) = parser.fields()?
                {
                    self.fields = Arc::clone(fields);
                }
                return Ok(false);
            }
            if self.source.ended_within_line && !self.options.takes_unended_line {
                return Ok(false);
            }
            let is_row = match &mut self.form {
                Form::Tsv(parser) => take_tsv(parser, &mut self.row, &mut self.fields)?,
                Form::Json(parser) => {
                    let is_row = !self.line.trim_ascii().is_empty();
                    if is_row {
                        parser.parse(&mut self.row, &self.line)?;
                        self.fields = Arc::clone(&parser.fields);
                    }
                    is_row
                }
                Form::Unknown => false,
            };
            if is_row {
                return Ok(true);
            }
        }
    }

    /// Sees which format the file has.
    fn recognize(&mut self) -> Result<(), ReadFault> {
        let ReadOptions {
            fields,
            json_string_escape_policy: policy,
            ..
        } = &self.options;
        let start = self.source.peek_bytes().map_err(ReadFault::Io)?;
        self.form = match start.trim_ascii_start().first() {
            Some(b'{') if self.options.meta_prefix != b"{" => Form::Json(match fields {
                Some(fields) => JsonParser::told(Arc::clone(fields), *policy),
                None => {
                    let sample = self.source.peek_lines(self.options.sample_bytes);
                    JsonParser::guessing(&sample.map_err(ReadFault::Io)?, *policy)
                }
            }),
            _ => Form::Tsv(TsvParser::new(&self.options.meta_prefix, fields.clone())),
        };
        Ok(())
    }
}

/// Takes a line of TSV, the text of `row`: whether it is a row.
fn take_tsv(
    parser: &mut TsvParser,
    row: &mut RowBuffer,
    fields: &mut Arc<[LogField]>,
) -> Result<bool, ReadFault> {
    let prefix = &parser.options.meta_prefix;
    if !prefix.is_empty() && row.text.starts_with(prefix) {
        parser.take_header(&row.text)?;
        return Ok(false);
    }
    let current = match parser.fields()? {
        Some(current) => Arc::clone(current),
        None if row.text.is_empty() => return Ok(false),
        None => return Err(ReadFault::NoFields),
    };
    if row.text.is_empty() && current.len() != 1 {
        return Ok(false);
    }
    if !Arc::ptr_eq(fields, &current) {
        *fields = Arc::clone(&current);
    }
    parser.parse(row, &current)?;
    Ok(true)
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("file", &self.file)
            .field("line", &self.source.line)
            .finish_non_exhaustive()
    }
}
