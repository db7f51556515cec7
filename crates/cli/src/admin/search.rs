//! Finding the nodes that run here, and asking them.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeekwire::status::NodeStatus;

use super::{ANSWER_BYTES_MAX, Answer, Directory, OTHERS_MAX, Report, Request};

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
        let status = match ask(&path, &Request::Status, Duration::ZERO) {
            Ok(Answer::Status(status)) => Ok(*status),
            Err(error) if is_dead(&error) => {
                // Somebody else may have removed it already.
                let _gone = fs::remove_file(&path);
                continue;
            }
            other => Err(no_answer(other)),
        };
        found.push(Found { path, status });
    }
    Ok(found)
}

fn is_dead(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound
    )
}

/// Asks a node for the status of all members of its cluster, its own first.
///
/// # Errors
/// Why there is none, for people.
pub(crate) fn ask_cluster(path: &Path, timeout: Duration) -> Result<Vec<NodeStatus>, String> {
    let timeout_ms = milliseconds(timeout);
    match ask(path, &Request::Cluster { timeout_ms }, timeout) {
        Ok(Answer::Cluster(statuses)) => Ok(statuses),
        other => Err(no_answer(other)),
    }
}

/// Asks a node which way its publications on a topic would take.
///
/// # Errors
/// Why it does not tell, for people.
pub(crate) fn ask_trace(
    path: &Path,
    topic: &str,
    timeout: Duration,
) -> Result<Vec<Report>, String> {
    let request = Request::Trace {
        topic: topic.to_owned(),
        timeout_ms: milliseconds(timeout),
    };
    match ask(path, &request, timeout) {
        Ok(Answer::Trace(reports)) => Ok(reports),
        other => Err(no_answer(other)),
    }
}

fn is_late(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

fn milliseconds(timeout: Duration) -> u64 {
    u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)
}

/// What to say of a node that answered with something else, or not at all.
fn no_answer(answer: io::Result<Answer>) -> String {
    match answer {
        Ok(Answer::Error(error)) => error,
        Ok(_) => "it answered another question".to_owned(),
        Err(error) if is_late(&error) => "no answer in time: is it stopped?".to_owned(),
        Err(error) => format!("no answer: {error}"),
    }
}

/// Asks one question. The node gets `more` time than for a word about itself.
fn ask(path: &Path, request: &Request, more: Duration) -> io::Result<Answer> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(ANSWER_MAX + more.min(OTHERS_MAX)))?;
    stream.set_write_timeout(Some(ANSWER_MAX))?;
    let mut request = serde_json::to_vec(request)?;
    request.push(b'\n');
    (&stream).write_all(&request)?;
    let mut line = Vec::new();
    BufReader::new((&stream).take(ANSWER_BYTES_MAX)).read_until(b'\n', &mut line)?;
    Ok(serde_json::from_slice(&line)
        .unwrap_or_else(|error| Answer::Error(format!("its answer is not understood: {error}"))))
}
