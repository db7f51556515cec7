//! Lines of a name and bytes in hexadecimal, in which what a release wrote is kept.

use std::fmt::Write;

/// One line, without its end.
#[must_use]
pub fn line(name: &str, bytes: &[u8]) -> String {
    let mut line = format!("{name} ");
    for byte in bytes {
        write!(line, "{byte:02x}").expect("text takes all");
    }
    line
}

/// The names and bytes of all lines.
///
/// # Panics
/// When a line is not as [`line()`] writes it.
#[must_use]
pub fn lines(text: &str) -> Vec<(String, Vec<u8>)> {
    let read = |line: &str| {
        let (name, hex) = line.split_once(' ').expect("a name and bytes");
        let digits = hex.as_bytes().chunks(2);
        let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes = digits.map(byte).collect::<Option<_>>();
        (name.to_owned(), bytes.expect("hexadecimal"))
    };
    text.lines().map(read).collect()
}
