//! The way of one event, as ARCHITECTURE.md tells it: each step's file and function exist.

use crate::finding::Finding;
use crate::markdown::{quoted, table_under};
use crate::source::{code_of, words};

/// The document that holds the table.
pub const DOCUMENT: &str = "docs/ARCHITECTURE.md";
/// The heading above the table. Its columns are: step, file, function, what happens.
pub const HEADING: &str = "One event in a straight line";

/// Finds steps whose file or function is gone. `text` gives a file's words.
#[must_use]
pub fn check(document: &str, text: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let rows = table_under(document, HEADING);
    if rows.is_empty() {
        return vec![Finding::new(
            DOCUMENT,
            0,
            format!("no table under the heading `{HEADING}`"),
        )];
    }
    let mut found = Vec::new();
    for row in rows {
        let file = row.cells.get(1).and_then(|cell| quoted(cell).next());
        let function = row.cells.get(2).and_then(|cell| quoted(cell).next());
        let (Some(file), Some(function)) = (file, function) else {
            let message = "a step names its file and its function, both in backticks";
            found.push(Finding::new(DOCUMENT, row.number, message));
            continue;
        };
        match text(file) {
            None => {
                let message = format!("the file `{file}` does not exist");
                found.push(Finding::new(DOCUMENT, row.number, message));
            }
            Some(words) if !defines(file, &words, function) => {
                let message = format!("`{file}` has no function `{function}`");
                found.push(Finding::new(DOCUMENT, row.number, message));
            }
            Some(_) => {}
        }
    }
    found
}

/// Whether a file has a function. `Type::name` also asks for the type's own block in Rust.
fn defines(file: &str, text: &str, function: &str) -> bool {
    let code = code_of(text);
    let (owner, name) = function.rsplit_once("::").unwrap_or(("", function));
    if !file.ends_with(".rs") {
        return words(&code, name).any(|at| code[at + name.len()..].starts_with('('));
    }
    let signature = format!("fn {name}");
    let block = |line: &str| {
        let is_block = ["impl", "pub trait", "trait"]
            .iter()
            .any(|head| line.starts_with(head));
        is_block && words(line, owner).next().is_some()
    };
    words(&code, &signature).next().is_some()
        && (owner.is_empty() || code.lines().any(|line| block(line.trim_start())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_row(row: &str) -> Vec<Finding> {
        let document = format!("# A\n\n## {HEADING}\n\n| a | b | c | d |\n|-|-|-|-|\n{row}\n");
        check(&document, |file| {
            let code = "impl Node { fn publish(&self) {} }\n// fn turn()\nfn publish_all() {}";
            (file == "crates/a/src/node.rs").then(|| code.to_owned())
        })
    }

    #[test]
    fn step_that_exists_is_accepted() {
        for function in ["publish", "Node::publish"] {
            assert_eq!(
                check_row(&format!(
                    "| 1 | `crates/a/src/node.rs` | `{function}` | x |"
                )),
                []
            );
        }
    }

    #[test]
    fn step_whose_code_is_gone_is_refused() {
        for row in [
            "| 1 | `crates/a/src/gone.rs` | `publish` | x |",
            "| 1 | `crates/a/src/node.rs` | `turn` | x |",
            "| 1 | `crates/a/src/node.rs` | `publis` | x |",
            "| 1 | `crates/a/src/node.rs` | `Link::publish` | x |",
            "| 1 | `crates/a/src/node.rs` | | x |",
        ] {
            assert_eq!(check_row(row).len(), 1, "of {row:?}");
        }
        assert_eq!(check("# A\n", |_| None).len(), 1);
    }
}
