//! How fast rows become the text of a log file.

use std::hint::black_box;
use std::io::{Cursor, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use zeekwire_logfile::{Formatter, Options, ReadError, ReadOptions, Reader};
use zeekwire_types::{LogField, LogRow, LogValue};

use super::{Bench, Figure};
use crate::Group;
use crate::failure::{Failure, Result};
use crate::process::thread_run_time;
use crate::report::{Outcome, Row, Target};
use crate::stats::Samples;

pub(super) const FIGURE: Figure = Figure {
    name: "log files",
    group: Group::Logging,
    ids: &[TSV, JSON, READ],
    extras: &[],
    rivals: false,
    limit: Duration::from_secs(60),
    measure,
};

const TSV: &str = "tsv_format_mb_per_s";
const JSON: &str = "json_format_mb_per_s";
const READ: &str = "tsv_read_mb_per_s";
/// How long each run works.
const RUN_TIME: Duration = Duration::from_millis(300);
/// Connections that a real Zeek saw.
const LOG: &[u8] = include_bytes!("../../../../crates/cli/data/conn.log.gz");

/// Measures one thing about a log.
type Quantity = Box<dyn Fn(&Log) -> Result<f64>>;

fn measure(bench: &Bench, _: Instant) -> Vec<Row> {
    let format = |options: Options| move |log: &Log| log.format_mb_per_s(&options);
    let figures: [(&str, Target, &str, Quantity); 3] = [
        (
            TSV,
            Target::AtLeast(300.0),
            "rows of the real conn.log, on one core",
            Box::new(format(Options::default())),
        ),
        (
            JSON,
            Target::None,
            "the same rows",
            Box::new(format(Options::json())),
        ),
        (
            READ,
            Target::None,
            "every cell visited",
            Box::new(Log::read_mb_per_s),
        ),
    ];
    let mut rows = Vec::new();
    for (id, target, note, run) in figures {
        if !bench.wants(id) {
            continue;
        }
        let runs = || -> Result<Samples> {
            let log = Log::load()?;
            (0..bench.runs).map(|_| run(&log)).collect()
        };
        rows.push(Row {
            id: id.to_owned(),
            target,
            unit: "MB/s",
            outcome: match runs() {
                Ok(samples) => Outcome::single(&samples, note),
                Err(failure) => Outcome::Failed(failure),
            },
        });
    }
    rows
}

/// The rows of a log, and its text.
struct Log {
    fields: Arc<[LogField]>,
    rows: Vec<LogRow>,
    text: Vec<u8>,
}

impl Log {
    fn load() -> Result<Self> {
        let mut reader = reader(LOG)?;
        let mut rows = Vec::new();
        while let Some(row) = reader.next_row().map_err(failure)? {
            rows.push(row.to_owned());
        }
        let fields = Arc::clone(reader.fields());
        let mut log = Self {
            fields,
            rows,
            text: Vec::new(),
        };
        let mut text = Vec::new();
        let mut formatter = log.formatter(&Options::default())?;
        formatter.push_header(&mut text, "2026-11-20-08-26-44");
        log.format(&mut formatter, &mut text);
        log.text = text;
        Ok(log)
    }

    fn formatter(&self, options: &Options) -> Result<Formatter> {
        let formatter = Formatter::new(options, "conn", &self.fields);
        formatter.map_err(|error| Failure::new(error.to_string()))
    }

    fn format(&self, formatter: &mut Formatter, out: &mut Vec<u8>) {
        for row in &self.rows {
            formatter.push_row(out, row.iter().map(LogValue::as_cell));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a run writes megabytes")]
    fn format_mb_per_s(&self, options: &Options) -> Result<f64> {
        let mut formatter = self.formatter(options)?;
        let mut out = Vec::new();
        let mut bytes = 0;
        let before = thread_run_time()?;
        let start = Instant::now();
        while start.elapsed() < RUN_TIME {
            out.clear();
            self.format(&mut formatter, &mut out);
            bytes += black_box(&out).len();
        }
        Ok(bytes as f64 / (thread_run_time()? - before).as_secs_f64() / 1e6)
    }

    #[expect(clippy::cast_precision_loss, reason = "a run reads megabytes")]
    fn read_mb_per_s(&self) -> Result<f64> {
        let mut bytes = 0;
        let before = thread_run_time()?;
        let start = Instant::now();
        while start.elapsed() < RUN_TIME {
            let mut reader = reader(Cursor::new(self.text.clone()))?;
            while let Some(row) = reader.next_row().map_err(failure)? {
                for cell in row.cells() {
                    black_box(cell);
                }
            }
            bytes += self.text.len();
        }
        Ok(bytes as f64 / (thread_run_time()? - before).as_secs_f64() / 1e6)
    }
}

fn reader(input: impl Read + Send + 'static) -> Result<Reader> {
    Reader::new("conn.log", input, ReadOptions::default()).map_err(failure)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn failure(error: ReadError) -> Failure {
    Failure::new(error.to_string())
}
