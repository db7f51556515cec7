//! The rows that workers publish: a sample that is built in, or the user's own logs.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::failure::{Failure, why};
use crate::zeek_log::ZeekLog;

/// Most rows of one log: they are held in memory, and published again and again.
const ROW_COUNT_MAX: usize = 50_000;

const SAMPLE: [(&str, &[u8]); 6] = [
    ("conn.log.gz", include_bytes!("../../data/conn.log.gz")),
    ("dns.log.gz", include_bytes!("../../data/dns.log.gz")),
    ("files.log.gz", include_bytes!("../../data/files.log.gz")),
    ("http.log.gz", include_bytes!("../../data/http.log.gz")),
    ("ssl.log.gz", include_bytes!("../../data/ssl.log.gz")),
    ("weird.log.gz", include_bytes!("../../data/weird.log.gz")),
];

/// Reads the logs in a directory, or the sample.
pub(super) fn load(directory: Option<&Path>) -> Result<Vec<ZeekLog>, Failure> {
    let logs = match directory {
        Some(directory) => from_directory(directory)?,
        None => sample()?,
    };
    if logs.iter().all(|log| log.rows.is_empty()) {
        return Err(Failure::job("the logs have no rows"));
    }
    Ok(logs)
}

fn sample() -> Result<Vec<ZeekLog>, Failure> {
    SAMPLE
        .iter()
        .map(|(file, packed)| read(file, BufReader::new(*packed)))
        .collect()
}

fn from_directory(directory: &Path) -> Result<Vec<ZeekLog>, Failure> {
    let shown = directory.display();
    let failed = |error: std::io::Error| {
        Failure::usage(format_args!("--logs: cannot read {shown}: {}", why(&error)))
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.ends_with(".log") || name.ends_with(".log.gz") {
            paths.push((path, name));
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(Failure::usage(format_args!(
            "--logs: {shown} has no *.log and no *.log.gz"
        )));
    }
    let mut logs = Vec::new();
    for (path, name) in paths {
        let file = File::open(&path).map_err(|error| {
            Failure::job(format_args!(
                "cannot read {}: {}",
                path.display(),
                why(&error)
            ))
        })?;
        logs.push(read(&name, BufReader::new(file))?);
    }
    Ok(logs)
}

fn read(file: &str, input: impl BufRead) -> Result<ZeekLog, Failure> {
    let log = if file.ends_with(".gz") {
        ZeekLog::read(
            file,
            BufReader::new(MultiGzDecoder::new(input)),
            ROW_COUNT_MAX,
        )
    } else {
        ZeekLog::read(file, input, ROW_COUNT_MAX)
    };
    log.map_err(Failure::job)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn sample_has_rows_of_six_logs() {
        let logs = load(None).unwrap();
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
        let logs = load(Some(folder.path())).unwrap();
        assert_eq!(
            logs.iter().map(|log| log.rows.len()).collect::<Vec<_>>(),
            [2, 2]
        );
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
