//! INI files, as zeekctl reads them: by the rules of Python's `configparser`.
//!
//! Read by hand because no crate fits: those that are well kept (rust-ini, configparser) forget
//! the lines on which keys stood, which errors must name, and differ from Python in what is a
//! comment, what continues a value, and whether a section may come twice.

use std::collections::HashMap;

use super::Remark;

/// A section, with the keys of the section `DEFAULT` that it does not have itself.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Entry {
    /// In lower case.
    pub(super) key: String,
    pub(super) value: String,
    pub(super) line: usize,
}

/// Reads a whole file.
///
/// # Errors
/// Says what a line should look like, or what stands there twice.
pub(super) fn read(text: &str) -> Result<Vec<Section>, Remark> {
    let mut reader = Reader::default();
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (line, content) in (1..).zip(text.lines()) {
        reader.line(line, content)?;
    }
    reader.finish()
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    sections: Vec<Section>,
    lines: HashMap<String, usize>,
    /// How deep the last line began that did not continue another.
    indent: usize,
    /// Whether the last section has a value that a deeper line would continue.
    in_value: bool,
}

impl Reader {
    fn line(&mut self, line: usize, content: &str) -> Result<(), Remark> {
        let text = content.trim();
        // An empty line or a comment does not end a value.
        if text.is_empty() || text.starts_with(['#', ';']) {
            return Ok(());
        }
        let indent = content.chars().take_while(|c| c.is_whitespace()).count();
        if self.in_value && indent > self.indent {
            let entries = self.sections.last_mut().map(|section| &mut section.entries);
            if let Some(entry) = entries.and_then(|entries| entries.last_mut()) {
                entry.value.push('\n');
                entry.value.push_str(text);
            }
            return Ok(());
        }
        self.indent = indent;
        match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((name, _)) if !name.is_empty() => self.section(line, name),
            _ => self.entry(line, text),
        }
    }

    fn section(&mut self, line: usize, name: &str) -> Result<(), Remark> {
        if let Some(first) = self.lines.insert(name.to_owned(), line)
            && name != DEFAULT
        {
            return Err(Remark::at(
                line,
                format_args!("[{name}] stands in line {first} already: join the two"),
            ));
        }
        self.in_value = false;
        self.sections.push(Section {
            name: name.to_owned(),
            line,
            entries: Vec::new(),
        });
        Ok(())
    }

    fn entry(&mut self, line: usize, text: &str) -> Result<(), Remark> {
        let Some(section) = self.sections.last_mut() else {
            return Err(Remark::at(
                line,
                "no section has begun: before this line, write the name of a node in brackets, \
                 such as [manager]",
            ));
        };
        let (key, value) = match text.split_once(['=', ':']) {
            Some((key, value)) if !key.trim().is_empty() => (key.trim_end(), value.trim_start()),
            _ => {
                return Err(Remark::at(
                    line,
                    format_args!("{text:?} says nothing: write [name], key=value or # comment"),
                ));
            }
        };
        let key = key.to_lowercase();
        if let Some(first) = section.entries.iter().find(|entry| entry.key == key) {
            return Err(Remark::at(
                line,
                format_args!(
                    "[{}] has `{key}` in line {} already: remove one",
                    section.name, first.line
                ),
            ));
        }
        section.entries.push(Entry {
            key,
            value: value.to_owned(),
            line,
        });
        self.in_value = true;
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Section>, Remark> {
        for entry in self.sections.iter_mut().flat_map(|s| &mut s.entries) {
            if entry.value.contains("%(") {
                return Err(Remark::at(
                    entry.line,
                    "values of other keys are not filled in here: write the value itself, and %% \
                     for a percent sign",
                ));
            }
            entry.value = entry.value.replace("%%", "%");
        }
        let (defaults, mut sections): (Vec<_>, Vec<_>) = self
            .sections
            .into_iter()
            .partition(|section| section.name == DEFAULT);
        for section in &mut sections {
            for default in defaults.iter().flat_map(|section| &section.entries) {
                if !section.entries.iter().any(|entry| entry.key == default.key) {
                    section.entries.push(default.clone());
                }
            }
        }
        Ok(sections)
    }
}

/// The section whose keys all others have as well.
const DEFAULT: &str = "DEFAULT";

#[cfg(test)]
mod tests {
    use super::*;

    /// Sections as text: `name@line key@line=value …`.
    fn shown(text: &str) -> Vec<String> {
        let show = |section: &Section| {
            let entry = |e: &Entry| format!(" {}@{}={}", e.key, e.line, e.value);
            let entries: String = section.entries.iter().map(entry).collect();
            format!("{}@{}{entries}", section.name, section.line)
        };
        read(text).unwrap().iter().map(show).collect()
    }

    #[test]
    fn lines_of_sections_and_keys_are_kept() {
        let text =
            "# head\n\n[a]\nType = x y \n; not this\nhost: z=1\n[b] # what follows\r\nk=\r\n";
        assert_eq!(shown(text), ["a@3 type@4=x y host@6=z=1", "b@7 k@8="]);
        assert_eq!(shown("\u{feff}[a]"), ["a@1"]);
    }

    #[test]
    fn deeper_line_continues_a_value() {
        let text = "[a]\n  k = 1,\n# between\n\n     2\n  l = 3\n [b]\nm = [4]\n";
        assert_eq!(shown(text), ["a@1 k@2=1,\n2 l@6=3", "b@7 m@8=[4]"]);
    }

    #[test]
    fn default_section_fills_what_others_lack() {
        let text = "[DEFAULT]\nhost=h\ntype=t\n[a]\ntype=own\n[DEFAULT]\nmore=1";
        assert_eq!(shown(text), ["a@4 type@5=own host@2=h more@7=1"]);
    }

    #[test]
    fn percent_sign_is_written_twice() {
        assert_eq!(shown("[a]\nk=50%%\nl=5%"), ["a@1 k@2=50% l@3=5%"]);
    }

    #[test]
    fn line_that_says_nothing_is_refused() {
        for (text, line, what) in [
            ("type=worker\n", 1, "[manager]"),
            ("[a]\n\nworker\n", 3, "key=value"),
            ("[a]\n=x", 2, "key=value"),
            ("[a]\n[]", 2, "key=value"),
            ("[a]\n[b", 2, "key=value"),
            ("[a]\nk=1\nK: 2", 3, "line 2"),
            ("[a]\n[b]\n[a]", 3, "line 1"),
            ("[a]\nk=%(host)s", 2, "write the value itself"),
        ] {
            let fault = read(text).unwrap_err();
            assert_eq!(fault.line, Some(line), "of {text:?}");
            assert!(fault.text.contains(what), "of {text:?}: {}", fault.text);
        }
    }
}
