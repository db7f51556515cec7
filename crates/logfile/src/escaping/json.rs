//! Escaping for JSON.

use super::TsvEscaper;
use super::all_printable;
use super::printable;
use super::push_digits;
use crate::options::StringEscapePolicy;

const UPPER_HEX: [u8; 16] = *b"0123456789ABCDEF";

/// Writes strings of JSON with their quotes.
#[derive(Clone, Debug)]
pub(crate) struct JsonEscaper {
    policy: StringEscapePolicy,
    tsv: TsvEscaper,
    /// What the policy made of a string, before JSON's own escapes.
    text: Vec<u8>,
}

impl JsonEscaper {
    pub(crate) fn new(policy: StringEscapePolicy) -> Self {
        Self {
            policy,
            tsv: TsvEscaper::without_separators(),
            text: Vec::new(),
        }
    }

    /// Appends a string value under the policy.
    #[inline]
    pub(crate) fn push_string(&mut self, out: &mut Vec<u8>, bytes: &[u8]) {
        if is_plain(bytes) {
            push_quoted(out, bytes);
            return;
        }
        match self.policy {
            StringEscapePolicy::Hex => push_name(out, bytes),
            StringEscapePolicy::PrivateUse => push_private(out, bytes),
            StringEscapePolicy::Tsv => {
                self.text.clear();
                self.tsv.push(&mut self.text, bytes, false);
                push_json_text(out, &self.text);
            }
        }
    }
}

/// Appends an enum, function or file, for which the policy does not count: bytes that cannot be
/// printed as `\x` and digits.
#[inline]
pub(crate) fn push_name(out: &mut Vec<u8>, bytes: &[u8]) {
    if is_plain(bytes) {
        push_quoted(out, bytes);
        return;
    }
    if all_printable(bytes, has_short_form) {
        push_json_text(out, bytes);
        return;
    }
    out.push(b'"');
    for &byte in bytes {
        if has_short_form(byte) || printable(&[byte]).is_some() {
            push_byte(out, byte);
        } else {
            out.extend_from_slice(b"\\\\x");
            push_digits(out, byte);
        }
    }
    out.push(b'"');
}

/// Appends a text with quotes and the escapes that JSON asks for, and no others.
pub(crate) fn push_json_text(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for &byte in text {
        push_byte(out, byte);
    }
    out.push(b'"');
}

/// Bytes that cannot be printed as characters of a private plane.
fn push_private(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        if has_short_form(byte) {
            push_byte(out, byte);
            rest = after;
        } else if let Some(length) = printable(rest) {
            let (character, after) = rest.split_at(length);
            match character {
                [byte] => push_byte(out, *byte),
                _ => out.extend_from_slice(character),
            }
            rest = after;
        } else {
            out.extend_from_slice(b"\\udb80\\udc");
            push_digits(out, byte);
            rest = after;
        }
    }
    out.push(b'"');
}

/// Control characters with a letter of their own in JSON.
const fn has_short_form(byte: u8) -> bool {
    matches!(byte, 8 | 9 | 10 | 12 | 13)
}

fn push_byte(out: &mut Vec<u8>, byte: u8) {
    let letter = match byte {
        b'"' | b'\\' => byte,
        8 => b'b',
        9 => b't',
        10 => b'n',
        12 => b'f',
        13 => b'r',
        0..0x20 => {
            out.extend_from_slice(b"\\u00");
            out.push(UPPER_HEX[usize::from(byte >> 4)]);
            out.push(UPPER_HEX[usize::from(byte & 15)]);
            return;
        }
        _ => {
            out.push(byte);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', letter]);
}

fn push_quoted(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(bytes);
    out.push(b'"');
}

/// Whether the bytes stand for themselves.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| PLAIN[usize::from(byte)])
}

/// Printable ASCII without quote and backslash.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20;
    while byte < 0x7f {
        plain[byte] = byte != b'"' as usize && byte != b'\\' as usize;
        byte += 1;
    }
    plain
};
