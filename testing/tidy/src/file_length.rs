//! A file is about one thing: at most 700 lines.

use crate::finding::Finding;

/// Most lines of a file.
pub const LINE_COUNT_MAX: usize = 700;

/// Endings of the files that people write in a programming language.
const ENDINGS: [&str; 8] = [".rs", ".py", ".cc", ".h", ".c", ".zeek", ".sh", ".capnp"];

/// Finds a file that is too long. Files that are not source have no bound.
#[must_use]
pub fn check(file: &str, text: &str) -> Vec<Finding> {
    let lines = text.lines().count();
    let is_source = ENDINGS.iter().any(|ending| file.ends_with(ending));
    if !is_source || lines <= LINE_COUNT_MAX {
        return Vec::new();
    }
    let message =
        format!("{lines} lines, at most {LINE_COUNT_MAX}: give each subject its own file");
    vec![Finding::new(file, 0, message)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_of_701_lines_is_refused() {
        assert!(check("a.rs", &"x\n".repeat(700)).is_empty());
        assert_eq!(check("a.rs", &"x\n".repeat(701)).len(), 1);
        assert!(check("rows.log", &"x\n".repeat(701)).is_empty());
    }
}
