//! Rust lines have at most 100 columns, also where rustfmt gives up: in comments and strings.

use crate::finding::Finding;

/// Most columns of a line, in characters.
pub const COLUMN_COUNT_MAX: usize = 100;

/// Finds lines that are too long.
#[must_use]
pub fn check(file: &str, text: &str) -> Vec<Finding> {
    let widths = text.lines().map(|line| line.chars().count());
    (1..)
        .zip(widths)
        .filter(|&(_, columns)| columns > COLUMN_COUNT_MAX)
        .map(|(line, columns)| {
            Finding::new(
                file,
                line,
                format!("{columns} columns, at most {COLUMN_COUNT_MAX}"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_101_columns_wide_is_refused() {
        let text = format!("{}\n{}\n", "ü".repeat(100), "x".repeat(101));
        let found = check("a.rs", &text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 2);
    }
}
