//! Finding the nodes that run here, and asking them.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeekwire::status::NodeStatus;

use super::{ANSWER_BYTES_MAX, Answer, Directory, Request};

/// A node has so long to answer.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// What became of asking one node.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its socket.
    pub(crate) path: PathBuf,
    /// What it said, or why it did not.
    pub(crate) status: Result<NodeStatus, String>,
}

/// Asks every node of this user that runs here. Sockets that nobody listens at are removed.
///
/// # Errors
/// When the directory cannot be read, or others could have put something into it. That there is
/// no directory only means that nobody ever ran here.
pub(crate) fn search(directory: &Directory) -> io::Result<Vec<Found>> {
    match directory.check() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        checked => checked?,
    }
    let mut found = Vec::new();
    for path in directory.sockets()? {
        match ask(&path) {
            Ok(status) => found.push(Found { path, status }),
            Err(error) if is_dead(&error) => {
                // Somebody else may have removed it already.
                let _gone = fs::remove_file(&path);
            }
            Err(error) => {
                found.push(Found {
                    path,
                    status: Err(format!("no answer: {error}")),
                });
            }
        }
    }
    Ok(found)
}

fn is_dead(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound
    )
}

fn ask(path: &Path) -> io::Result<Result<NodeStatus, String>> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    stream.set_write_timeout(Some(ANSWER_MAX))?;
    let mut request = serde_json::to_vec(&Request::Status)?;
    request.push(b'\n');
    (&stream).write_all(&request)?;
    let mut line = Vec::new();
    BufReader::new((&stream).take(ANSWER_BYTES_MAX)).read_until(b'\n', &mut line)?;
    Ok(match serde_json::from_slice(&line) {
        Ok(Answer::Status(status)) => Ok(*status),
        Ok(Answer::Error(error)) => Err(error),
        Err(error) => Err(format!("its answer is not understood: {error}")),
    })
}
