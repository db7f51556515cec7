//! A writer that is killed: what it acknowledged is in the file, whole and once.

#![allow(clippy::unwrap_used, reason = "for tests only")]

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use zeekwire_logfile::LogWriter;
use zeekwire_logfile::Options;
use zeekwire_logfile::ReadOptions;
use zeekwire_logfile::Reader;
use zeekwire_logfile::WriterOptions;
use zeekwire_logfile::Zone;
use zeekwire_types::Cell;
use zeekwire_types::LogField;
use zeekwire_types::LogType;

/// Set in the process that is killed: the folder, and what it is to do.
const CHILD: &str = "ZEEKWIRE_LOGFILE_CHILD";
/// What the child's lines on its output start with.
const ACKNOWLEDGED: &str = "acknowledged ";
const ROUNDS: u64 = 24;
const BATCH_ROWS: u64 = 50;

fn writer(folder: &Path, gzip_level: u8) -> LogWriter {
    let format = Options {
        gzip_level,
        ..Options::default()
    };
    let options = WriterOptions {
        format,
        zone: Zone::utc(),
        ..WriterOptions::new(folder)
    };
    let fields = [
        LogField::new("n", LogType::Count),
        LogField::new("s", LogType::String),
    ];
    LogWriter::new(options, "x", &fields).unwrap()
}

/// The numbers of all rows, each row whole.
fn rows(path: &Path) -> Vec<u64> {
    let mut reader = Reader::open(path, ReadOptions::default()).unwrap();
    let mut numbers = Vec::new();
    while let Some(row) = reader.next_row().unwrap() {
        let Cell::Count(number) = row.cell(0) else {
            panic!("{row:?}");
        };
        assert_eq!(row.cell(1), Cell::String(text(number).as_bytes()));
        numbers.push(number);
    }
    assert!(!reader.ended_within_line());
    numbers
}

fn text(number: u64) -> String {
    format!("{number}\t").repeat(usize::try_from(number % 40).unwrap() + 1)
}

/// Plays the part of the process that is killed; does nothing otherwise.
#[test]
fn child_writes_until_it_is_killed() {
    let Ok(part) = std::env::var(CHILD) else {
        return;
    };
    let [folder, gzip_level, first] = part.split('\n').collect::<Vec<_>>()[..] else {
        panic!("{part:?}");
    };
    let mut writer = writer(Path::new(folder), gzip_level.parse().unwrap());
    writer.resume(0.0, None).unwrap();
    for number in first.parse::<u64>().unwrap().. {
        writer
            .write_row(
                0.0,
                [Cell::Count(number), Cell::String(text(number).as_bytes())],
            )
            .unwrap();
        if (number + 1) % BATCH_ROWS == 0 {
            let offset = writer.flush().unwrap();
            println!("{ACKNOWLEDGED}{offset} {}", number + 1);
        }
    }
}

fn start(folder: &Path, gzip_level: u8, first: u64) -> Child {
    let part = format!("{}\n{gzip_level}\n{first}", folder.display());
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_writes_until_it_is_killed", "--nocapture"])
        .env(CHILD, part)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn killed_writer_leaves_what_it_acknowledged() {
    for gzip_level in [0, 1] {
        let folder = tempfile::tempdir().unwrap();
        let mut chance = 0x9e37_79b9_u64;
        // Offset and rows that the child has acknowledged.
        let mut journal = (0, 0);
        for round in 0..ROUNDS {
            let mut child = start(folder.path(), gzip_level, journal.1);
            let output = BufReader::new(child.stdout.take().unwrap());
            chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(round);
            let wanted = chance >> 33 & 31;
            let mut killed = false;
            let mut acknowledged = 0;
            for line in output.lines() {
                let line = line.unwrap();
                let Some((_, numbers)) = line.split_once(ACKNOWLEDGED) else {
                    continue;
                };
                let (offset, rows) = numbers.split_once(' ').unwrap();
                journal = (offset.parse().unwrap(), rows.parse().unwrap());
                acknowledged += 1;
                if acknowledged > wanted && !killed {
                    child.kill().unwrap();
                    killed = true;
                }
            }
            child.wait().unwrap();
            assert!(killed, "the child ended by itself");
            check(folder.path(), gzip_level, &mut journal, chance);
        }
    }
}

/// The next process finds every acknowledged row, and the journal decides what else.
fn check(folder: &Path, gzip_level: u8, journal: &mut (u64, u64), chance: u64) {
    let (offset, acknowledged) = *journal;
    let mut writer = writer(folder, gzip_level);
    let path = writer.file_path().to_owned();
    // A machine that loses power tears what was not synced anywhere.
    let length = fs::metadata(&path).unwrap().len();
    assert!(length >= offset);
    let torn = offset + chance % (length - offset + 1);
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(torn)
        .unwrap();
    if chance & 1 == 0 {
        let continued = writer.resume(0.0, Some(offset)).unwrap();
        assert_eq!(
            (continued.offset, continued.cut_bytes),
            (offset, torn - offset)
        );
        assert_eq!(rows(&path), (0..acknowledged).collect::<Vec<_>>());
    } else {
        writer.resume(0.0, None).unwrap();
        let rows = rows(&path);
        assert!(rows.len() as u64 >= acknowledged);
        assert_eq!(rows, (0..rows.len() as u64).collect::<Vec<_>>());
        *journal = (writer.written_offset(), rows.len() as u64);
    }
}
