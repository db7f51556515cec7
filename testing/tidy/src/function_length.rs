//! A function fits on a screen: at most 70 lines from `fn` to its closing brace.

use crate::finding::Finding;
use crate::source::{closing, code_of, line_of, words};

/// Most lines of a function.
pub const LINE_COUNT_MAX: usize = 70;

/// Finds functions that are too long.
#[must_use]
pub fn check(file: &str, text: &str) -> Vec<Finding> {
    let code = code_of(text);
    let mut found = Vec::new();
    for at in words(&code, "fn") {
        let Some((name, open)) = head(&code, at) else {
            continue;
        };
        let first = line_of(&code, at);
        let last = line_of(&code, closing(code.as_bytes(), open));
        let lines = last - first + 1;
        if lines > LINE_COUNT_MAX {
            let message = format!("`{name}` has {lines} lines, at most {LINE_COUNT_MAX}");
            found.push(Finding::new(file, first, message));
        }
    }
    found
}

/// A function's name and the offset of the brace that opens its body. Function types have no
/// name, and declarations no body.
fn head(code: &str, at: usize) -> Option<(&str, usize)> {
    let rest = code[at + 2..].strip_prefix(' ')?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    if end == 0 {
        return None;
    }
    let bytes = code.as_bytes();
    let mut at = at + 3 + end;
    while at < bytes.len() {
        match bytes[at] {
            b'(' | b'[' => at = closing(bytes, at),
            b'{' => return Some((&rest[..end], at)),
            b';' => return None,
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(lines: usize) -> String {
        format!(
            "impl A {{\n    fn long(x: [u8; 2]) -> u8 {{\n{}    }}\n}}\n",
            "x;\n".repeat(lines - 2)
        )
    }

    #[test]
    fn function_of_71_lines_is_refused() {
        assert!(check("a.rs", &function(70)).is_empty());
        let found = check("a.rs", &function(71));
        assert_eq!(
            found,
            [Finding::new("a.rs", 2, "`long` has 71 lines, at most 70")]
        );
    }

    #[test]
    fn braces_in_text_do_not_count() {
        let text = format!(
            "fn a() {{\n    f(\"{{\", '{{'); // {{\n}}\n{}",
            "\n".repeat(80)
        );
        assert!(check("a.rs", &text).is_empty());
    }

    #[test]
    fn declarations_and_function_types_have_no_length() {
        let text = format!(
            "trait A {{\n fn a();\n}}\ntype F = fn(u8);\n{}{{}}",
            "\n".repeat(80)
        );
        assert!(check("a.rs", &text).is_empty());
    }
}
