//! The file of an `ipc://` listener: taking it over from the dead, never from the living.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use crate::{ListenReason, SocketOptions};

/// A socket file that this process made. Dropping it removes the file if it is still that one.
///
/// Must be dropped before the socket: as long as that is open, the system gives the inode to no
/// other file.
#[derive(Debug)]
pub(crate) struct SocketFile {
    /// Absolute, so that it means the same after a change of the working directory.
    path: PathBuf,
    device: u64,
    inode: u64,
    /// A forked child has a copy of the listener; its end is not the parent's.
    process: u32,
}

impl SocketFile {
    fn new(path: &Path) -> io::Result<Self> {
        let made = fs::symlink_metadata(path)?;
        Ok(Self {
            path: std::path::absolute(path)?,
            device: made.dev(),
            inode: made.ino(),
            process: std::process::id(),
        })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if std::process::id() != self.process {
            return;
        }
        let is_ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|found| found.dev() == self.device && found.ino() == self.inode);
        if is_ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the socket's file is left behind");
        }
    }
}

/// Listens at a path. A socket there that nobody listens to any more is replaced; anything else
/// is left alone.
pub(crate) fn listen(
    path: &Path,
    options: &SocketOptions,
    backlog: i32,
) -> Result<(SocketFile, Socket), ListenReason> {
    let address = SockAddr::unix(path)?;
    // Of two processes that find the same stale file, the second would remove the first one's new
    // socket. Where the directory cannot be locked, that risk remains.
    let lock = lock_directory(path);
    make_way(path, &address)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    options.apply_buffers(&socket)?;
    socket.bind(&address)?;
    let file = SocketFile::new(path)?;
    // Nobody can have connected yet: until `listen`, the system refuses.
    fs::set_permissions(path, Permissions::from_mode(options.ipc_mode))?;
    socket.listen(backlog)?;
    drop(lock);
    Ok((file, socket))
}

/// Removes a stale socket at the path.
fn make_way(path: &Path, address: &SockAddr) -> Result<(), ListenReason> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if !found.file_type().is_socket() {
        return Err(ListenReason::NotASocket);
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    probe.set_nonblocking(true)?;
    let Err(error) = probe.connect(address) else {
        return Err(ListenReason::InUse);
    };
    match error.kind() {
        ErrorKind::ConnectionRefused => {
            tracing::info!(path = %path.display(), "replacing a socket that nobody listens to");
            match fs::remove_file(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
                _ => Ok(()),
            }
        }
        ErrorKind::NotFound => Ok(()),
        // Somebody is there, only too busy to take one more.
        ErrorKind::WouldBlock => Err(ListenReason::InUse),
        _ => Err(ListenReason::Unclear(error)),
    }
}

/// Locks the directory of a path against other processes that begin to listen in it, if that is
/// possible within a short time.
fn lock_directory(path: &Path) -> Option<File> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let directory = File::open(directory).ok()?;
    for _ in 0..LOCK_TRY_COUNT {
        match directory.try_lock() {
            Ok(()) => return Some(directory),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_RETRY),
            Err(TryLockError::Error(_)) => return None,
        }
    }
    None
}

/// Others hold the lock for microseconds; somebody who keeps it has other reasons.
const LOCK_TRY_COUNT: u32 = 50;
const LOCK_RETRY: Duration = Duration::from_millis(2);
