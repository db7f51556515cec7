//! As much of Markdown as the checks need: headings, tables and links, outside code.

/// A line of a document that is not inside a code fence.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// Its text.
    pub text: &'a str,
}

/// The lines outside code fences.
pub fn prose(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut fence: Option<&str> = None;
    (1..).zip(text.lines()).filter_map(move |(number, text)| {
        let trimmed = text.trim_start();
        let mark = ["```", "~~~"]
            .into_iter()
            .find(|mark| trimmed.starts_with(mark));
        match (fence, mark) {
            (None, Some(_)) => fence = mark,
            (Some(open), Some(close)) if open == close => fence = None,
            (None, None) => return Some(Line { number, text }),
            _ => {}
        }
        None
    })
}

/// A heading's level, from 1, and its text.
#[must_use]
pub fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take_while(|&b| b == b'#').count();
    let text = line[level..].strip_prefix(' ')?.trim();
    (1..=6).contains(&level).then_some((level, text))
}

/// The name by which a link reaches a heading.
#[must_use]
pub fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase)
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// A row of a table.
#[derive(Debug)]
pub struct Row<'a> {
    /// Its line, from 1.
    pub number: usize,
    /// Its cells, without the space around them.
    pub cells: Vec<&'a str>,
}

/// The rows of the first table under a heading, without its head.
#[must_use]
pub fn table_under<'a>(text: &'a str, title: &str) -> Vec<Row<'a>> {
    prose(text)
        .skip_while(|line| heading(line.text).is_none_or(|(_, found)| found != title))
        .skip(1)
        .take_while(|line| heading(line.text).is_none())
        .skip_while(|line| !line.text.starts_with('|'))
        .take_while(|line| line.text.starts_with('|'))
        .skip(2)
        .map(|line| Row {
            number: line.number,
            cells: cells(line.text),
        })
        .collect()
}

/// What stands between backticks.
pub fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The targets of the links in a line, inline and by definition.
#[must_use]
pub fn links(line: &str) -> Vec<&str> {
    // Code between backticks may look like a link.
    let plain = line.split('`').step_by(2);
    let inline = plain.flat_map(|text| {
        text.match_indices("](").filter_map(|(at, _)| {
            let target = &text[at + 2..];
            Some(&target[..target.find(')')?])
        })
    });
    let definition = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "));
    inline
        .chain(definition.map(|(_, target)| target))
        .map(|target| target.split_whitespace().next().unwrap_or(target))
        .collect()
}

fn cells(line: &str) -> Vec<&str> {
    line.trim()
        .trim_matches('|')
        .split('|')
        .map(str::trim)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_found_by_heading() {
        let text =
            "# A\n\n| x |\n|---|\n| no |\n\n## B\nwords\n\n| p | q |\n|--|--|\n| 1 | `2` |\nend";
        let rows = table_under(text, "B");
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].number, &rows[0].cells[..]),
            (12, &["1", "`2`"][..])
        );
        assert!(table_under(text, "C").is_empty());
    }

    #[test]
    fn fences_hide_what_is_in_them() {
        let text = "a\n```sh\n# b\n~~~\n```\nc\n";
        let kept: Vec<_> = prose(text).map(|line| line.text).collect();
        assert_eq!(kept, ["a", "c"]);
    }

    #[test]
    fn links_are_found_outside_code() {
        let line = "[a](b.md), `[c](d)` and ![e](f.svg \"title\")";
        assert_eq!(links(line), ["b.md", "f.svg"]);
        assert_eq!(links("[a]: b.md"), ["b.md"]);
    }

    #[test]
    fn anchors_are_those_of_the_usual_renderers() {
        assert_eq!(
            anchor("One event, in a `straight` line"),
            "one-event-in-a-straight-line"
        );
    }
}
