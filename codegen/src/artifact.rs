//! One generated file: where it belongs, what it must hold, and whether it does.

use std::fs;
use std::path::{Path, PathBuf};

/// A file that the project commits and this program writes.
pub(crate) struct Artifact {
    /// Relative to the project's root.
    pub(crate) path: PathBuf,
    /// What the file must hold.
    pub(crate) text: String,
    /// Lines that start with one of these differ by tool version only, and are not compared.
    pub(crate) version_lines: &'static [&'static str],
}

impl Artifact {
    /// Writes the file unless it is right already. Says whether it wrote.
    pub(crate) fn write(&self, root: &Path) -> Result<bool, String> {
        if self.fault(root)?.is_none() {
            return Ok(false);
        }
        let target = root.join(&self.path);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(|e| io(folder, &e))?;
        }
        fs::write(&target, &self.text).map_err(|e| io(&self.path, &e))?;
        Ok(true)
    }

    /// What is wrong with the committed file, in words, or nothing.
    pub(crate) fn fault(&self, root: &Path) -> Result<Option<String>, String> {
        let path = self.path.display();
        let Ok(found) = fs::read_to_string(root.join(&self.path)) else {
            return Ok(Some(format!("{path} is missing")));
        };
        if self.comparable(&found) == self.comparable(&self.text) {
            return Ok(None);
        }
        let same = found.lines().zip(self.text.lines()).take_while(|(a, b)| {
            a == b
                || self
                    .version_lines
                    .iter()
                    .any(|v| a.starts_with(v) && b.starts_with(v))
        });
        Ok(Some(format!(
            "{path} is stale from line {}",
            same.count() + 1
        )))
    }

    fn comparable<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let versioned = |line: &str| self.version_lines.iter().any(|v| line.starts_with(v));
        text.split('\n').filter(|line| !versioned(line)).collect()
    }
}

/// An IO error with the path it is about.
pub(crate) fn io(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
