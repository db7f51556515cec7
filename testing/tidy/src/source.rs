//! Rust source with what is not code blanked out, line for line and column for column.

/// Replaces comments and the insides of strings and characters by spaces. Line breaks stay.
#[must_use]
pub fn code_of(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = match skipped_end(bytes, at) {
            Some(end) => end.min(bytes.len()),
            None => {
                code.push(bytes[at]);
                at += 1;
                continue;
            }
        };
        code.extend(
            bytes[at..end]
                .iter()
                .map(|&b| if b == b'\n' { b'\n' } else { b' ' }),
        );
        at = end;
    }
    String::from_utf8(code).expect("whole characters are kept or blanked")
}

/// Code without the items that only tests compile.
#[must_use]
pub fn shipped_code_of(text: &str) -> String {
    let mut code = code_of(text).into_bytes();
    while let Some((start, end)) = test_item(&code) {
        for byte in &mut code[start..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    String::from_utf8(code).expect("whole characters are kept or blanked")
}

/// The line, from 1, on which a byte offset lies.
#[must_use]
pub fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset]
        .iter()
        .filter(|&&b| b == b'\n')
        .count()
        + 1
}

/// Offsets at which `word` stands alone, not as a part of a longer name.
pub fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| {
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            !before.is_some_and(is_name) && !after.is_some_and(is_name)
        })
}

/// The offset after the bracket that closes the one at `open`, or the end of the text.
#[must_use]
pub fn closing(code: &[u8], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, &byte) in code.iter().enumerate().skip(open) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where the comment, string or character that starts at `at` ends; `None` when code stands there.
fn skipped_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        return Some(at + rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len()));
    }
    if rest.starts_with(b"/*") {
        return Some(block_comment_end(bytes, at));
    }
    match rest[0] {
        b'"' => Some(quoted_end(bytes, at + 1, b'"')),
        b'\'' => character_end(bytes, at),
        b'r' | b'b' | b'c' if at == 0 || !is_name(char::from(bytes[at - 1])) => {
            prefixed_end(bytes, at)
        }
        _ => None,
    }
}

fn block_comment_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn quoted_end(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// A quote starts a character when it closes after one; otherwise it starts a lifetime.
fn character_end(bytes: &[u8], at: usize) -> Option<usize> {
    let inside = std::str::from_utf8(&bytes[at + 1..]).ok()?;
    let first = inside.chars().next()?;
    if first == '\\' {
        return Some(quoted_end(bytes, at + 1, b'\''));
    }
    let after = at + 1 + first.len_utf8();
    (bytes.get(after) == Some(&b'\'')).then_some(after + 1)
}

/// The strings with letters in front: `b""`, `c""`, `r#""#`, `br""` and the byte `b''`.
fn prefixed_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    if matches!(bytes[at], b'b' | b'c') {
        at += 1;
        match bytes.get(at)? {
            b'"' => return Some(quoted_end(bytes, at + 1, b'"')),
            b'\'' if bytes[start] == b'b' => return Some(quoted_end(bytes, at + 1, b'\'')),
            b'r' => {}
            _ => return None,
        }
    }
    let hashes = bytes[at + 1..].iter().take_while(|&&b| b == b'#').count();
    let open = at + 1 + hashes;
    if bytes.get(open) != Some(&b'"') {
        return None;
    }
    let close = [&b"\""[..], &vec![b'#'; hashes]].concat();
    let inside = &bytes[open + 1..];
    let length = inside.windows(close.len()).position(|part| part == close);
    Some(length.map_or(bytes.len(), |length| open + 1 + length + close.len()))
}

/// The first item behind `#[cfg(test)]` or `#[cfg(all(test, …))]`, with its attribute.
fn test_item(code: &[u8]) -> Option<(usize, usize)> {
    let text = std::str::from_utf8(code).ok()?;
    let starts = ["#[cfg(test)]", "#[cfg(all(test,", "#[test]"];
    let start = starts
        .iter()
        .filter_map(|attribute| text.find(attribute))
        .min()?;
    let mut at = closing(code, start + 1);
    while at < code.len() {
        match code[at] {
            b';' => return Some((start, at + 1)),
            b'{' => {
                let end = closing(code, at);
                return Some((start, end + usize::from(code.get(end) == Some(&b';'))));
            }
            b'(' | b'[' => at = closing(code, at),
            _ => at += 1,
        }
    }
    Some((start, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_blanked_in_place() {
        for (text, code) in [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"f("x{");"#, "f(    );"),
            (r#"f("\"{", b"{", c"{");"#, "f(     ,     ,     );"),
            (r##"f(r#"" {"#, br"\");"##, "f(        ,      );"),
            (
                r"f('{', b'\'', '\u{7b}', 'ü');",
                "f(   ,      ,         ,     );",
            ),
            ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
            ("let r = br; crab\"{\"", "let r = br; crab   "),
        ] {
            let code_found = code_of(text);
            assert_eq!(code_found.trim_end(), code.trim_end(), "of {text:?}");
            assert_eq!(code_found.len(), text.len());
        }
    }

    #[test]
    fn items_of_tests_are_blanked() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() {} }\nfn c() {}\n";
        let code = shipped_code_of(text);
        assert!(code.contains("fn a") && code.contains("fn c") && !code.contains("fn b"));
        let text = "#[cfg(test)]\nuse a::{b};\n#[cfg(all(test, not(loom)))]\nmod t;\nfn c() {}";
        assert_eq!(shipped_code_of(text).trim(), "fn c() {}");
    }

    #[test]
    fn words_stand_alone() {
        assert_eq!(
            words("unsafe unsafe_code not_unsafe unsafe{", "unsafe").count(),
            2
        );
    }
}
