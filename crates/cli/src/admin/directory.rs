//! Where admin sockets lie.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Characters of a node's name that its socket's name shows: a socket's path is short.
const NAME_CHARS_MAX: usize = 40;

/// A directory that only this user can enter.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    path: PathBuf,
}

impl Directory {
    /// `$XDG_RUNTIME_DIR/zeekwire`, or `/tmp/zeekwire-UID` where that is not set.
    pub(crate) fn of_user() -> Self {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let path = match runtime.filter(|path| path.is_absolute() && path.is_dir()) {
            Some(runtime) => runtime.join("zeekwire"),
            None => format!("/tmp/zeekwire-{}", rustix::process::getuid().as_raw()).into(),
        };
        Self { path }
    }

    #[cfg(test)]
    pub(super) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it if it is not there. An error when somebody else could reach into it.
    pub(super) fn make(&self) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        self.check()
    }

    /// An error when it is not there, or not this user's alone.
    pub(super) fn check(&self) -> io::Result<()> {
        let metadata = fs::symlink_metadata(&self.path)?;
        let ours = metadata.uid() == rustix::process::getuid().as_raw();
        if metadata.is_dir() && ours && metadata.mode() & 0o077 == 0 {
            return Ok(());
        }
        let text = format!(
            "{} must be a directory of this user with mode 0700: remove it",
            self.path.display()
        );
        Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
    }

    /// The socket of a node in this process.
    pub(super) fn socket(&self, name: &str, serial: u32) -> PathBuf {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let shown: String = name
            .chars()
            .take(NAME_CHARS_MAX)
            .map(|c| if plain(c) { c } else { '_' })
            .collect();
        let pid = std::process::id();
        let suffix = if serial == 0 {
            String::new()
        } else {
            format!(".{serial}")
        };
        self.path.join(format!("{shown}-{pid}{suffix}.sock"))
    }

    /// All sockets in it, in the order of their names.
    pub(super) fn sockets(&self) -> io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "sock")
            {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }
}
