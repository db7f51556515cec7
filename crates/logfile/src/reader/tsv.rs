//! Reading Zeek's own format.

use std::ops::Range;
use std::sync::Arc;

use memchr::memchr;
use memchr::memchr_iter;
use memchr::memmem;
use zeekwire_types::LogField;
use zeekwire_types::LogType;

use super::error::ReadFault;
use super::row::RowBuffer;
use super::row::Slot;
use super::row::Span;
use super::scalar;
use crate::escaping::TsvEscaper;
use crate::escaping::header_text;
use crate::escaping::unescape;
use crate::options::Options;

/// What the header lines have said so far.
#[derive(Debug)]
pub(super) struct TsvParser {
    /// The separators and the texts with a meaning.
    pub(super) options: Options,
    unset: Reserved,
    empty: Reserved,
    pub(super) path: Option<String>,
    pub(super) opened: Option<String>,
    pub(super) closed: Option<String>,
    /// What `#fields` and `#types` said last, until both have spoken.
    names: Vec<Vec<u8>>,
    types: Vec<Vec<u8>>,
    is_new: bool,
    fields: Option<Arc<[LogField]>>,
    /// Where the values of the line are.
    ranges: Vec<Range<usize>>,
}

impl TsvParser {
    pub(super) fn new(meta_prefix: &[u8], fields: Option<Arc<[LogField]>>) -> Self {
        let options = Options {
            meta_prefix: meta_prefix.to_vec(),
            ..Options::default()
        };
        let mut parser = Self {
            options,
            unset: Reserved::default(),
            empty: Reserved::default(),
            path: None,
            opened: None,
            closed: None,
            names: Vec::new(),
            types: Vec::new(),
            is_new: false,
            fields,
            ranges: Vec::new(),
        };
        parser.escape_reserved();
        parser
    }

    /// Takes a header line; one that is not known is a comment.
    pub(super) fn take_header(&mut self, line: &[u8]) -> Result<(), ReadFault> {
        let line = &line[self.options.meta_prefix.len()..];
        if let Some(text) = line.strip_prefix(b"separator ") {
            let separator = header_text(text);
            if separator.is_empty() {
                return Err(ReadFault::Header(
                    "the separator is empty: rows cannot be split",
                ));
            }
            // A new header begins: files may be put together.
            let meta_prefix = std::mem::take(&mut self.options.meta_prefix);
            self.options = Options {
                meta_prefix,
                separator,
                ..Options::default()
            };
            self.closed = None;
            self.escape_reserved();
            return Ok(());
        }
        let (name, value) = match memmem::find(line, &self.options.separator) {
            Some(at) => (&line[..at], &line[at + self.options.separator.len()..]),
            None => (line, &[][..]),
        };
        let text = || Some(String::from_utf8_lossy(&header_text(value)).into_owned());
        match name {
            b"set_separator" => self.options.set_separator = header_text(value),
            b"empty_field" => self.options.empty_field = header_text(value),
            b"unset_field" => self.options.unset_field = header_text(value),
            b"path" => self.path = text(),
            b"open" => self.opened = text(),
            b"close" => self.closed = text(),
            b"fields" => {
                self.names = split(value, &self.options.separator);
                self.types.clear();
                self.is_new = true;
            }
            b"types" => {
                self.types = split(value, &self.options.separator);
                self.is_new = true;
            }
            _ => return Ok(()),
        }
        self.escape_reserved();
        Ok(())
    }

    /// The fields that rows have from here on; `None` before a header has named them.
    pub(super) fn fields(&mut self) -> Result<Option<&Arc<[LogField]>>, ReadFault> {
        if std::mem::take(&mut self.is_new) {
            if !self.types.is_empty() && self.types.len() != self.names.len() {
                self.fields = None;
                let problem = "`#types` does not have as many types as `#fields` has names";
                return Err(ReadFault::Header(problem));
            }
            let fields: Vec<_> = (0..self.names.len()).map(|at| self.field(at)).collect();
            if self.fields.as_deref() != Some(&fields) {
                self.fields = Some(fields.into());
            }
        }
        Ok(self.fields.as_ref())
    }

    /// A type that is not known, or not told, is text.
    fn field(&self, at: usize) -> LogField {
        let name = String::from_utf8_lossy(&self.names[at]).into_owned();
        let told = self
            .types
            .get(at)
            .and_then(|text| std::str::from_utf8(text).ok());
        match told.and_then(LogField::parse_type_name) {
            Some((LogType::Pattern, _) | (_, Some(LogType::Pattern))) | None => {
                LogField::new(name, LogType::String)
            }
            Some((kind, element)) => LogField {
                element,
                ..LogField::new(name, kind)
            },
        }
    }

    /// Reads the row that is the text of `row`.
    pub(super) fn parse(
        &mut self,
        row: &mut RowBuffer,
        fields: &[LogField],
    ) -> Result<(), ReadFault> {
        self.ranges.clear();
        split_ranges(&row.text, 0, &self.options.separator, &mut self.ranges);
        if self.ranges.len() != fields.len() {
            let found = self.ranges.len();
            return Err(ReadFault::CellCount {
                expected: fields.len(),
                found,
            });
        }
        for (field, range) in fields.iter().zip(&self.ranges) {
            let slot = match field.element {
                Some(element) => self.container(row, field, element, range.clone()),
                None => self.value(row, field.kind, range.clone(), false),
            };
            let Some(slot) = slot else {
                return Err(ReadFault::value(field, &row.text[range.clone()]));
            };
            row.slots.push(slot);
        }
        Ok(())
    }

    fn container(
        &self,
        row: &mut RowBuffer,
        field: &LogField,
        element: LogType,
        range: Range<usize>,
    ) -> Option<Slot> {
        let text = &row.text[range.clone()];
        if self.unset.is(text, false) {
            return Some(Slot::Unset);
        }
        let start = row.elements.len();
        if !self.empty.is(text, false) {
            let mut ranges = Vec::new();
            split_ranges(text, range.start, &self.options.set_separator, &mut ranges);
            for range in ranges {
                let slot = self.value(row, element, range, true)?;
                row.elements.push(slot);
            }
        }
        Some(Slot::container(
            field.kind,
            Span::new(start..row.elements.len()),
        ))
    }

    #[inline]
    fn value(
        &self,
        row: &mut RowBuffer,
        kind: LogType,
        range: Range<usize>,
        in_container: bool,
    ) -> Option<Slot> {
        let text = &mut row.text[range.clone()];
        if self.unset.is(text, in_container) {
            return Some(Slot::Unset);
        }
        if let Some(empty) = Slot::text(kind, Span::default())
            && self.empty.is(text, in_container)
        {
            return Some(empty);
        }
        let length = match memchr(b'\\', text) {
            Some(_) => unescape(text),
            None => text.len(),
        };
        let span = || Span::new(range.start..range.start + length);
        match kind {
            LogType::String | LogType::Enum | LogType::Function | LogType::File => {
                Slot::text(kind, span())
            }
            _ => scalar::parse(kind, &text[..length]),
        }
    }

    fn escape_reserved(&mut self) {
        self.unset = Reserved::new(&self.options.unset_field, &self.options);
        self.empty = Reserved::new(&self.options.empty_field, &self.options);
    }
}

/// A text that stands for something, as it is in rows: outside of sets and vectors, and inside.
#[derive(Debug, Default)]
struct Reserved([Vec<u8>; 2], [Vec<u8>; 2]);

impl Reserved {
    /// Whether the file's writer let UTF-8 through is not in the header, so both forms count.
    fn new(text: &[u8], options: &Options) -> Self {
        let forms = |utf8| {
            let escaper = TsvEscaper::new(&options.separator, &options.set_separator, utf8);
            [false, true].map(|in_container| {
                let mut out = Vec::new();
                escaper.push(&mut out, text, in_container);
                out
            })
        };
        Self(forms(true), forms(false))
    }

    #[inline]
    fn is(&self, text: &[u8], in_container: bool) -> bool {
        let place = usize::from(in_container);
        text == self.0[place] || text == self.1[place]
    }
}

fn split(text: &[u8], separator: &[u8]) -> Vec<Vec<u8>> {
    let mut ranges = Vec::new();
    split_ranges(text, 0, separator, &mut ranges);
    ranges
        .into_iter()
        .map(|range| text[range].to_vec())
        .collect()
}

/// The ranges between separators, as places in a text that begins `offset` bytes earlier.
fn split_ranges(text: &[u8], offset: usize, separator: &[u8], ranges: &mut Vec<Range<usize>>) {
    let mut start = 0;
    let mut push = |at: usize, length: usize| {
        ranges.push(offset + start..offset + at);
        start = at + length;
    };
    match separator {
        [] => {}
        [byte] => memchr_iter(*byte, text).for_each(|at| push(at, 1)),
        _ => memmem::find_iter(text, separator).for_each(|at| push(at, separator.len())),
    }
    push(text.len(), 0);
}
