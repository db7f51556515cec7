//! Log files, TSV and JSON: what is read can be written and read again.

use std::io::Cursor;

use zeekwire_logfile::Formatter;
use zeekwire_logfile::Options;
use zeekwire_logfile::ReadOptions;
use zeekwire_logfile::Reader;
use zeekwire_types::LogField;
use zeekwire_types::LogRow;
use zeekwire_types::LogValue;

/// Reads; then writes what was read in both formats, and reads that.
pub fn log_file(data: &[u8]) {
    let (fields, rows) = read(data, ReadOptions::default());
    let mut names: Vec<_> = fields.iter().map(|field| &field.name).collect();
    names.sort();
    let count = names.len();
    names.dedup();
    if names.len() < count {
        // JSON cannot have one name twice.
        return;
    }
    for options in [Options::default(), Options::json()] {
        let Some(file) = written(&options, &fields, &rows) else {
            continue;
        };
        let again = settled(&options, &fields, &file, rows.len());
        let once_more = settled(&options, &fields, &again, rows.len());
        // What a format cannot say, such as the seventh decimal, is lost the first time only.
        assert_eq!(
            String::from_utf8_lossy(&again),
            String::from_utf8_lossy(&once_more)
        );
    }
}

/// The fields and rows up to where the fields change, which those of guessed JSON may.
fn read(data: &[u8], options: ReadOptions) -> (Vec<LogField>, Vec<LogRow>) {
    let mut reader =
        Reader::new("file", Cursor::new(data.to_vec()), options).expect("memory can be read");
    let mut fields = Vec::new();
    let mut rows = Vec::new();
    loop {
        match reader.next_row() {
            Ok(None) => return (fields, rows),
            Ok(Some(row)) => {
                assert_eq!(row.cells().len(), row.fields().len());
                assert!(!format!("{row:?}").is_empty());
                if fields[..] != row.fields()[..] {
                    fields = row.fields().to_vec();
                    rows.clear();
                }
                rows.push(row.to_owned());
            }
            Err(error) => {
                assert!(error.to_string().starts_with("file:"), "{error}");
                if !error.is_about_one_row() {
                    return (fields, rows);
                }
            }
        }
    }
}

/// What the rows look like, unless they cannot have these names.
fn written(options: &Options, fields: &[LogField], rows: &[LogRow]) -> Option<Vec<u8>> {
    let mut formatter = Formatter::new(options, "path", fields).ok()?;
    let mut out = Vec::new();
    formatter.push_header(&mut out, "2026-11-20-08-28-00");
    for row in rows {
        formatter.push_row(&mut out, row.iter().map(LogValue::as_cell));
    }
    Some(out)
}

/// Reads a file that was written, and writes it.
fn settled(options: &Options, fields: &[LogField], file: &[u8], count: usize) -> Vec<u8> {
    let told = ReadOptions {
        fields: Some(fields.to_vec().into()),
        ..ReadOptions::default()
    };
    let (_, rows) = read(file, told);
    assert_eq!(rows.len(), count, "{}", String::from_utf8_lossy(file));
    written(options, fields, &rows).expect("it was written before")
}
