//! Things as people read them: numbers with units, tables, histograms, events.

pub(crate) mod event;
pub(crate) mod histogram;
pub(crate) mod number;
mod table;
pub(crate) mod tree;

use std::borrow::Cow;
use std::fmt::Write;

pub(crate) use table::{Align, Table};

/// Text from elsewhere without what a terminal would obey: control characters become `\x1b`.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_control() {
            write!(safe, "\\x{:02x}", u32::from(c)).expect("a string takes every character");
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Bytes as text: printable text as it is, everything else as `\xff`.
pub(crate) fn bytes_as_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(&printable(chunk.valid()));
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").expect("a string takes every character");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_is_not_at_a_peers_command() {
        assert_eq!(printable("a\x1b[2Jé"), "a\\x1b[2Jé");
        assert_eq!(bytes_as_text(b"a\xff\n"), "a\\xff\\x0a");
        assert!(matches!(printable("plain"), Cow::Borrowed(_)));
    }
}
