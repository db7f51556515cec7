//! Bytes as the text of a log, and back.
//!
//! Zeek lets a run of bytes through as it is when all of it is printable: ASCII from space to `~`,
//! and characters of UTF-8 that are neither control characters nor private nor special. One byte
//! that is not, and every byte of the run outside of ASCII becomes `\x` and two digits. In TSV a
//! run ends at a backslash and at a separator, in JSON it is the whole string.

mod json;
#[cfg(test)]
mod tests;
mod tsv;

pub(crate) use json::JsonEscaper;
pub(crate) use json::push_json_text;
pub(crate) use json::push_name;
pub(crate) use tsv::TsvEscaper;

const HEX: [u8; 16] = *b"0123456789abcdef";

/// Appends `\x` and two digits.
pub(crate) fn push_hex(out: &mut Vec<u8>, byte: u8) {
    out.extend_from_slice(b"\\x");
    push_digits(out, byte);
}

/// Appends two digits in lower case.
fn push_digits(out: &mut Vec<u8>, byte: u8) {
    out.push(HEX[usize::from(byte >> 4)]);
    out.push(HEX[usize::from(byte & 15)]);
}

/// Appends a text of a header line: white space and what cannot be printed as `\x` and digits.
pub(crate) fn push_header_text(out: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        if byte.is_ascii_graphic() {
            out.push(byte);
        } else {
            push_hex(out, byte);
        }
    }
}

/// Undoes `\x` and two digits in a header line.
pub(crate) fn header_text(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        match hex_escape(rest) {
            Some(byte) => {
                out.push(byte);
                rest = &rest[4..];
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

/// The byte that `\x` and two digits at the start of the text stand for.
pub(crate) fn hex_escape(text: &[u8]) -> Option<u8> {
    let [b'\\', b'x', high, low, ..] = *text else {
        return None;
    };
    Some(digit(high)? << 4 | digit(low)?)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Undoes the escaping of TSV in place: `\x` and two digits, and a doubled backslash. Returns the
/// length of what is left; a backslash that starts neither stays.
pub(crate) fn unescape(text: &mut [u8]) -> usize {
    let Some(first) = text.iter().position(|&byte| byte == b'\\') else {
        return text.len();
    };
    let (mut from, mut to) = (first, first);
    while from < text.len() {
        let (byte, used) = match hex_escape(&text[from..]) {
            Some(byte) => (byte, 4),
            None if text[from..].starts_with(b"\\\\") => (b'\\', 2),
            None => (text[from], 1),
        };
        text[to] = byte;
        to += 1;
        from += used;
    }
    to
}

/// Splits off the first character of UTF-8 that Zeek prints as it is: its length in bytes, or
/// `None` where the text starts with anything else.
pub(crate) fn printable(text: &[u8]) -> Option<usize> {
    let length = match *text.first()? {
        0x20..=0x7e => return Some(1),
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let text = std::str::from_utf8(text.get(..length)?).ok()?;
    let refused = matches!(
        text.chars().next()?,
        // Control characters, private use, and what is special.
        '\u{80}'..='\u{9f}' | '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{ffff}'
    );
    (!refused).then_some(length)
}

/// Whether all of the text can be printed; bytes of `and` too.
fn all_printable(mut text: &[u8], and: fn(u8) -> bool) -> bool {
    while let Some(&first) = text.first() {
        let length = if and(first) {
            1
        } else {
            printable(text).unwrap_or(0)
        };
        if length == 0 {
            return false;
        }
        text = &text[length..];
    }
    true
}
