//! The node's side of the admin socket.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use zeekwire::Node;

use super::{Answer, Directory, OTHERS_MAX, REQUEST_BYTES_MAX, Request};
use crate::output;

/// Someone who asks has so long to do it, and to take the answer.
const ASK_MAX: Duration = Duration::from_secs(2);

/// Most requests that wait for other nodes at a time.
const WAITING_COUNT_MAX: usize = 16;

/// Answers questions about one node until it is dropped.
#[derive(Debug)]
pub(crate) struct AdminServer {
    path: PathBuf,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl AdminServer {
    /// Starts to answer. A node runs as well without, so a failure is only told.
    pub(crate) fn start(node: &Node) -> Option<Self> {
        let directory = Directory::of_user();
        match Self::start_in(&directory, node) {
            Ok(server) => Some(server),
            Err(error) => {
                output::note(format_args!(
                    "`zeekwire status` will not find this node: {error}"
                ));
                None
            }
        }
    }

    pub(super) fn start_in(directory: &Directory, node: &Node) -> io::Result<Self> {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        directory.make()?;
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let path = directory.socket(node.id().name.as_str(), serial);
        // Left behind by a process that had this number before.
        if path.exists() {
            fs::remove_file(&path)?;
        }
        let listener = UnixListener::bind(&path)?;
        let over = Arc::new(AtomicBool::new(false));
        let (ended, node) = (Arc::clone(&over), node.clone());
        let waiting = Arc::new(());
        let thread = thread::Builder::new()
            .name("zw-admin".into())
            .spawn(move || {
                for stream in listener.incoming() {
                    if ended.load(Ordering::Relaxed) {
                        return;
                    }
                    // Who asks badly, or leaves, gets no answer.
                    let _ignored = stream.and_then(|stream| answer(stream, &node, &waiting));
                }
            })?;
        Ok(Self {
            path,
            over,
            thread: Some(thread),
        })
    }

    #[cfg(test)]
    pub(super) fn path(&self) -> &std::path::Path {
        &self.path
    }
}

impl Drop for AdminServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let woken = UnixStream::connect(&self.path).is_ok();
        // What cannot be removed is found dead by the next who looks.
        let _left_behind = fs::remove_file(&self.path);
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            let _panicked = thread.join();
        }
    }
}

/// Answers one request. What needs other nodes is answered by a thread of its own, so that nobody
/// waits for it who asks for less; `waiting` counts them.
fn answer(stream: UnixStream, node: &Node, waiting: &Arc<()>) -> io::Result<()> {
    stream.set_read_timeout(Some(ASK_MAX))?;
    stream.set_write_timeout(Some(ASK_MAX))?;
    let mut line = String::new();
    BufReader::new((&stream).take(REQUEST_BYTES_MAX)).read_line(&mut line)?;
    let request = match serde_json::from_str(&line) {
        Ok(Request::Status) => return tell(&stream, &Answer::Status(Box::new(node.status()))),
        Ok(request) => request,
        Err(error) => {
            let text = format!("request not understood: {error}");
            return tell(&stream, &Answer::Error(text));
        }
    };
    if Arc::strong_count(waiting) > WAITING_COUNT_MAX {
        let text = "too many others ask at this moment: try again".to_owned();
        return tell(&stream, &Answer::Error(text));
    }
    let (node, waiting) = (node.clone(), Arc::clone(waiting));
    thread::Builder::new()
        .name("zw-admin-ask".into())
        .spawn(move || {
            // Whoever asked may have left.
            let _left = tell(&stream, &answer_of_cluster(&node, request));
            drop(waiting);
        })?;
    Ok(())
}

fn answer_of_cluster(node: &Node, request: Request) -> Answer {
    let bounded = |timeout_ms| Duration::from_millis(timeout_ms).min(OTHERS_MAX);
    match request {
        Request::Status => Answer::Status(Box::new(node.status())),
        Request::Cluster { timeout_ms } => {
            let others = match node.members().len() {
                0 => Ok(Vec::new()),
                count => node.cluster_status(Some(count), bounded(timeout_ms)),
            };
            match others {
                Ok(others) => Answer::Cluster([vec![node.status()], others].concat()),
                Err(error) => Answer::Error(format!("it cannot ask the others: {error}")),
            }
        }
        Request::Trace { topic, timeout_ms } => {
            match super::trace(node, &topic, bounded(timeout_ms)) {
                Ok(reports) => Answer::Trace(reports),
                Err(error) => Answer::Error(error.to_string()),
            }
        }
    }
}

fn tell(mut stream: &UnixStream, answer: &Answer) -> io::Result<()> {
    let mut text = serde_json::to_vec(answer)?;
    text.push(b'\n');
    stream.write_all(&text)
}
