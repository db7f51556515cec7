//! Hands metrics out over HTTP: one short answer to each connection.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use zeekwire::Node;

use super::MetricsAddress;
use super::exposition::{CONTENT_TYPE, render};
use super::families::FAMILIES;
use crate::failure::{Failure, why};
use crate::output;

/// Whoever asks has so long for it, and to take the answer. They are served one after the other.
const ASK_MAX: Duration = Duration::from_secs(2);
/// Longest request, in bytes.
const REQUEST_BYTES_MAX: usize = 8 * 1024;
/// Most header lines of a request.
const HEADER_COUNT_MAX: usize = 64;

/// Serves the metrics of one node until it is dropped.
#[derive(Debug)]
pub(crate) struct MetricsServer {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl MetricsServer {
    /// Starts to serve, and tells where.
    pub(crate) fn start(
        address: &MetricsAddress,
        insecure_remote: bool,
        node: &Node,
    ) -> Result<Self, Failure> {
        if !address.is_local() && !insecure_remote {
            return Err(Failure::usage(format_args!(
                "other machines can reach {address}, and would read the metrics of this node: \
                 take a loopback address, or allow it with --insecure-remote"
            )));
        }
        let failed = |error: io::Error| {
            Failure::job(format_args!(
                "cannot serve metrics at {address}: {}",
                why(&error)
            ))
        };
        let listener = TcpListener::bind(address.0).map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let over = Arc::new(AtomicBool::new(false));
        let (ended, node) = (Arc::clone(&over), node.clone());
        let name = node.id().name.clone();
        let thread = thread::Builder::new()
            .name("zw-metrics".into())
            .spawn(move || {
                for stream in listener.incoming() {
                    if ended.load(Ordering::Relaxed) {
                        return;
                    }
                    match stream {
                        // Who asks badly, or leaves, gets no answer.
                        Ok(stream) => _ = serve(&stream, &node),
                        // No descriptors are left: others may give theirs back.
                        Err(_) => thread::sleep(Duration::from_millis(100)),
                    }
                }
            })
            .map_err(failed)?;
        output::note(format_args!("{name} serves http://{bound}/metrics"));
        Ok(Self {
            address: bound,
            over,
            thread: Some(thread),
        })
    }
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        let woken = TcpStream::connect_timeout(&address, ASK_MAX).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            let _panicked = thread.join();
        }
    }
}

/// Answers one request.
fn serve(mut stream: &TcpStream, node: &Node) -> io::Result<()> {
    stream.set_write_timeout(Some(ASK_MAX))?;
    let (status, body) = match read_request(stream)? {
        Asked::Metrics => ("200 OK", render(&FAMILIES, &node.status())),
        Asked::Head => ("200 OK", String::new()),
        Asked::Else => ("404 Not Found", "metrics are at /metrics\n".to_owned()),
        Asked::Method => ("405 Method Not Allowed", "only GET and HEAD\n".to_owned()),
        Asked::Nonsense => ("400 Bad Request", "this is no HTTP request\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    stream.shutdown(Shutdown::Write)
}

/// What was asked for.
enum Asked {
    Metrics,
    Head,
    Else,
    Method,
    Nonsense,
}

/// Reads the head of a request; a body is nobody's business here.
fn read_request(mut stream: &TcpStream) -> io::Result<Asked> {
    let deadline = Instant::now() + ASK_MAX;
    let (mut bytes, mut held) = ([0; REQUEST_BYTES_MAX], 0);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || held == bytes.len() {
            return Ok(Asked::Nonsense);
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut bytes[held..])? {
            0 => return Ok(Asked::Nonsense),
            n => held += n,
        }
        let mut headers = [httparse::EMPTY_HEADER; HEADER_COUNT_MAX];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&bytes[..held]) {
            Ok(httparse::Status::Partial) => {}
            Err(_) => return Ok(Asked::Nonsense),
            Ok(httparse::Status::Complete(_)) => {
                let path = request.path.unwrap_or_default();
                let path = path.split('?').next().unwrap_or_default();
                return Ok(match (request.method, path) {
                    (Some("GET"), "/metrics") => Asked::Metrics,
                    (Some("HEAD"), "/metrics") => Asked::Head,
                    (Some("GET" | "HEAD"), _) => Asked::Else,
                    _ => Asked::Method,
                });
            }
        }
    }
}
