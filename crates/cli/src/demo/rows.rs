//! The rows that workers publish: a sample that is built in, or the user's own logs.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::failure::{Failure, why};
use crate::zeek_log::{LogError, ZeekLog};

/// Most rows of all logs together: each worker reads them before it links, holds them in memory,
/// and publishes them again and again.
const ROW_COUNT_MAX: usize = 50_000;

const SAMPLE: [(&str, &[u8]); 6] = [
    ("conn.log.gz", include_bytes!("../../data/conn.log.gz")),
    ("dns.log.gz", include_bytes!("../../data/dns.log.gz")),
    ("files.log.gz", include_bytes!("../../data/files.log.gz")),
    ("http.log.gz", include_bytes!("../../data/http.log.gz")),
    ("ssl.log.gz", include_bytes!("../../data/ssl.log.gz")),
    ("weird.log.gz", include_bytes!("../../data/weird.log.gz")),
];

/// The logs to publish.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// By the names of their files.
    pub(super) logs: Vec<ZeekLog>,
    /// Why files of the directory were left out, one line each.
    pub(super) skipped: Vec<String>,
}

impl Rows {
    /// How many rows there are.
    pub(super) fn count(&self) -> usize {
        self.logs.iter().map(|log| log.rows.len()).sum()
    }
}

/// Reads the logs in a directory, or the sample.
pub(super) fn load(directory: Option<&Path>) -> Result<Rows, Failure> {
    let rows = match directory {
        Some(directory) => from_directory(directory, ROW_COUNT_MAX)?,
        None => sample()?,
    };
    if rows.count() == 0 {
        return Err(Failure::job("the logs have no rows"));
    }
    Ok(rows)
}

fn sample() -> Result<Rows, Failure> {
    let logs = SAMPLE
        .iter()
        .map(|(file, packed)| read(file, BufReader::new(*packed), ROW_COUNT_MAX))
        .collect::<Result<_, _>>()
        .map_err(Failure::job)?;
    Ok(Rows {
        logs,
        skipped: Vec::new(),
    })
}

/// A file that may be a log.
struct Candidate {
    size_bytes: u64,
    name: String,
    path: PathBuf,
}

/// Reads at most so many rows of all logs in a directory together.
///
/// The smallest files come first: each may take an even share of what is left, and what it does not
/// need is for the larger ones.
fn from_directory(directory: &Path, row_count_max: usize) -> Result<Rows, Failure> {
    let candidates = candidates(directory)?;
    let (mut logs, mut skipped) = (Vec::new(), Vec::new());
    let mut rows_left = row_count_max;
    for (i, candidate) in candidates.iter().enumerate() {
        if rows_left == 0 {
            break;
        }
        let share = (rows_left / (candidates.len() - i)).max(1);
        let path = &candidate.path;
        let file = File::open(path).map_err(|error| {
            Failure::job(format_args!(
                "cannot read {}: {}",
                path.display(),
                why(&error)
            ))
        })?;
        match read(&candidate.name, BufReader::new(file), share) {
            Ok(log) => {
                rows_left -= log.rows.len();
                logs.push((&candidate.name, log));
            }
            Err(error) if error.is_other_format() => {
                skipped.push((&candidate.name, error.to_string()));
            }
            Err(error) => return Err(Failure::job(error)),
        }
    }
    logs.sort_by_key(|(name, _)| *name);
    skipped.sort();
    if let ([], [(_, first), ..]) = (&logs[..], &skipped[..]) {
        return Err(Failure::job(format_args!(
            "--logs: {} has no log that can be read: {first}",
            directory.display()
        )));
    }
    Ok(Rows {
        logs: logs.into_iter().map(|(_, log)| log).collect(),
        skipped: skipped.into_iter().map(|(_, why)| why).collect(),
    })
}

/// The files that are called like logs, the smallest first.
fn candidates(directory: &Path) -> Result<Vec<Candidate>, Failure> {
    let shown = directory.display();
    let failed = |error: std::io::Error| {
        Failure::usage(format_args!("--logs: cannot read {shown}: {}", why(&error)))
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_called_log = name.ends_with(".log") || name.ends_with(".log.gz");
        let metadata = fs::metadata(&path);
        // What cannot be looked at is told when it is opened.
        if !is_called_log || metadata.as_ref().is_ok_and(|metadata| !metadata.is_file()) {
            continue;
        }
        found.push(Candidate {
            size_bytes: metadata.map_or(0, |metadata| metadata.len()),
            name: name.into_owned(),
            path,
        });
    }
    if found.is_empty() {
        return Err(Failure::usage(format_args!(
            "--logs: {shown} has no *.log and no *.log.gz"
        )));
    }
    found.sort_by(|a, b| (a.size_bytes, &a.name).cmp(&(b.size_bytes, &b.name)));
    Ok(found)
}

fn read(file: &str, input: impl BufRead, row_count_max: usize) -> Result<ZeekLog, LogError> {
    if file.ends_with(".gz") {
        let unpacked = BufReader::new(MultiGzDecoder::new(input));
        ZeekLog::read(file, unpacked, row_count_max)
    } else {
        ZeekLog::read(file, input, row_count_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn sample_has_rows_of_six_logs() {
        let logs = load(None).unwrap().logs;
        let counts: Vec<(&str, usize)> = logs
            .iter()
            .map(|log| (log.path.as_str(), log.rows.len()))
            .collect();
        assert_eq!(
            counts,
            [
                ("conn", 2400),
                ("dns", 1000),
                ("files", 700),
                ("http", 1200),
                ("ssl", 600),
                ("weird", 500)
            ]
        );
    }

    #[test]
    fn own_logs_are_read_packed_and_plain() {
        let folder = tempfile::tempdir().unwrap();
        let text = "#path\tx\n#fields\ta\n#types\tcount\n1\n2\n";
        fs::write(folder.path().join("a.log"), text).unwrap();
        let file = File::create(folder.path().join("b.log.gz")).unwrap();
        let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        packed.finish().unwrap();
        fs::write(folder.path().join("notes.txt"), "no log").unwrap();
        let logs = load(Some(folder.path())).unwrap().logs;
        assert_eq!(
            logs.iter().map(|log| log.rows.len()).collect::<Vec<_>>(),
            [2, 2]
        );
    }

    #[test]
    fn files_of_other_formats_are_skipped_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("stdout.log", "max memory size unlimited\n");
        write("http.log", "{\"ts\":1.5,\"uid\":\"C1\"}\n");
        write("stderr.log", "");
        fs::create_dir(folder.path().join("old.log")).unwrap();
        let error = format!("{:?}", load(Some(folder.path())).unwrap_err());
        assert!(error.contains("http.log:1: no `#path`"), "{error}");
        write("conn.log", "#path\tx\n#fields\ta\n#types\tcount\n1\n");
        let rows = load(Some(folder.path())).unwrap();
        assert_eq!(rows.count(), 1);
        let skipped: Vec<&str> = rows
            .skipped
            .iter()
            .map(|text| text.split(':').next().unwrap())
            .collect();
        assert_eq!(skipped, ["http.log", "stderr.log", "stdout.log"]);
        // A log that is damaged is no other format.
        write("dns.log", "#path\tx\n#fields\ta\n#types\tcount\nmany\n");
        assert!(load(Some(folder.path())).is_err());
    }

    #[test]
    fn rows_of_all_logs_together_are_bounded_and_shared_fairly() {
        let folder = tempfile::tempdir().unwrap();
        for (name, row_count) in [("a.log", 100), ("b.log", 3), ("c.log", 200)] {
            let text = format!(
                "#path\t{name}\n#fields\ta\n#types\tcount\n{}",
                "1\n".repeat(row_count)
            );
            fs::write(folder.path().join(name), text).unwrap();
        }
        let counts = |row_count_max| -> Vec<usize> {
            let rows = from_directory(folder.path(), row_count_max).unwrap();
            rows.logs.iter().map(|log| log.rows.len()).collect()
        };
        assert_eq!(counts(1000), [100, 3, 200]);
        assert_eq!(counts(43), [20, 3, 20]);
        assert_eq!(counts(6), [2, 2, 2]);
        assert_eq!(counts(2), [1, 1]);
    }

    #[test]
    fn directory_without_rows_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(load(Some(folder.path())), Err(Failure::Usage(_))));
        let text = "#path\tx\n#fields\ta\n#types\tcount\n";
        fs::write(folder.path().join("a.log"), text).unwrap();
        assert!(matches!(load(Some(folder.path())), Err(Failure::Job(_))));
        assert!(load(Some(&folder.path().join("absent"))).is_err());
    }
}
