//! Files that grow by whole pieces.

use std::fs;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use tempfile::TempDir;

use super::*;

fn unpacked(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(File::open(path).unwrap())
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn appended_lines_are_written_by_flush() {
    let folder = folder();
    let path = folder.path().join("x.log");
    let (mut file, cut) = LogFile::open(&path, 0, Tail::CutTornLine).unwrap();
    file.append(b"a\n");
    assert_eq!(
        (file.written_offset(), file.buffered_bytes(), cut),
        (0, 2, 0)
    );
    assert_eq!(fs::read(&path).unwrap(), b"");
    assert_eq!(file.flush().unwrap(), 2);
    file.append(b"bc\nd\n");
    file.forget_from(3);
    assert_eq!(file.sync().unwrap(), 5);
    assert_eq!(fs::read(&path).unwrap(), b"a\nbc\n");
}

#[test]
fn torn_line_is_cut_when_the_file_is_opened_again() {
    let folder = folder();
    let path = folder.path().join("x.log");
    let long = vec![b'x'; 200_000];
    for (content, kept) in [
        (&b"a\nb"[..], 2),
        (b"a\nb\n", 4),
        (b"no line", 0),
        (b"", 0),
        (&[b"a\n", &long[..]].concat(), 2),
        (&[&long[..], b"\n", &long[..]].concat(), 200_001),
    ] {
        fs::write(&path, content).unwrap();
        let (mut file, cut) = LogFile::open(&path, 0, Tail::CutTornLine).unwrap();
        assert_eq!(
            (file.written_offset(), cut),
            (kept, content.len() as u64 - kept)
        );
        file.append(b"next\n");
        file.flush().unwrap();
        let expected = [&content[..usize::try_from(kept).unwrap()], b"next\n"].concat();
        assert_eq!(fs::read(&path).unwrap(), expected);
    }
    fs::write(&path, b"a\nb").unwrap();
    let (file, cut) = LogFile::open(&path, 0, Tail::Keep).unwrap();
    assert_eq!((file.written_offset(), cut), (3, 0));
}

#[test]
fn packed_file_keeps_its_whole_members() {
    let folder = folder();
    let path = folder.path().join("x.log.gz");
    let (mut file, _) = LogFile::open(&path, 6, Tail::CutTornLine).unwrap();
    file.append(b"a\n");
    let first = file.flush().unwrap();
    file.append(b"b\nc\n");
    let second = file.flush().unwrap();
    assert_eq!(unpacked(&path), b"a\nb\nc\n");
    let whole = fs::read(&path).unwrap();
    drop(file);
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let (mut file, cut) = LogFile::open(&path, 6, Tail::CutTornLine).unwrap();
        let kept = if length as u64 >= first { first } else { 0 };
        assert_eq!((file.written_offset(), cut), (kept, length as u64 - kept));
        file.append(b"d\n");
        file.flush().unwrap();
        assert_eq!(
            unpacked(&path),
            if kept > 0 { &b"a\nd\n"[..] } else { b"d\n" }
        );
    }
    fs::write(&path, &whole).unwrap();
    let (mut file, _) = LogFile::open(&path, 6, Tail::CutTornLine).unwrap();
    assert_eq!(file.written_offset(), second);
    file.truncate_to(first).unwrap();
    assert_eq!(unpacked(&path), b"a\n");
}

#[test]
fn file_is_cut_where_it_is_told_and_not_beyond_its_end() {
    let folder = folder();
    let path = folder.path().join("x.log");
    let (mut file, _) = LogFile::open(&path, 0, Tail::CutTornLine).unwrap();
    file.append(b"a\nb\n");
    file.flush().unwrap();
    file.append(b"c\n");
    file.truncate_to(2).unwrap();
    assert_eq!((file.written_offset(), file.buffered_bytes()), (2, 0));
    let error = file.truncate_to(3).unwrap_err();
    assert_eq!(error.action(), FileAction::Truncate);
    assert!(
        error.to_string().contains("has only 2 of the 3 bytes"),
        "{error}"
    );
    file.append(b"d\n");
    file.flush().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"a\nd\n");
}

#[cfg(target_os = "linux")]
#[test]
fn full_device_says_so_and_the_rows_wait() {
    let (mut file, _) = LogFile::open(Path::new("/dev/full"), 0, Tail::CutTornLine).unwrap();
    assert!(!file.is_regular());
    file.append(b"a\n");
    for _ in 0..2 {
        let error = file.flush().unwrap_err();
        assert!(error.is_disk_full() && !error.is_permission());
        assert_eq!(error.action(), FileAction::Write);
        assert_eq!((file.written_offset(), file.buffered_bytes()), (0, 2));
    }
}

#[test]
fn file_that_cannot_be_opened_is_named() {
    let folder = folder();
    let path = folder.path().join("missing").join("x.log");
    let error = LogFile::open(&path, 0, Tail::CutTornLine).unwrap_err();
    assert_eq!((error.action(), error.path()), (FileAction::Open, &*path));
    assert!(!error.is_disk_full());
}

#[test]
fn renamed_file_goes_on_under_its_new_name() {
    let folder = folder();
    let (first, second) = (folder.path().join("a"), folder.path().join("b"));
    let (mut file, _) = LogFile::open(&first, 0, Tail::CutTornLine).unwrap();
    file.append(b"a\n");
    file.sync().unwrap();
    file.rename(&second).unwrap();
    file.append(b"b\n");
    file.sync().unwrap();
    assert_eq!(file.path(), second);
    assert_eq!(fs::read(&second).unwrap(), b"a\nb\n");
    assert!(!first.exists());
}
