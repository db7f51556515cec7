//! What can go wrong with a file.

use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Why something could not be done with a file. Whoever tries again may succeed.
#[derive(Debug)]
pub struct FileError {
    path: PathBuf,
    action: FileAction,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    Io(io::Error),
    Shorter { offset: u64, length: u64 },
}

/// What was to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FileAction {
    /// Opening or creating the file.
    Open,
    /// Reading what is in it.
    Read,
    /// Writing to it.
    Write,
    /// Bringing it to the disk.
    Sync,
    /// Cutting it.
    Truncate,
    /// Giving it another name.
    Rename,
    /// Making the folder that it goes to.
    CreateFolder,
}

impl FileError {
    #[cold]
    pub(crate) fn new(path: &Path, action: FileAction, error: io::Error) -> Self {
        Self {
            path: path.to_owned(),
            action,
            reason: Reason::Io(error),
        }
    }

    #[cold]
    pub(super) fn shorter(path: &Path, offset: u64, length: u64) -> Self {
        let reason = Reason::Shorter { offset, length };
        Self {
            path: path.to_owned(),
            action: FileAction::Truncate,
            reason,
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was to be done.
    #[must_use]
    pub const fn action(&self) -> FileAction {
        self.action
    }

    /// Whether there is no room left, or none for this user.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match &self.reason {
            Reason::Io(error) => {
                matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
            }
            Reason::Shorter { .. } => false,
        }
    }

    /// Whether the system does not allow it.
    #[must_use]
    pub fn is_permission(&self) -> bool {
        use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        match &self.reason {
            Reason::Io(error) => matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem),
            Reason::Shorter { .. } => false,
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        let done = match self.action {
            FileAction::Open => "opened",
            FileAction::Read => "read",
            FileAction::Write => "written to",
            FileAction::Sync => "brought to the disk",
            FileAction::Truncate => "cut",
            FileAction::Rename => "made the new name of a log",
            FileAction::CreateFolder => "created",
        };
        match &self.reason {
            Reason::Io(error) => write!(f, "{path} cannot be {done}: {error}"),
            Reason::Shorter { offset, length } => write!(
                f,
                "{path} has only {length} of the {offset} bytes that were written: something else \
                 changed it"
            ),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            Reason::Io(error) => Some(error),
            Reason::Shorter { .. } => None,
        }
    }
}
