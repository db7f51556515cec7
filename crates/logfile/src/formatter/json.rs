//! One JSON object per line.

use zeekwire_types::Cell;
use zeekwire_types::LogField;
use zeekwire_types::log::Elements;

use super::push_common;
use crate::calendar::push_iso8601;
use crate::escaping::JsonEscaper;
use crate::escaping::push_json_text;
use crate::escaping::push_name;
use crate::number::push_count;
use crate::number::push_int;
use crate::number::push_json_double;
use crate::options::Options;
use crate::options::TimestampFormat;

#[derive(Clone, Debug)]
pub(super) struct JsonFormatter {
    /// The fields' names with quotes and colon, one after the other, and where each ends.
    keys: Vec<u8>,
    key_ends: Vec<usize>,
    escaper: JsonEscaper,
    timestamps: TimestampFormat,
    include_unset_fields: bool,
}

impl JsonFormatter {
    pub(super) fn new(options: &Options, fields: &[LogField]) -> Self {
        let mut keys = Vec::new();
        let mut key_ends = Vec::with_capacity(fields.len());
        for field in fields {
            push_json_text(&mut keys, field.name.as_bytes());
            keys.push(b':');
            key_ends.push(keys.len());
        }
        Self {
            keys,
            key_ends,
            escaper: JsonEscaper::new(options.json_string_escape_policy),
            timestamps: options.json_timestamps,
            include_unset_fields: options.json_include_unset_fields,
        }
    }

    #[inline]
    pub(super) fn push_row<'a>(
        &mut self,
        out: &mut Vec<u8>,
        cells: impl IntoIterator<Item = Cell<'a>>,
    ) {
        out.push(b'{');
        let mut start = 0;
        let mut first = true;
        for (index, cell) in cells.into_iter().enumerate() {
            let Some(&end) = self.key_ends.get(index) else {
                debug_assert!(false, "more cells than fields");
                break;
            };
            if self.include_unset_fields || !cell.is_unset() {
                if !first {
                    out.push(b',');
                }
                first = false;
                out.extend_from_slice(&self.keys[start..end]);
                self.push_cell(out, &cell);
            }
            start = end;
        }
        out.push(b'}');
    }

    #[inline]
    fn push_cell(&mut self, out: &mut Vec<u8>, cell: &Cell<'_>) {
        match cell {
            Cell::Unset => out.extend_from_slice(b"null"),
            Cell::Bool(true) => out.extend_from_slice(b"true"),
            Cell::Bool(false) => out.extend_from_slice(b"false"),
            Cell::Double(value) | Cell::Interval(value) => push_json_double(out, *value),
            Cell::Time(value) => self.push_time(out, *value),
            Cell::String(text) => self.escaper.push_string(out, text),
            Cell::Enum(text) | Cell::Function(text) | Cell::File(text) => push_name(out, text),
            Cell::Set(elements) | Cell::Vector(elements) => self.push_elements(out, elements),
            Cell::Addr(_) | Cell::Subnet(_) => {
                out.push(b'"');
                push_common(out, cell);
                out.push(b'"');
            }
            other => push_common(out, other),
        }
    }

    fn push_elements(&mut self, out: &mut Vec<u8>, elements: &Elements<'_>) {
        out.push(b'[');
        for (index, element) in elements.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            self.push_cell(out, &element);
        }
        out.push(b']');
    }

    fn push_time(&self, out: &mut Vec<u8>, value: f64) {
        match self.timestamps {
            TimestampFormat::Epoch => push_json_double(out, value),
            TimestampFormat::Millis => push_int(out, whole(value * 1000.0)),
            TimestampFormat::MillisUnsigned => {
                push_count(out, whole(value * 1000.0).cast_unsigned());
            }
            TimestampFormat::Iso8601 => push_iso8601(out, value),
        }
    }
}

/// The value without its fraction. What does not fit is the lowest number, as processors have it
/// that Zeek runs on.
#[expect(
    clippy::cast_possible_truncation,
    reason = "cutting the fraction off is the purpose"
)]
pub(crate) fn whole(value: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&value) {
        value as i64
    } else {
        i64::MIN
    }
}
