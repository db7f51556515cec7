//! Marks of unfinished work do not reach the tree.

use crate::finding::Finding;
use crate::source::words;

/// Split, so that this file does not find itself.
const BANNED: [&str; 5] = [
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("db", "g!"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

/// Finds banned words, in code as in comments.
#[must_use]
pub fn check(file: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        for word in BANNED {
            if starts(content, word) {
                found.push(Finding::new(
                    file,
                    line,
                    format!("`{word}`: finish it or leave it out"),
                ));
            }
        }
    }
    found
}

/// Macros may be followed by their brackets, so only the name's own edges count.
fn starts(line: &str, word: &str) -> bool {
    words(line, word.trim_end_matches('!')).any(|at| line[at..].starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_banned_word_is_refused() {
        for word in BANNED {
            assert_eq!(
                check("a.rs", &format!("fine\n    {word}(1) // {word}")).len(),
                1
            );
        }
    }

    #[test]
    fn longer_names_are_not_banned() {
        let longer = [
            concat!("my_to", "do!()"),
            concat!("XX", "XX"),
            concat!("to", "do list"),
        ];
        for text in longer {
            assert!(check("a.rs", text).is_empty(), "of {text:?}");
        }
    }
}
