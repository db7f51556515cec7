//! Every Rust file begins with `//!`: what it owns, what holds, what it leaves to others. Every
//! test of the program begins with what it shows.

use crate::finding::Finding;

/// Finds a file without a head.
#[must_use]
pub fn check(file: &str, text: &str) -> Vec<Finding> {
    let head = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("//!"));
    match head {
        Some(words) if !words.trim().is_empty() => Vec::new(),
        _ => vec![Finding::new(
            file,
            1,
            "the file must begin with `//!` and what it is about",
        )],
    }
}

/// Finds a test in `btest/` that does not say what it shows.
#[must_use]
pub fn check_btest(file: &str, text: &str) -> Vec<Finding> {
    let is_btest = file.starts_with("btest/") && file.ends_with(".test");
    let claim = text
        .lines()
        .next()
        .and_then(|line| line.split_once("@TEST-DOC:"));
    match claim {
        _ if !is_btest => Vec::new(),
        Some((_, words)) if !words.trim().is_empty() => Vec::new(),
        _ => vec![Finding::new(
            file,
            1,
            "the test must begin with `# @TEST-DOC:` and its claim",
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_without_a_head_is_refused() {
        assert!(check("a.rs", "//! Heads.\n").is_empty());
        for text in [
            "",
            "// Heads.\n",
            "//!\n",
            "\n//! Late.\n",
            "use std::fs;\n",
        ] {
            assert_eq!(check("a.rs", text).len(), 1, "of {text:?}");
        }
    }

    #[test]
    fn btest_without_a_claim_is_refused() {
        assert!(check_btest("btest/cli/a.test", "# @TEST-DOC: It works.\n").is_empty());
        assert!(check_btest("btest/Scripts/canonify", "#!/usr/bin/env bash\n").is_empty());
        for text in [
            "# @TEST-EXEC: true\n",
            "# @TEST-DOC:\n",
            "\n# @TEST-DOC: Late.\n",
        ] {
            assert_eq!(
                check_btest("btest/cli/a.test", text).len(),
                1,
                "of {text:?}"
            );
        }
    }
}
