//! The files of the project: what git tracks or would track, or everything when there is no git.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The project's root folder and its files.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    files: Vec<String>,
}

impl Tree {
    /// The tree that this crate stands in.
    ///
    /// # Panics
    /// When the tree cannot be listed: without it no check means anything.
    #[must_use]
    pub fn of_project() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .expect("this crate stands two folders below the root")
            .to_path_buf();
        let mut files = tracked(&root).unwrap_or_else(|| walked(&root));
        // Git goes on listing a deleted file until the deletion is committed.
        files.retain(|file| root.join(file).is_file());
        files.sort();
        files.dedup();
        assert!(
            files.iter().any(|file| file == "Cargo.toml"),
            "the tree has no Cargo.toml"
        );
        Self { root, files }
    }

    /// The root folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether a file or folder exists, relative to the root.
    #[must_use]
    pub fn holds(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// The names of all files, relative to the root, with `/` between folders.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// The text of one file; `None` when it is not text, or not there.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        fs::read(self.root.join(name))
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
    }

    /// Name and text of every text file.
    pub fn texts(&self) -> impl Iterator<Item = (&str, String)> {
        self.names()
            .filter_map(|name| Some((name, self.text(name)?)))
    }

    /// Name and text of every Rust file that people write.
    pub fn rust(&self) -> impl Iterator<Item = (&str, String)> {
        self.texts()
            .filter(|(name, _)| name.ends_with(".rs") && !is_generated(name))
    }

    /// Name and text of every document.
    pub fn documents(&self) -> impl Iterator<Item = (&str, String)> {
        self.texts().filter(|(name, _)| name.ends_with(".md"))
    }
}

/// Whether a file is made from others, and so follows no rule of style.
#[must_use]
pub fn is_generated(name: &str) -> bool {
    name.ends_with("_capnp.rs") || name == "crates/capi/include/zeekwire.h"
}

/// Whether a Rust file is no part of its crate: a test, a benchmark, an example or what the build
/// runs, by its name.
#[must_use]
pub fn is_beside_the_crate(name: &str) -> bool {
    let is_beside = |part| {
        matches!(
            part,
            "tests" | "tests.rs" | "benches" | "examples" | "build.rs"
        )
    };
    name.split('/').any(is_beside)
}

/// Whether a file belongs to a crate that programs and hosts link or run.
#[must_use]
pub fn is_shipped(name: &str) -> bool {
    name.starts_with("crates/")
}

fn tracked(root: &Path) -> Option<Vec<String>> {
    let listed = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let names = String::from_utf8(listed.stdout).ok()?;
    Some(names.split_terminator('\0').map(str::to_owned).collect())
}

fn walked(root: &Path) -> Vec<String> {
    const SKIPPED: [&str; 5] = [".git", "target", ".venv", ".tmp", "__pycache__"];
    let mut folders = vec![PathBuf::new()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(root.join(&folder)) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            if SKIPPED.iter().any(|skipped| name == *skipped) {
                continue;
            }
            let path = folder.join(&name);
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(_) => files.extend(path.to_str().map(str::to_owned)),
                Err(_) => {}
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walking_finds_what_git_finds() {
        let tree = Tree::of_project();
        let walked = walked(tree.root());
        let missed: Vec<_> = tree
            .names()
            .filter(|name| !walked.iter().any(|other| other == name))
            .collect();
        assert!(missed.is_empty(), "walking missed {missed:?}");
    }

    #[test]
    fn files_beside_a_crate_are_known_by_name() {
        for name in [
            "core/src/session/tests.rs",
            "core/tests/a.rs",
            "core/src/node/tests/pair.rs",
        ] {
            assert!(is_beside_the_crate(name), "of {name}");
        }
        assert!(is_beside_the_crate("core/benches/topics.rs"));
        assert!(!is_beside_the_crate("core/src/contests.rs"));
    }
}
