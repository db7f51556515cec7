//! JSON as bytes: tokens, strings, and values that are passed over.

use std::borrow::Cow;

use super::NAME;
use crate::{DecodeError, Fault};

/// Deepest nesting of JSON: a table's value is three levels below the table, and a little more for
/// the message around the values.
const JSON_DEPTH_MAX: usize = 3 * zeekwire_types::limits::VALUE_DEPTH_MAX + 16;

/// A place in JSON text.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Text<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next byte that is not white space, which stays.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    pub(super) fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), DecodeError> {
        match self.peek() {
            Some(next) if next == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(self.fault(Fault::Expected(what))),
            None => Err(self.fault(Fault::Truncated)),
        }
    }

    /// Whether an array or object goes on. Steps over its comma or its end.
    pub(super) fn goes_on(&mut self, close: u8, first: bool) -> Result<bool, DecodeError> {
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.at += 1;
                Ok(true)
            }
            Some(_) if first => Ok(true),
            Some(_) => Err(self.fault(Fault::Expected("a comma or the end"))),
            None => Err(self.fault(Fault::Truncated)),
        }
    }

    /// A word or number: everything up to a delimiter.
    pub(super) fn word(&mut self) -> &'a str {
        self.peek();
        let rest = &self.bytes[self.at..];
        let inside = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
        let end = rest.iter().position(|b| !inside(b)).unwrap_or(rest.len());
        self.at += end;
        std::str::from_utf8(&rest[..end]).unwrap_or_default()
    }

    /// A string's bytes; borrowed when nothing in it is escaped.
    pub(super) fn string(&mut self) -> Result<Cow<'a, [u8]>, DecodeError> {
        self.expect(b'"', "a string")?;
        let start = self.at;
        let special = |rest: &[u8]| rest.iter().position(|b| matches!(b, b'"' | b'\\'));
        let mut owned: Option<Vec<u8>> = None;
        loop {
            let rest = &self.bytes[self.at..];
            let Some(run) = special(rest) else {
                return Err(fault_at(self.bytes, start, Fault::Truncated));
            };
            let plain = &rest[..run];
            self.at += run;
            if rest[run] == b'"' {
                self.at += 1;
                return Ok(match owned {
                    None => Cow::Borrowed(plain),
                    Some(mut bytes) => {
                        bytes.extend_from_slice(plain);
                        Cow::Owned(bytes)
                    }
                });
            }
            let bytes = owned.get_or_insert_default();
            bytes.extend_from_slice(plain);
            self.escape(bytes)?;
        }
    }

    /// Passes over any JSON value.
    pub(super) fn skip(&mut self) -> Result<(), DecodeError> {
        self.skip_within(JSON_DEPTH_MAX)
    }

    fn skip_within(&mut self, levels: usize) -> Result<(), DecodeError> {
        let (close, is_object) = match self.peek() {
            None => return Err(self.fault(Fault::Truncated)),
            Some(b'"') => return self.string().map(|_| ()),
            Some(b'{') => (b'}', true),
            Some(b'[') => (b']', false),
            Some(_) => {
                let start = *self;
                return match self.word() {
                    "true" | "false" | "null" => Ok(()),
                    word if is_number(word) => Ok(()),
                    _ => Err(start.fault(Fault::Expected("a value"))),
                };
            }
        };
        let levels = levels
            .checked_sub(1)
            .ok_or_else(|| self.fault(Fault::TooDeep))?;
        self.at += 1;
        let mut first = true;
        while self.goes_on(close, first)? {
            first = false;
            if is_object {
                self.string()?;
                self.expect(b':', "a colon")?;
            }
            self.skip_within(levels)?;
        }
        Ok(())
    }

    /// What a backslash stands for. `at` is at the backslash.
    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        let start = *self;
        let Some(&letter) = self.bytes.get(self.at + 1) else {
            return Err(self.fault(Fault::Truncated));
        };
        self.at += 2;
        out.push(match letter {
            b'"' | b'\\' | b'/' => letter,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 0x0b,
            b'u' => {
                let c = self.unicode().ok_or_else(|| start.fault(Fault::Escape))?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err(start.fault(Fault::Escape)),
        });
        Ok(())
    }

    /// The character of `\uXXXX`, or of two of them that are surrogates. `at` is behind the `u`.
    fn unicode(&mut self) -> Option<char> {
        let first = self.hex4()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        if !self.bytes[self.at..].starts_with(b"\\u") {
            return None;
        }
        self.at += 2;
        let second = self
            .hex4()
            .filter(|second| (0xdc00..0xe000).contains(second))?;
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.bytes[self.at..].first_chunk::<4>()?;
        self.at += 4;
        digits.iter().try_fold(0, |value, byte| {
            Some(value * 16 + char::from(*byte).to_digit(16)?)
        })
    }

    pub(super) fn fault(&self, fault: Fault) -> DecodeError {
        fault_at(self.bytes, self.at, fault)
    }
}

/// Whether a word is a JSON number.
pub(super) fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let word = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = match word.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        ),
        None => (word, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole) && fraction.is_none_or(digits) && exponent.is_none_or(digits)
}

fn fault_at(bytes: &[u8], at: usize, fault: Fault) -> DecodeError {
    let line = 1 + bytes[..at].iter().filter(|b| **b == b'\n').count();
    DecodeError::new(NAME, fault).at_byte(at).at_line(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &[u8]) -> Result<Vec<u8>, Fault> {
        Text::new(text)
            .string()
            .map(Cow::into_owned)
            .map_err(|e| e.fault())
    }

    #[test]
    fn strings_take_escapes_and_raw_bytes() {
        assert_eq!(string(b"\"a\xff\x00\n\""), Ok(b"a\xff\x00\n".to_vec()));
        let escaped = br#""\\\/\b\f\n\r\t\v\"\u00e9\ud83d\ude00""#;
        let plain = "\\/\x08\x0c\n\r\t\x0b\"é😀".as_bytes();
        assert_eq!(string(escaped), Ok(plain.to_vec()));
    }

    #[test]
    fn bad_escapes_are_refused() {
        for text in [
            r#""\x""#,
            r#""\u12""#,
            r#""\ud800""#,
            r#""\ud800\u0041""#,
            r#""\udc00""#,
            r#""\u+123""#,
        ] {
            assert_eq!(string(text.as_bytes()), Err(Fault::Escape), "{text}");
        }
        assert_eq!(string(b"\"abc"), Err(Fault::Truncated));
        assert_eq!(string(b"\"abc\\"), Err(Fault::Truncated));
    }

    #[test]
    fn skipping_checks_syntax_and_depth() {
        let skip = |text: &str| Text::new(text.as_bytes()).skip().map_err(|e| e.fault());
        assert_eq!(
            skip(r#" { "a" : [ 1 , -2.5e+3 , true , null ] , "b" : {} } "#),
            Ok(())
        );
        for text in [
            "[1 2]",
            "{\"a\" 1}",
            "[,]",
            "tru",
            "01x",
            "[1",
            "-",
            "1.",
            "{1:2}",
            ".5",
        ] {
            assert!(skip(text).is_err(), "{text}");
        }
        assert_eq!(skip(&"[".repeat(100_000)), Err(Fault::TooDeep));
    }

    #[test]
    fn faults_name_the_line() {
        let error = Text::new(b"[1,\n  x]").skip().unwrap_err();
        assert_eq!((error.line(), error.byte()), (Some(2), Some(6)));
    }
}
