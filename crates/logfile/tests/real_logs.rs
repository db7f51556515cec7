//! Logs that a real Zeek wrote: what is read and written again has the same bytes.
//!
//! Besides the recorded files of this project, tests take all logs of a folder `shared/data` beside
//! the project, or of the one that the environment variable `ZEEKWIRE_REAL_LOGS` names.

#![allow(clippy::unwrap_used, reason = "for tests only")]

use std::fs;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use zeekwire_logfile::FileHeader;
use zeekwire_logfile::Formatter;
use zeekwire_logfile::Options;
use zeekwire_logfile::ReadOptions;
use zeekwire_logfile::Reader;
use zeekwire_logfile::TimestampFormat;
use zeekwire_types::Cell;
use zeekwire_types::LogField;
use zeekwire_types::LogRow;
use zeekwire_types::LogType;
use zeekwire_types::LogValue;

/// A file that was read.
struct Log {
    header: FileHeader,
    fields: Arc<[LogField]>,
    rows: Vec<LogRow>,
}

impl Log {
    fn read(path: &Path, fields: Option<Arc<[LogField]>>) -> Self {
        let options = ReadOptions {
            fields,
            sample_bytes: 1 << 30,
            ..ReadOptions::default()
        };
        let mut reader = Reader::open(path, options).unwrap();
        let mut rows = Vec::new();
        while let Some(row) = reader.next_row().unwrap() {
            rows.push(row.to_owned());
        }
        Self {
            header: reader.header(),
            fields: Arc::clone(reader.fields()),
            rows,
        }
    }

    /// The file that a writer with these options makes of the rows.
    fn written(&self, options: &Options) -> Vec<u8> {
        let path = self.header.path.as_deref().unwrap_or_default();
        let mut formatter = Formatter::new(options, path, &self.fields).unwrap();
        let mut out = Vec::new();
        formatter.push_header(&mut out, self.header.opened.as_deref().unwrap_or_default());
        for row in &self.rows {
            formatter.push_row(&mut out, row.iter().map(LogValue::as_cell));
        }
        if let Some(closed) = &self.header.closed {
            formatter.push_close(&mut out, closed);
        }
        out
    }
}

fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// All logs there are: those of the demo, and those beside the project.
fn logs() -> Vec<PathBuf> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let beside = std::env::var_os("ZEEKWIRE_REAL_LOGS").map(PathBuf::from);
    let beside = beside.unwrap_or_else(|| project.join("../shared/data"));
    let mut logs = vec![recorded("vec.tsv")];
    for folder in [
        project.join("crates/cli/data"),
        beside.join("testnet"),
        beside.join("zeek-tests"),
    ] {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        let paths = entries.map(|entry| entry.unwrap().path());
        let is_log = |path: &PathBuf| {
            let name = path.to_string_lossy();
            name.ends_with(".log") || name.ends_with(".log.gz")
        };
        logs.extend(paths.filter(is_log));
    }
    assert!(
        logs.len() > 6,
        "the logs of the demo are part of the project"
    );
    logs
}

fn bytes(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let file = File::open(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "gz") {
        MultiGzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    } else {
        { file }.read_to_end(&mut bytes).unwrap();
    }
    bytes
}

/// Compares texts, and shows the first line that differs.
fn assert_same(found: &[u8], expected: &[u8], what: &str) {
    if found == expected {
        return;
    }
    let lines = |text: &[u8]| -> Vec<String> {
        text.split(|&b| b == b'\n')
            .map(|l| String::from_utf8_lossy(l).into_owned())
            .collect()
    };
    for (number, (found, expected)) in (1..).zip(lines(found).iter().zip(lines(expected))) {
        assert_eq!(*found, expected, "{what}:{number}");
    }
    panic!(
        "{what}: {} bytes instead of {}",
        found.len(),
        expected.len()
    );
}

#[test]
fn tsv_that_is_read_and_written_has_the_same_bytes() {
    for path in logs() {
        let log = Log::read(&path, None);
        assert!(!log.rows.is_empty(), "{}", path.display());
        let written = log.written(&log.header.options);
        assert_same(&written, &bytes(&path), &path.display().to_string());
    }
}

#[test]
fn json_that_is_read_and_written_has_the_same_bytes() {
    for path in logs() {
        let json = path.with_extension("json");
        if !json.exists() {
            continue;
        }
        let expected = bytes(&json);
        // With guessed fields, and with those of the TSV beside.
        let guessed = Log::read(&json, None);
        let name = json.display().to_string();
        assert_same(&guessed.written(&guessed.header.options), &expected, &name);
        let told = Log::read(&json, Some(Log::read(&path, None).fields));
        assert_same(&told.written(&told.header.options), &expected, &name);
    }
}

#[test]
fn tsv_as_json_is_the_json_of_zeek() {
    let mut rows = 0;
    for path in logs() {
        let json = path.with_extension("json");
        if !json.exists() {
            continue;
        }
        let mut log = Log::read(&path, None);
        let of_zeek = Log::read(&json, Some(Arc::clone(&log.fields)));
        assert_eq!(log.rows.len(), of_zeek.rows.len(), "{}", path.display());
        rows += log.rows.len();
        for (row, of_zeek) in log.rows.iter_mut().zip(&of_zeek.rows) {
            for (value, of_zeek) in row.iter_mut().zip(of_zeek) {
                settle_difference(value, of_zeek);
            }
        }
        let name = json.display().to_string();
        assert_same(&log.written(&of_zeek.header.options), &bytes(&json), &name);
    }
    assert!(rows >= 5);
}

/// TSV cuts fractions off, and Zeek does not order sets: there, and only there, takes what Zeek's
/// JSON says, if it is the same but for that.
fn settle_difference(value: &mut LogValue, of_zeek: &LogValue) {
    let sorted = |values: &[LogValue]| {
        let mut texts: Vec<_> = values.iter().map(|value| format!("{value:?}")).collect();
        texts.sort();
        texts
    };
    match (&mut *value, of_zeek) {
        (LogValue::Double(a), LogValue::Double(b))
        | (LogValue::Time(a), LogValue::Time(b))
        | (LogValue::Interval(a), LogValue::Interval(b)) => {
            assert!((*a - b).abs() <= 1e-6, "{a} and {b}");
        }
        (LogValue::Set(a), LogValue::Set(b)) => assert_eq!(sorted(a), sorted(b)),
        (LogValue::Vector(a), LogValue::Vector(b)) => {
            assert_eq!(a.len(), b.len());
            a.iter_mut()
                .zip(b)
                .for_each(|(a, b)| settle_difference(a, b));
            return;
        }
        _ => return,
    }
    *value = of_zeek.clone();
}

#[test]
fn recorded_records_are_the_same_in_all_forms() {
    let tsv = Log::read(&recorded("vec.tsv"), None);
    let json = Log::read(&recorded("vec.json"), Some(Arc::clone(&tsv.fields)));
    let iso = Log::read(&recorded("vec.iso.json"), Some(Arc::clone(&tsv.fields)));
    assert_eq!(json.rows, iso.rows);
    assert_eq!(json.header.options.json_timestamps, TimestampFormat::Epoch);
    assert_eq!(iso.header.options.json_timestamps, TimestampFormat::Iso8601);
    assert_same(
        &iso.written(&iso.header.options),
        &bytes(&recorded("vec.iso.json")),
        "iso",
    );
    let kinds: Vec<_> = tsv.fields.iter().map(|field| field.kind).collect();
    for kind in LogType::ALL {
        let cannot_be_logged = matches!(kind, LogType::Pattern | LogType::File);
        assert_ne!(kinds.contains(&kind), cannot_be_logged, "{kind}");
    }
    assert_eq!(json.rows[1][6].as_cell(), Cell::String(b"row 1 \xff"));
    assert_eq!(json.rows[0][18], LogValue::Unset);
    // Unset fields that are asked for are there, and are read as what they are.
    let options = Options {
        json_include_unset_fields: true,
        ..Options::json()
    };
    let with_unset = json.written(&options);
    assert!(with_unset.windows(11).any(|text| text == b"\"opt\":null,"));
}
