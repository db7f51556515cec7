//! Files of a log, with a clock that the test turns.

use std::fs;

use tempfile::TempDir;
use zeekwire_types::LogType;

use super::*;

const START: f64 = 1_795_163_280.0; // 2026-11-20-08-28-00, UTC

struct Logs {
    folder: TempDir,
    options: WriterOptions,
}

impl Logs {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = WriterOptions {
            zone: Zone::utc(),
            ..WriterOptions::new(folder.path())
        };
        Self { folder, options }
    }

    fn writer(&self) -> LogWriter {
        self.writer_of("n")
    }

    fn writer_of(&self, field: &str) -> LogWriter {
        let fields = [LogField::new(field, LogType::Count)];
        LogWriter::new(self.options.clone(), "conn", &fields).unwrap()
    }

    /// Names and contents of all files; of headers only the time.
    fn files(&self) -> Vec<(String, String)> {
        let mut files = Vec::new();
        for entry in fs::read_dir(self.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let shown = |line: &&str| !line.starts_with('#') || line.contains("20");
            let lines: Vec<_> = text.lines().filter(shown).collect();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            files.push((
                name,
                lines
                    .join(" ")
                    .replace('\t', "=")
                    .replace("2026-11-20-", ""),
            ));
        }
        files.sort();
        files
    }

    fn assert_files(&self, expected: &[(&str, &str)]) {
        let files = self.files();
        let found: Vec<_> = files
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        assert_eq!(found, expected);
    }
}

fn write(writer: &mut LogWriter, now: f64, number: u64) {
    writer.write_row(now, [Cell::Count(number)]).unwrap();
}

#[test]
fn file_is_opened_by_the_first_row_and_closed_with_a_line() {
    let logs = Logs::new();
    let mut writer = logs.writer();
    writer.close(START).unwrap();
    assert_eq!(writer.rotate(START, false).unwrap(), None);
    logs.assert_files(&[]);
    write(&mut writer, START, 1);
    writer.close(START + 1.0).unwrap();
    assert!(!writer.is_open());
    let text = fs::read_to_string(writer.file_path()).unwrap();
    assert_eq!(
        text,
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
         #open\t2026-11-20-08-28-00\n#fields\tn\n#types\tcount\n1\n#close\t2026-11-20-08-28-01\n"
    );
}

#[test]
fn rotation_follows_the_clock() {
    let mut logs = Logs::new();
    logs.options.rotation.interval = 3600.0;
    let mut writer = logs.writer();
    assert_eq!(writer.rotation_due_at(), None);
    write(&mut writer, START, 1);
    let due = START + 32.0 * 60.0;
    assert_eq!(writer.rotation_due_at(), Some(due));
    assert!(!writer.is_rotation_due(due - 0.1));
    assert!(writer.is_rotation_due(due));
    let rotated = writer.rotate(due, false).unwrap().unwrap();
    assert_eq!(
        (rotated.opened, rotated.closed, rotated.terminating),
        (START, due, false)
    );
    assert_eq!(rotated.bytes, fs::metadata(&rotated.file).unwrap().len());
    assert_eq!(rotated.previous, writer.file_path());
    assert!(!writer.is_rotation_due(due + 1e6));
    write(&mut writer, due + 1.0, 2);
    writer.flush().unwrap();
    logs.assert_files(&[
        (
            "conn.2026-11-20-08-28-00.log",
            "#open=08-28-00 1 #close=09-00-00",
        ),
        ("conn.log", "#open=09-00-01 2"),
    ]);
}

#[test]
fn rotation_follows_the_size_and_never_replaces_a_file() {
    let mut logs = Logs::new();
    logs.options.format.include_meta = false;
    logs.options.rotation.size_bytes = 4;
    logs.options.rotation.directory = logs.folder.path().join("a/b");
    let mut writer = logs.writer();
    for number in 10..13 {
        write(&mut writer, START, number);
        assert!(!writer.is_rotation_due(START));
        write(&mut writer, START, number);
        assert!(writer.is_rotation_due(START));
        writer.rotate(START, false).unwrap().unwrap();
    }
    for (name, text) in [
        ("00", "10\n10\n"),
        ("00-1", "11\n11\n"),
        ("00-2", "12\n12\n"),
    ] {
        let path = logs
            .options
            .rotation
            .directory
            .join(format!("conn.2026-11-20-08-28-{name}.log"));
        assert_eq!(fs::read_to_string(path).unwrap(), text);
    }
}

#[test]
fn rotation_that_fails_leaves_the_file_as_it_was() {
    let mut logs = Logs::new();
    let blocker = logs.folder.path().join("blocker");
    fs::write(&blocker, "").unwrap();
    logs.options.rotation.directory = blocker.clone();
    let mut writer = logs.writer();
    write(&mut writer, START, 1);
    let error = writer.rotate(START, true).unwrap_err();
    assert_eq!(error.action(), FileAction::CreateFolder);
    write(&mut writer, START, 2);
    writer.flush().unwrap();
    logs.assert_files(&[("blocker", ""), ("conn.log", "#open=08-28-00 1 2")]);
    fs::remove_file(&blocker).unwrap();
    assert!(writer.rotate(START, true).unwrap().unwrap().terminating);
}

#[test]
fn file_is_continued_after_a_crash() {
    let logs = Logs::new();
    let mut writer = logs.writer();
    write(&mut writer, START, 1);
    let offset = writer.flush().unwrap();
    write(&mut writer, START, 2);
    let end = writer.flush().unwrap();
    drop(writer);
    let path = logs.folder.path().join("conn.log");
    let whole = fs::read(&path).unwrap();
    for (left, journal, offset, cut_bytes, rows) in [
        // Torn.
        ([&whole[..], b"34"].concat(), None, end, 2, "1 2 9"),
        // Closed in order, where the line is taken back.
        (
            [&whole[..], b"#close\t2026-11-20-08-29-00\n"].concat(),
            None,
            end,
            27,
            "1 2 9",
        ),
        // A journal knows more.
        ([&whole[..], b"34"].concat(), Some(offset), offset, 4, "1 9"),
        // A row that looks a little like it.
        ([&whole[..], b"7\n"].concat(), None, end + 2, 0, "1 2 7 9"),
    ] {
        fs::write(&path, left).unwrap();
        let mut writer = logs.writer();
        let continued = writer.resume(START + 60.0, journal).unwrap();
        assert_eq!(continued, Continued { offset, cut_bytes });
        assert_eq!(writer.written_offset(), offset);
        write(&mut writer, START + 60.0, 9);
        writer.flush().unwrap();
        assert!(writer.take_set_aside().is_empty());
        let expected = format!("#open=08-28-00 {rows}");
        logs.assert_files(&[("conn.log", &expected)]);
        // It was opened when its header says.
        let rotated = writer.rotate(START + 61.0, false).unwrap().unwrap();
        assert_eq!(rotated.opened, START);
        fs::remove_file(rotated.file).unwrap();
    }
    let mut writer = logs.writer();
    let nothing = Continued {
        offset: 0,
        cut_bytes: 0,
    };
    assert_eq!(writer.resume(START, None).unwrap(), nothing);
    assert!(!writer.is_open());
}

#[test]
fn journal_that_knows_more_than_the_file_is_an_error() {
    let logs = Logs::new();
    let mut writer = logs.writer();
    write(&mut writer, START, 1);
    let offset = writer.flush().unwrap();
    let error = logs.writer().resume(START, Some(offset + 1)).unwrap_err();
    assert_eq!(error.action(), FileAction::Truncate);
}

#[test]
fn header_that_was_torn_is_written_again() {
    let logs = Logs::new();
    let mut writer = logs.writer();
    write(&mut writer, START, 1);
    let length = usize::try_from(writer.flush().unwrap()).unwrap();
    let path = logs.folder.path().join("conn.log");
    let whole = fs::read(&path).unwrap();
    for end in 0..length - 1 {
        fs::write(&path, &whole[..end]).unwrap();
        let mut writer = logs.writer();
        writer.resume(START + 1.0, None).unwrap();
        write(&mut writer, START + 1.0, 2);
        writer.flush().unwrap();
        assert!(writer.take_set_aside().is_empty(), "cut at {end}");
        let opened = if end >= length - 2 { "00" } else { "01" };
        logs.assert_files(&[("conn.log", &format!("#open=08-28-{opened} 2"))]);
    }
}

#[test]
fn file_with_other_fields_is_set_aside() {
    let logs = Logs::new();
    let mut writer = logs.writer();
    write(&mut writer, START, 1);
    writer.close(START + 1.0).unwrap();
    let mut writer = logs.writer_of("other");
    write(&mut writer, START + 60.0, 2);
    writer.flush().unwrap();
    let aside = writer.take_set_aside();
    assert_eq!(aside.len(), 1);
    assert_eq!((aside[0].opened, aside[0].terminating), (START, false));
    logs.assert_files(&[
        (
            "conn.2026-11-20-08-28-00.log",
            "#open=08-28-00 1 #close=08-28-01",
        ),
        ("conn.log", "#open=08-29-00 2"),
    ]);
}

#[test]
fn folder_that_comes_back_is_enough_to_go_on() {
    let mut logs = Logs::new();
    let folder = logs.folder.path().join("later");
    logs.options.directory = folder.clone();
    let mut writer = logs.writer();
    for _ in 0..2 {
        let error = writer.write_row(START, [Cell::Count(1)]).unwrap_err();
        assert_eq!(error.action(), FileAction::Open);
        assert!(!writer.is_open());
    }
    fs::create_dir(&folder).unwrap();
    write(&mut writer, START, 1);
    writer.flush().unwrap();
    let text = fs::read_to_string(folder.join("conn.log")).unwrap();
    assert!(text.ends_with("#types\tcount\n1\n"), "{text}");
}

#[test]
fn rows_are_taken_back_to_an_offset() {
    let logs = Logs::new();
    let mut writer = logs.writer();
    write(&mut writer, START, 1);
    let offset = writer.flush().unwrap();
    write(&mut writer, START, 2);
    writer.flush().unwrap();
    write(&mut writer, START, 3);
    writer.truncate_to(offset).unwrap();
    assert_eq!(
        (writer.written_offset(), writer.buffered_bytes()),
        (offset, 0)
    );
    write(&mut writer, START, 4);
    writer.flush().unwrap();
    logs.assert_files(&[("conn.log", "#open=08-28-00 1 4")]);
    // To the very start, the header goes too, and comes again.
    writer.truncate_to(0).unwrap();
    write(&mut writer, START + 1.0, 5);
    writer.flush().unwrap();
    logs.assert_files(&[("conn.log", "#open=08-28-01 5")]);
}

#[test]
fn packed_files_rotate_and_continue() {
    let mut logs = Logs::new();
    logs.options.format.gzip_level = 6;
    let mut writer = logs.writer();
    write(&mut writer, START, 1);
    writer.close(START + 1.0).unwrap();
    let mut writer = logs.writer();
    write(&mut writer, START + 2.0, 2);
    let rotated = writer.rotate(START + 3.0, false).unwrap().unwrap();
    let name = rotated.file.file_name().unwrap();
    assert_eq!(name, "conn.2026-11-20-08-28-00.log.gz");
    let mut reader = crate::Reader::open(&rotated.file, crate::ReadOptions::default()).unwrap();
    let mut numbers = Vec::new();
    while let Some(row) = reader.next_row().unwrap() {
        numbers.push(row.cell(0).to_value());
    }
    assert_eq!(format!("{numbers:?}"), "[Count(1), Count(2)]");
    assert_eq!(
        reader.header().opened.as_deref(),
        Some("2026-11-20-08-28-00")
    );
    assert_eq!(
        reader.header().closed.as_deref(),
        Some("2026-11-20-08-28-03")
    );
}

#[test]
fn json_files_have_rows_only() {
    let mut logs = Logs::new();
    logs.options.format = Options::json();
    let mut writer = logs.writer();
    write(&mut writer, START, 1);
    writer.close(START).unwrap();
    let mut writer = logs.writer();
    write(&mut writer, START, 2);
    writer.close(START).unwrap();
    logs.assert_files(&[("conn.log", "{\"n\":1} {\"n\":2}")]);
}

#[cfg(target_os = "linux")]
#[test]
fn device_is_written_to_and_never_rotated() {
    let logs = Logs::new();
    let fields = [LogField::new("n", LogType::Count)];
    let mut writer = LogWriter::new(logs.options.clone(), "/dev/null", &fields).unwrap();
    assert_eq!(writer.resume(START, None).unwrap().offset, 0);
    write(&mut writer, START, 1);
    assert!(writer.flush().unwrap() > 0);
    assert!(!writer.is_rotation_due(f64::MAX));
    assert_eq!(writer.rotate(START, false).unwrap(), None);
    writer.close(START).unwrap();
    logs.assert_files(&[]);
}

#[test]
fn many_rows_flush_by_themselves() {
    let logs = Logs::new();
    let mut writer = logs.writer();
    let mut most = 0;
    for number in 0..100_000 {
        write(&mut writer, START, number);
        most = most.max(writer.buffered_bytes());
    }
    assert!(writer.written_offset() > 0);
    assert!(most < BUFFER_BYTES + 100, "{most}");
}
