//! The JSON of a log line: an object of plain values and of lists of them.

use super::error::ReadFault;

/// A place in a line.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    line: &'a [u8],
    at: usize,
}

/// A value without its escapes undone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Token<'a> {
    Null,
    Bool(bool),
    /// The text of a number.
    Number(&'a [u8]),
    /// What is between the quotes.
    String(&'a [u8]),
    /// A list begins.
    List,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(line: &'a [u8]) -> Self {
        Self { line, at: 0 }
    }

    #[cold]
    fn fault(&self, problem: &'static str) -> ReadFault {
        ReadFault::Json {
            column: self.at + 1,
            problem,
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.line.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Takes the byte if it is next.
    fn takes(&mut self, byte: u8) -> bool {
        self.skip_space();
        let is_next = self.line.get(self.at) == Some(&byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8, problem: &'static str) -> Result<(), ReadFault> {
        if self.takes(byte) {
            Ok(())
        } else {
            Err(self.fault(problem))
        }
    }

    /// The start of the object.
    pub(super) fn open(&mut self) -> Result<(), ReadFault> {
        self.expect(b'{', "expected an object")
    }

    /// The next key of the object, and the colon behind it; `None` at the object's end, behind
    /// which nothing may stand.
    pub(super) fn key(&mut self, is_first: bool) -> Result<Option<&'a [u8]>, ReadFault> {
        if self.takes(b'}') {
            self.skip_space();
            return match self.at == self.line.len() {
                true => Ok(None),
                false => Err(self.fault("something stands behind the object")),
            };
        }
        if !is_first {
            self.expect(b',', "expected a comma or the object's end")?;
        }
        self.expect(b'"', "expected a key in quotes")?;
        let key = self.string()?;
        self.expect(b':', "expected a colon")?;
        Ok(Some(key))
    }

    /// The next element of a list; `None` at its end.
    pub(super) fn element(&mut self, is_first: bool) -> Result<Option<Token<'a>>, ReadFault> {
        if self.takes(b']') {
            return Ok(None);
        }
        if !is_first {
            self.expect(b',', "expected a comma or the list's end")?;
        }
        match self.value()? {
            Token::List => Err(self.fault("a list within a list is no value of a log")),
            token => Ok(Some(token)),
        }
    }

    /// The next value; of a list, only its start.
    pub(super) fn value(&mut self) -> Result<Token<'a>, ReadFault> {
        self.skip_space();
        let rest = &self.line[self.at..];
        let words: [(&[u8], Token<'a>); 3] = [
            (b"true", Token::Bool(true)),
            (b"false", Token::Bool(false)),
            (b"null", Token::Null),
        ];
        match rest.first() {
            Some(b'"') => {
                self.at += 1;
                Ok(Token::String(self.string()?))
            }
            Some(b'[') => {
                self.at += 1;
                Ok(Token::List)
            }
            Some(b'-' | b'0'..=b'9') => {
                let ends =
                    |byte: &u8| !matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                let length = rest.iter().position(ends).unwrap_or(rest.len());
                self.at += length;
                Ok(Token::Number(&rest[..length]))
            }
            Some(b'{') => Err(self.fault("an object within the object is no value of a log")),
            _ => match words.into_iter().find(|(word, _)| rest.starts_with(word)) {
                Some((word, token)) => {
                    self.at += word.len();
                    Ok(token)
                }
                None => Err(self.fault("expected a value")),
            },
        }
    }

    /// What is left of a string behind its first quote, up to the last.
    fn string(&mut self) -> Result<&'a [u8], ReadFault> {
        let start = self.at;
        while let Some(step) = memchr::memchr2(b'"', b'\\', &self.line[self.at..]) {
            self.at += step;
            if self.line[self.at] == b'"' {
                self.at += 1;
                return Ok(&self.line[start..self.at - 1]);
            }
            if self.at + 1 >= self.line.len() {
                break;
            }
            self.at += 2;
        }
        self.at = self.line.len();
        Err(self.fault("the string has no end"))
    }
}

/// Appends a string's text with JSON's escapes undone; `false` when one is not of JSON.
pub(super) fn push_unescaped(out: &mut Vec<u8>, mut text: &[u8]) -> bool {
    while let Some(at) = memchr::memchr(b'\\', text) {
        out.extend_from_slice(&text[..at]);
        let Some((&letter, rest)) = text[at + 1..].split_first() else {
            return false;
        };
        text = rest;
        match letter {
            b'"' | b'\\' | b'/' => out.push(letter),
            b'b' => out.push(8),
            b't' => out.push(9),
            b'n' => out.push(10),
            b'f' => out.push(12),
            b'r' => out.push(13),
            b'u' => match unicode(text) {
                Some((character, used)) => {
                    let mut bytes = [0; 4];
                    out.extend_from_slice(character.encode_utf8(&mut bytes).as_bytes());
                    text = &text[used..];
                }
                None => return false,
            },
            _ => return false,
        }
    }
    out.extend_from_slice(text);
    true
}

/// The character that four digits stand for, or two times four, and how long they are.
fn unicode(text: &[u8]) -> Option<(char, usize)> {
    let unit = |text: &[u8]| {
        let digits = std::str::from_utf8(text.get(..4)?).ok()?;
        let all_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        all_hex.then(|| u16::from_str_radix(digits, 16).ok())?
    };
    let high = unit(text)?;
    if let Some(character) = char::from_u32(high.into()) {
        return Some((character, 4));
    }
    let low = unit(text.get(4..)?.strip_prefix(b"\\u")?)?;
    let character = char::decode_utf16([high, low]).next()?.ok()?;
    Some((character, 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(line: &str) -> Result<String, String> {
        let mut cursor = Cursor::new(line.as_bytes());
        let mut out = String::new();
        let mut read = || -> Result<(), ReadFault> {
            cursor.open()?;
            let mut is_first = true;
            while let Some(key) = cursor.key(is_first)? {
                is_first = false;
                let value = cursor.value()?;
                out += &format!("{}={value:?} ", String::from_utf8_lossy(key));
                let mut first = true;
                while value == Token::List
                    && let Some(token) = cursor.element(first)?
                {
                    first = false;
                    out += &format!("{token:?} ");
                }
            }
            Ok(())
        };
        read().map_err(|fault| fault.to_string())?;
        Ok(out.trim_end().to_owned())
    }

    #[test]
    fn objects_are_read_as_tokens() {
        assert_eq!(tokens("{}"), Ok(String::new()));
        let expected = r"a=Null b=Bool(true) c=List Number([49]) String([92, 34])";
        let line = r#" { "a" : null , "b":true,"c":[1 , "\""] } "#;
        assert_eq!(tokens(line).as_deref(), Ok(expected));
        assert_eq!(tokens(r#"{"a":[]}"#).as_deref(), Ok("a=List"));
    }

    #[test]
    fn what_is_no_object_says_where() {
        for (line, problem) in [
            ("", "byte 1: expected an object"),
            ("[1]", "byte 1: expected an object"),
            ("{\"a\":1", "byte 7: expected a comma or the object's end"),
            ("{\"a\":1}x", "byte 8: something stands behind the object"),
            ("{\"a\":1,}", "byte 8: expected a key in quotes"),
            ("{\"a\" 1}", "byte 6: expected a colon"),
            ("{\"a\":nul}", "byte 6: expected a value"),
            ("{\"a\":\"x}", "byte 9: the string has no end"),
            ("{\"a\":\"x\\", "byte 9: the string has no end"),
            (
                "{\"a\":{}}",
                "byte 6: an object within the object is no value of a log",
            ),
            (
                "{\"a\":[[]]}",
                "byte 8: a list within a list is no value of a log",
            ),
        ] {
            assert_eq!(tokens(line), Err(problem.to_owned()), "of {line}");
        }
    }

    #[test]
    fn escapes_of_json_are_undone() {
        let undo = |text: &str| {
            let mut out = Vec::new();
            push_unescaped(&mut out, text.as_bytes()).then_some(out)
        };
        let all = undo(r#"\"\\\/\b\t\n\f\r\u0041\udb80\udcff"#).unwrap();
        assert_eq!(all, "\"\\/\u{8}\t\n\u{c}\rA\u{f00ff}".as_bytes());
        for bad in [
            r"\x41",
            r"\u12",
            r"\u+123",
            r"\ud800",
            r"\ud800\u0041",
            "\\",
        ] {
            assert_eq!(undo(bad), None, "of {bad}");
        }
    }
}
