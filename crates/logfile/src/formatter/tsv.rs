//! Zeek's own format: separated values between header lines and `#close`.

use zeekwire_types::Cell;
use zeekwire_types::LogField;
use zeekwire_types::log::Elements;

use super::push_common;
use crate::escaping::TsvEscaper;
use crate::escaping::push_header_text;
use crate::number::push_double;
use crate::number::push_fixed;
use crate::options::Options;

/// All that numbers, addresses, times and truth values are made of.
const SCALAR_BYTES: &[u8] = b"0123456789abcdef.:/-TFin";

#[derive(Clone, Debug)]
pub(super) struct TsvFormatter {
    escaper: TsvEscaper,
    /// Whether scalars but strings never need escaping.
    scalars_are_plain: bool,
    separator: Vec<u8>,
    set_separator: Vec<u8>,
    unset: Reserved,
    empty: Reserved,
    header: Header,
}

/// A text that stands for something.
#[derive(Clone, Debug)]
struct Reserved {
    text: Vec<u8>,
    /// As it is written outside of sets and vectors, and inside.
    escaped: [Vec<u8>; 2],
}

impl Reserved {
    fn new(text: &[u8], escaper: &TsvEscaper) -> Self {
        let escaped = [false, true].map(|in_container| {
            let mut out = Vec::new();
            escaper.push(&mut out, text, in_container);
            out
        });
        Self {
            text: text.to_vec(),
            escaped,
        }
    }

    #[inline]
    fn push(&self, out: &mut Vec<u8>, in_container: bool) {
        out.extend_from_slice(&self.escaped[usize::from(in_container)]);
    }
}

/// The lines around the rows.
#[derive(Clone, Debug, Default)]
struct Header {
    /// What comes before the time of opening, and after it.
    parts: [Vec<u8>; 2],
    /// What comes before the time of closing; nothing where there is no such line.
    close: Vec<u8>,
}

impl Header {
    fn new(options: &Options, path: &str, fields: &[LogField]) -> Self {
        if !options.include_meta {
            return Self::default();
        }
        let names = joined(fields.iter().map(|f| f.name.clone()), &options.separator);
        if options.names_only {
            let line = [&names[..], b"\n"].concat();
            return Self {
                parts: [line, Vec::new()],
                close: Vec::new(),
            };
        }
        let mut before = options.meta_prefix.clone();
        // The separator cannot separate its own name.
        before.extend_from_slice(b"separator ");
        push_header_text(&mut before, &options.separator);
        before.push(b'\n');
        let texts: [(&str, &[u8]); 4] = [
            ("set_separator", &options.set_separator),
            ("empty_field", &options.empty_field),
            ("unset_field", &options.unset_field),
            ("path", path.as_bytes()),
        ];
        for (name, text) in texts {
            push_name(&mut before, options, name);
            push_header_text(&mut before, text);
            before.push(b'\n');
        }
        push_name(&mut before, options, "open");
        let mut after = b"\n".to_vec();
        push_name(&mut after, options, "fields");
        after.extend_from_slice(&names);
        after.push(b'\n');
        push_name(&mut after, options, "types");
        after.extend(joined(
            fields.iter().map(LogField::type_name),
            &options.separator,
        ));
        after.push(b'\n');
        let mut close = Vec::new();
        push_name(&mut close, options, "close");
        Self {
            parts: [before, after],
            close,
        }
    }
}

fn push_name(out: &mut Vec<u8>, options: &Options, name: &str) {
    out.extend_from_slice(&options.meta_prefix);
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(&options.separator);
}

fn joined(texts: impl Iterator<Item = String>, separator: &[u8]) -> Vec<u8> {
    texts
        .map(String::into_bytes)
        .collect::<Vec<_>>()
        .join(separator)
}

impl TsvFormatter {
    pub(super) fn new(options: &Options, path: &str, fields: &[LogField]) -> Self {
        let Options {
            separator,
            set_separator,
            enable_utf_8,
            ..
        } = options;
        let escaper = TsvEscaper::new(separator, set_separator, *enable_utf_8);
        Self {
            scalars_are_plain: escaper.is_plain(SCALAR_BYTES),
            separator: separator.clone(),
            set_separator: set_separator.clone(),
            unset: Reserved::new(&options.unset_field, &escaper),
            empty: Reserved::new(&options.empty_field, &escaper),
            header: Header::new(options, path, fields),
            escaper,
        }
    }

    pub(super) fn push_header(&self, out: &mut Vec<u8>, opened: &str) {
        let [before, after] = &self.header.parts;
        out.extend_from_slice(before);
        if !after.is_empty() {
            out.extend_from_slice(opened.as_bytes());
            out.extend_from_slice(after);
        }
    }

    pub(super) fn push_close(&self, out: &mut Vec<u8>, closed: &str) {
        if !self.header.close.is_empty() {
            out.extend_from_slice(&self.header.close);
            out.extend_from_slice(closed.as_bytes());
            out.push(b'\n');
        }
    }

    #[inline]
    pub(super) fn push_row<'a>(
        &self,
        out: &mut Vec<u8>,
        cells: impl IntoIterator<Item = Cell<'a>>,
    ) {
        // A closure is given the cells faster than a loop would take them.
        let mut is_first = true;
        cells.into_iter().for_each(|cell| {
            if !is_first {
                push_separator(out, &self.separator);
            }
            is_first = false;
            self.push_cell(out, &cell, false);
        });
    }

    #[inline]
    fn push_cell(&self, out: &mut Vec<u8>, cell: &Cell<'_>, in_container: bool) {
        match cell {
            Cell::Unset => self.unset.push(out, in_container),
            Cell::String(text) | Cell::Enum(text) | Cell::Function(text) | Cell::File(text) => {
                self.push_text(out, text, in_container);
            }
            Cell::Set(elements) | Cell::Vector(elements) => self.push_elements(out, elements),
            scalar if self.scalars_are_plain => push_scalar(out, scalar),
            scalar => {
                let mut text = Vec::new();
                push_scalar(&mut text, scalar);
                self.escaper.push(out, &text, in_container);
            }
        }
    }

    #[inline]
    fn push_text(&self, out: &mut Vec<u8>, text: &[u8], in_container: bool) {
        if text.is_empty() {
            self.empty.push(out, in_container);
        } else if text == self.unset.text || text == self.empty.text {
            self.escaper.push_reserved(out, text, in_container);
        } else {
            self.escaper.push(out, text, in_container);
        }
    }

    fn push_elements(&self, out: &mut Vec<u8>, elements: &Elements<'_>) {
        if elements.is_empty() {
            self.empty.push(out, false);
            return;
        }
        for (index, element) in elements.iter().enumerate() {
            if index > 0 {
                push_separator(out, &self.set_separator);
            }
            self.push_cell(out, &element, true);
        }
    }
}

#[inline]
fn push_separator(out: &mut Vec<u8>, separator: &[u8]) {
    match separator {
        [byte] => out.push(*byte),
        separator => out.extend_from_slice(separator),
    }
}

#[inline]
fn push_scalar(out: &mut Vec<u8>, cell: &Cell<'_>) {
    match cell {
        Cell::Bool(value) => out.push(if *value { b'T' } else { b'F' }),
        Cell::Double(value) => push_double(out, *value),
        Cell::Time(value) | Cell::Interval(value) => push_fixed(out, *value),
        other => push_common(out, other),
    }
}
