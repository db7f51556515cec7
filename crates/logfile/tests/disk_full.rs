//! A file that may not grow: nothing is torn, nothing lost, and it goes on once there is room.
//!
//! The system's limit on the size of files stands for a full disk: it too takes a part of a write.
//! The limit is one of the whole process, so this is the only test of its file.

#![allow(clippy::unwrap_used, reason = "for tests only")]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::getrlimit;
use rustix::process::setrlimit;
use zeekwire_logfile::FileAction;
use zeekwire_logfile::LogWriter;
use zeekwire_logfile::Options;
use zeekwire_logfile::WriterOptions;
use zeekwire_logfile::Zone;
use zeekwire_types::Cell;
use zeekwire_types::LogField;
use zeekwire_types::LogType;

/// SIGXFSZ, on every system that has it.
const FILE_TOO_LARGE: i32 = 25;
const LIMIT_BYTES: u64 = 10_001;

#[test]
fn full_disk_tears_no_line_and_loses_no_row() {
    // With a handler the system returns an error; without, it ends the process.
    signal_hook::flag::register(FILE_TOO_LARGE, Arc::new(AtomicBool::new(false))).unwrap();
    let before = getrlimit(Resource::Fsize);
    setrlimit(
        Resource::Fsize,
        Rlimit {
            current: Some(LIMIT_BYTES),
            ..before
        },
    )
    .unwrap();

    let folder = tempfile::tempdir().unwrap();
    let format = Options {
        include_meta: false,
        ..Options::default()
    };
    let options = WriterOptions {
        format,
        zone: Zone::utc(),
        ..WriterOptions::new(folder.path())
    };
    let fields = [LogField::new("n", LogType::Count)];
    let mut writer = LogWriter::new(options, "full", &fields).unwrap();
    let mut expected = String::new();
    let mut refused = 0;
    for number in 1_000..5_000 {
        writer.write_row(0.0, [Cell::Count(number)]).unwrap();
        expected += &format!("{number}\n");
        if number % 7 > 0 {
            continue;
        }
        if let Err(error) = writer.flush() {
            refused += 1;
            assert!(error.is_disk_full(), "{error}");
            assert_eq!(error.action(), FileAction::Write);
            let text = fs::read_to_string(writer.file_path()).unwrap();
            assert!(
                text.ends_with('\n') && expected.starts_with(&text),
                "torn at {number}"
            );
            assert_eq!(writer.written_offset(), text.len() as u64);
        }
    }
    assert!(refused > 1 && writer.written_offset() <= LIMIT_BYTES);

    setrlimit(Resource::Fsize, before).unwrap();
    writer.close(0.0).unwrap();
    assert_eq!(
        fs::read_to_string(folder.path().join("full.log")).unwrap(),
        expected
    );
}
