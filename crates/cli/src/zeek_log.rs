//! Zeek's tab-separated logs: rows as records with the names and types of the header.

mod fault;
mod field;
#[cfg(test)]
mod tests;

use std::io::{BufRead, Read};

use zeekwire::Value;

pub(crate) use fault::LogError;
use fault::Problem;
use field::{Column, Columns};

/// Longest line, in bytes.
const LINE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Rows of one log.
#[derive(Debug)]
pub(crate) struct ZeekLog {
    /// What the log is called: `conn`.
    pub(crate) path: String,
    /// One record a row.
    pub(crate) rows: Vec<Value>,
}

impl ZeekLog {
    /// Reads a log, which errors call `file`; at most so many rows.
    pub(crate) fn read(
        file: &str,
        input: impl BufRead,
        row_count_max: usize,
    ) -> Result<Self, LogError> {
        let mut lines = Lines {
            file,
            input,
            number: 0,
            line: Vec::new(),
        };
        let mut header = Header::default();
        let mut rows = Vec::new();
        let mut columns: Option<Columns> = None;
        while rows.len() < row_count_max && lines.next()? {
            if lines.line.first() == Some(&b'#') {
                header
                    .line(&lines.line)
                    .map_err(|problem| lines.error(problem))?;
                columns = None;
                continue;
            }
            if columns.is_none() {
                columns = Some(header.columns().map_err(|problem| lines.error(problem))?);
            }
            let Some(columns) = &columns else { continue };
            rows.push(
                columns
                    .row(&lines.line)
                    .map_err(|problem| lines.error(problem))?,
            );
        }
        if header.path.is_empty() {
            return Err(lines.error(Problem::NoHeader("path")));
        }
        Ok(Self {
            path: header.path,
            rows,
        })
    }
}

/// The lines of a file, one at a time.
struct Lines<'a, R> {
    file: &'a str,
    input: R,
    number: u64,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<'_, R> {
    /// Reads the next line. False at the end.
    fn next(&mut self) -> Result<bool, LogError> {
        self.line.clear();
        self.number += 1;
        let read = self
            .input
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut self.line);
        read.map_err(|error| self.error(Problem::Read(error.to_string())))?;
        let ended = self.line.pop_if(|byte| *byte == b'\n').is_some();
        if !ended && self.line.len() as u64 == LINE_BYTES_MAX {
            return Err(self.error(Problem::LineTooLong));
        }
        Ok(ended || !self.line.is_empty())
    }

    fn error(&self, problem: Problem) -> LogError {
        LogError {
            file: self.file.to_owned(),
            line: self.number,
            problem,
        }
    }
}

/// The lines with `#` seen so far.
struct Header {
    separator: Vec<u8>,
    set_separator: Vec<u8>,
    empty: Vec<u8>,
    unset: Vec<u8>,
    path: String,
    fields: Vec<String>,
    types: Vec<String>,
}

impl Default for Header {
    fn default() -> Self {
        Self {
            separator: b"\t".to_vec(),
            set_separator: b",".to_vec(),
            empty: b"(empty)".to_vec(),
            unset: b"-".to_vec(),
            path: String::new(),
            fields: Vec::new(),
            types: Vec::new(),
        }
    }
}

impl Header {
    fn line(&mut self, line: &[u8]) -> Result<(), Problem> {
        // The separator's own line cannot use it.
        if let Some(separator) = line.strip_prefix(b"#separator ") {
            self.separator = field::unescape(separator);
            return if self.separator.is_empty() {
                Err(Problem::NoSeparator)
            } else {
                Ok(())
            };
        }
        let mut parts = field::split(line, &self.separator);
        let name = parts.next().unwrap_or_default();
        let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
        let mut only = || parts.next().unwrap_or_default().to_vec();
        match name {
            b"#set_separator" => self.set_separator = only(),
            b"#empty_field" => self.empty = only(),
            b"#unset_field" => self.unset = only(),
            b"#path" => self.path = text(&only()),
            b"#fields" => self.fields = parts.map(text).collect(),
            b"#types" => self.types = parts.map(text).collect(),
            // When it was opened and closed, and whatever newer versions add.
            _ => {}
        }
        Ok(())
    }

    fn columns(&self) -> Result<Columns, Problem> {
        for (line, missing) in [
            ("path", self.path.is_empty()),
            ("fields", self.fields.is_empty()),
            ("types", self.types.is_empty()),
        ] {
            if missing {
                return Err(Problem::NoHeader(line));
            }
        }
        if self.fields.len() != self.types.len() {
            return Err(Problem::HeaderCounts(self.fields.len(), self.types.len()));
        }
        let columns: Vec<Column> = self
            .fields
            .iter()
            .zip(&self.types)
            .map(|(name, kind)| Column::new(name, kind))
            .collect();
        let protocol_at = self.fields.iter().position(|name| name == "proto");
        let marks = field::Marks {
            separator: self.separator.clone(),
            set_separator: self.set_separator.clone(),
            empty: self.empty.clone(),
            unset: self.unset.clone(),
        };
        Ok(Columns {
            marks,
            columns,
            protocol_at,
        })
    }
}
