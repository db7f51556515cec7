//! Documents: one title each, and relative links that lead somewhere.

use crate::finding::Finding;
use crate::markdown::{anchor, heading, links, prose};

/// Finds a document without a title in its first line of text, or with more than one.
#[must_use]
pub fn check_title(file: &str, text: &str) -> Vec<Finding> {
    let is_title = |text| matches!(heading(text), Some((1, _)));
    let mut lines = prose(text).filter(|line| !line.text.trim().is_empty());
    let mut found = Vec::new();
    if !lines.next().is_some_and(|line| is_title(line.text)) {
        found.push(Finding::new(
            file,
            1,
            "a document begins with its title, `# …`",
        ));
    }
    found.extend(
        lines
            .filter(|line| is_title(line.text))
            .map(|line| Finding::new(file, line.number, "a second title: use `## …`")),
    );
    found
}

/// Finds relative links to nothing. `exists` answers for a path from the root of the tree, `text`
/// gives a document's words, for links to a heading.
#[must_use]
pub fn check_links(
    file: &str,
    words: &str,
    exists: impl Fn(&str) -> bool,
    text: impl Fn(&str) -> Option<String>,
) -> Vec<Finding> {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for line in prose(words) {
        for link in links(line.text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, section) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                Some(file.to_owned())
            } else {
                join(folder, path)
            };
            let Some(target) = target.filter(|target| exists(target)) else {
                found.push(Finding::new(
                    file,
                    line.number,
                    format!("`{link}` leads nowhere"),
                ));
                continue;
            };
            let has = |words: String| {
                prose(&words)
                    .filter_map(|line| heading(line.text))
                    .any(|(_, h)| anchor(h) == section)
            };
            if !section.is_empty() && target.ends_with(".md") && !text(&target).is_some_and(has) {
                let message = format!("`{target}` has no heading `{section}`");
                found.push(Finding::new(file, line.number, message));
            }
        }
    }
    found
}

/// A path from the root; `None` when it leaves the tree.
fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links_of(words: &str) -> Vec<Finding> {
        let exists = |path: &str| ["docs/a.md", "docs/b.md", "README.md", "docs"].contains(&path);
        let text = |_: &str| Some("# B\n## One event\n".to_owned());
        check_links("docs/a.md", words, exists, text)
    }

    #[test]
    fn link_to_nothing_is_refused() {
        for words in [
            "[x](c.md)",
            "[x](../docs/c.md)",
            "[x](../../README.md)",
            "[x](#two)",
        ] {
            assert_eq!(links_of(words).len(), 1, "of {words:?}");
        }
        assert_eq!(links_of("[x](b.md#two-events)").len(), 1);
    }

    #[test]
    fn link_to_something_is_allowed() {
        for words in [
            "[x](b.md)",
            "[x](../README.md)",
            "[x](b.md#one-event)",
            "[x](#one-event)",
        ] {
            assert_eq!(links_of(words), [], "of {words:?}");
        }
        assert_eq!(links_of("[x](https://example.org/c.md)"), []);
        assert_eq!(links_of("```\n[x](c.md)\n```"), []);
    }

    #[test]
    fn document_has_one_title() {
        assert!(check_title("a.md", "\n# A\n\n## B\n```\n# not one\n```\n").is_empty());
        assert_eq!(check_title("a.md", "words\n# A\n").len(), 2);
        assert_eq!(check_title("a.md", "## A\n").len(), 1);
        assert_eq!(check_title("a.md", "# A\n# B\n")[0].line, 2);
    }
}
