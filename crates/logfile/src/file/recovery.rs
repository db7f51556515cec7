//! How far a file counts whose writer died.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Seek;
use std::io::SeekFrom;
use std::os::unix::fs::FileExt;

use flate2::bufread::GzDecoder;

/// Bytes that are looked at together.
const BLOCK_BYTES: usize = 64 * 1024;

/// Where the last line ends; 0 when there is no whole one.
pub(super) fn end_of_last_line(file: &File, length: u64) -> io::Result<u64> {
    let mut block = vec![0; BLOCK_BYTES];
    let mut end = length;
    while end > 0 {
        let start = end.saturating_sub(BLOCK_BYTES as u64);
        let count = usize::try_from(end - start).expect("a block at most");
        file.read_exact_at(&mut block[..count], start)?;
        if let Some(at) = memchr::memrchr(b'\n', &block[..count]) {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Where the last gzip member ends that can be unpacked; 0 when there is none.
pub(super) fn end_of_last_member(file: &File) -> io::Result<u64> {
    let mut input = BufReader::with_capacity(BLOCK_BYTES, file);
    input.seek(SeekFrom::Start(0))?;
    let mut end = 0;
    while !input.fill_buf()?.is_empty() {
        let mut member = GzDecoder::new(input);
        match io::copy(&mut member, &mut io::sink()) {
            Ok(_) => {}
            Err(error) if is_damage(&error) => break,
            Err(error) => return Err(error),
        }
        input = member.into_inner();
        end = input.stream_position()?;
    }
    Ok(end)
}

fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}
