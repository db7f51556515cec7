//! No file names a place that exists only on the machine of the one who wrote it.

use crate::finding::Finding;

/// Folders of single machines; split, so that this file does not find itself.
const FOLDERS: [&str; 3] = [
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/wo", "rk/"),
];

/// Finds absolute paths of machines.
#[must_use]
pub fn check(file: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        for folder in FOLDERS {
            if content
                .match_indices(folder)
                .any(|(at, _)| is_absolute(content, at))
            {
                let message = format!("`{folder}` exists on one machine only: use a relative path");
                found.push(Finding::new(file, line, message));
            }
        }
    }
    found
}

/// A path is absolute when nothing that belongs to a path stands before it.
fn is_absolute(line: &str, at: usize) -> bool {
    let belongs = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '~' | '*' | '}');
    !line[..at].chars().next_back().is_some_and(belongs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_path_of_a_machine_is_refused() {
        for folder in FOLDERS {
            for line in [
                format!("{folder}x"),
                format!("a=\"{folder}x\""),
                format!("-I {folder}"),
            ] {
                assert_eq!(check("a.md", &line).len(), 1, "of {line:?}");
            }
            for line in [
                format!("docs{folder}x"),
                format!("..{folder}x"),
                format!("$HOME}}{folder}"),
            ] {
                assert!(check("a.md", &line).is_empty(), "of {line:?}");
            }
        }
    }
}
