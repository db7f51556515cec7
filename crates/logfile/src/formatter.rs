//! Rows as lines of text.

mod json;
#[cfg(test)]
mod tests;
mod tsv;

use zeekwire_types::Cell;
use zeekwire_types::LogField;

use self::json::JsonFormatter;
pub(crate) use self::json::whole;
use self::tsv::TsvFormatter;
use crate::address::push_address;
use crate::address::push_subnet;
use crate::escaping::push_hex;
use crate::number::push_count;
use crate::number::push_int;
use crate::options::OptionError;
use crate::options::Options;

/// Turns rows of one stream into lines, byte for byte as Zeek's own writer does.
///
/// It owns no file and no clock: lines are appended to whatever buffer it is given, and always
/// whole, with their line break.
///
/// ```
/// use zeekwire_logfile::{Formatter, Options};
/// use zeekwire_types::{Cell, LogField, LogType};
///
/// let fields = [LogField::new("ts", LogType::Time), LogField::new("uid", LogType::String)];
/// let mut formatter = Formatter::new(&Options::default(), "conn", &fields)?;
/// let mut out = Vec::new();
/// formatter.push_row(&mut out, [Cell::Time(1.5), Cell::String(b"C\t1")]);
/// assert_eq!(out, b"1.500000\tC\\x091\n");
/// # Ok::<(), zeekwire_logfile::OptionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Formatter {
    form: Form,
    meta_prefix: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Form {
    Tsv(TsvFormatter),
    Json(JsonFormatter),
}

impl Formatter {
    /// A formatter for rows with these fields. `path` is what the header says: `conn`.
    ///
    /// # Errors
    /// [`OptionError`] when options and fields make a file that nobody could read.
    pub fn new(options: &Options, path: &str, fields: &[LogField]) -> Result<Self, OptionError> {
        options.check_fields(fields)?;
        let form = match options.use_json {
            true => Form::Json(JsonFormatter::new(options, fields)),
            false => Form::Tsv(TsvFormatter::new(options, path, fields)),
        };
        Ok(Self {
            form,
            meta_prefix: options.meta_prefix.clone(),
        })
    }

    /// Appends what a file starts with: for JSON nothing. `opened` is the local time, in the form
    /// of [`Zone::stamp`](crate::Zone::stamp).
    pub fn push_header(&self, out: &mut Vec<u8>, opened: &str) {
        match &self.form {
            Form::Tsv(form) => form.push_header(out, opened),
            Form::Json(_) => {}
        }
    }

    /// Appends what a file ends with: for JSON nothing.
    pub fn push_close(&self, out: &mut Vec<u8>, closed: &str) {
        match &self.form {
            Form::Tsv(form) => form.push_close(out, closed),
            Form::Json(_) => {}
        }
    }

    /// Appends a row: one cell for each field.
    ///
    /// Cells are written as what they are. That they fit the fields is for the caller to see to,
    /// with [`LogStream::check`](zeekwire_types::LogStream::check).
    pub fn push_row<'a>(&mut self, out: &mut Vec<u8>, cells: impl IntoIterator<Item = Cell<'a>>) {
        let start = out.len();
        match &mut self.form {
            Form::Tsv(form) => form.push_row(out, cells),
            Form::Json(form) => form.push_row(out, cells),
        }
        out.push(b'\n');
        if out[start..].starts_with(&self.meta_prefix) {
            escape_first(out, start);
        }
    }
}

/// Keeps a row from being taken for a header line.
#[cold]
fn escape_first(out: &mut Vec<u8>, start: usize) {
    let mut escape = Vec::with_capacity(4);
    push_hex(&mut escape, out[start]);
    out.splice(start..=start, escape);
}

/// Appends a value whose text is the same in both formats, up to quotes: no double and no time.
#[inline]
fn push_common(out: &mut Vec<u8>, cell: &Cell<'_>) {
    match cell {
        Cell::Int(value) => push_int(out, *value),
        Cell::Count(value) => push_count(out, *value),
        Cell::Port(port) => push_count(out, port.number.into()),
        Cell::Addr(address) => push_address(out, *address),
        Cell::Subnet(subnet) => push_subnet(out, *subnet),
        other => debug_assert!(false, "{other:?} has a form of its own"),
    }
}
