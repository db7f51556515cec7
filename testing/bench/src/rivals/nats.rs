//! A minimal NATS client at its best: protocol lines written into a large buffer, messages parsed
//! in place. The server is nats-server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use memchr::memchr;

use crate::failure::{Failure, Result};
use crate::payload::Payloads;
use crate::role::{self, Job, Roles, RoundTrips};
use crate::window::Window;

const SUBJECT_EVENTS: &str = "zeek.bench.events";
const SUBJECT_PING: &str = "zeek.bench.ping";
const SUBJECT_PONG: &str = "zeek.bench.pong";
/// Bytes written at once. The server reads 64 KiB at most.
const BATCH_BYTES: usize = 64 * 1024;
const READ_BYTES: usize = 256 * 1024;

/// The roles over NATS.
#[derive(Debug)]
pub(crate) struct Nats;

impl Roles for Nats {
    fn publish(&self, job: &Job) -> Result<()> {
        let mut client = Client::connect(&job.address)?;
        client.flush()?;
        let ping_seen = Arc::new(AtomicBool::new(false));
        let (mut stream, seen) = (client.stream.try_clone()?, Arc::clone(&ping_seen));
        thread::spawn(move || {
            // Nothing but the server's pings comes back to a publisher.
            let mut buffer = [0; 512];
            while stream.read(&mut buffer).is_ok_and(|count| count > 0) {
                seen.store(true, Ordering::Relaxed);
            }
        });
        role::say("ready")?;
        role::await_go()?;
        let mut payloads = Payloads::new(job.payload_bytes)?;
        let head = publish_head(SUBJECT_EVENTS, job.payload_bytes);
        let mut batch = Vec::with_capacity(BATCH_BYTES + head.len() + job.payload_bytes);
        loop {
            batch.clear();
            if ping_seen.swap(false, Ordering::Relaxed) {
                batch.extend_from_slice(b"PONG\r\n");
            }
            while batch.len() < BATCH_BYTES {
                push_message(&mut batch, &head, payloads.next());
            }
            client.stream.write_all(&batch)?;
        }
    }

    fn subscribe(&self, job: &Job) -> Result<()> {
        let mut client = Client::connect(&job.address)?;
        client.subscribe(SUBJECT_EVENTS)?;
        role::say("ready")?;
        role::end_with_stdin();
        let mut window = Window::new(job);
        loop {
            client.read_batch(|payload| window.take(payload))?;
        }
    }

    fn pong(&self, job: &Job) -> Result<()> {
        let mut client = Client::connect(&job.address)?;
        client.subscribe(SUBJECT_PING)?;
        role::say("ready")?;
        role::end_with_stdin();
        let head = publish_head(SUBJECT_PONG, job.payload_bytes);
        let mut replies = Vec::new();
        loop {
            replies.clear();
            client.read_batch(|payload| {
                push_message(&mut replies, &head, payload);
                Ok(())
            })?;
            client.stream.write_all(&replies)?;
        }
    }

    fn ping(&self, job: &Job) -> Result<()> {
        let mut client = Client::connect(&job.address)?;
        client.subscribe(SUBJECT_PONG)?;
        role::end_with_stdin();
        let head = publish_head(SUBJECT_PING, job.payload_bytes);
        let mut trips = RoundTrips::new(job)?;
        let mut line = Vec::new();
        while let Some(request) = trips.request() {
            line.clear();
            push_message(&mut line, &head, request);
            client.stream.write_all(&line)?;
            let mut answered = false;
            while !answered {
                client.read_batch(|payload| {
                    answered = true;
                    trips.answer(payload)
                })?;
            }
        }
        role::say(&trips.report())
    }
}

struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Client {
    fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut client = Self {
            stream,
            buffer: vec![0; READ_BYTES],
            start: 0,
            end: 0,
        };
        client.stream.write_all(CONNECT)?;
        Ok(client)
    }

    /// Subscribes, and returns when the server has taken the subscription.
    fn subscribe(&mut self, subject: &str) -> Result<()> {
        self.stream
            .write_all(format!("SUB {subject} 1\r\n").as_bytes())?;
        self.flush()
    }

    /// Returns when the server has worked off all that was sent.
    fn flush(&mut self) -> Result<()> {
        self.stream.write_all(b"PING\r\n")?;
        loop {
            self.fill()?;
            while let Some((frame, used)) = parse(&self.buffer[self.start..self.end])? {
                self.start += used;
                if frame == Frame::Pong {
                    return Ok(());
                }
            }
        }
    }

    /// Reads once and hands over every message that is complete.
    fn read_batch(&mut self, mut deliver: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.fill()?;
        while let Some((frame, used)) = parse(&self.buffer[self.start..self.end])? {
            match frame {
                Frame::Message(payload) => deliver(payload)?,
                Frame::Ping => self.stream.write_all(b"PONG\r\n")?,
                Frame::Pong | Frame::Other => {}
            }
            self.start += used;
        }
        Ok(())
    }

    fn fill(&mut self) -> Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let count = self.stream.read(&mut self.buffer[self.end..])?;
        if count == 0 {
            return Err(Failure::new("nats-server closed the connection"));
        }
        self.end += count;
        Ok(())
    }
}

#[derive(Debug, Eq, PartialEq)]
enum Frame<'a> {
    Message(&'a [u8]),
    Ping,
    Pong,
    /// `INFO` and `+OK`.
    Other,
}

/// The first frame in `bytes` and its length, or nothing if it is not complete yet.
fn parse(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>> {
    let Some(end) = memchr(b'\n', bytes) else {
        return Ok(None);
    };
    let line = &bytes[..end];
    let used = end + 1;
    if !line.starts_with(b"MSG ") {
        let frame = match line {
            b"PING\r" => Frame::Ping,
            b"PONG\r" => Frame::Pong,
            line if line.starts_with(b"-ERR") => {
                let text = String::from_utf8_lossy(line);
                return Err(Failure::new(format!("nats-server says {}", text.trim())));
            }
            _ => Frame::Other,
        };
        return Ok(Some((frame, used)));
    }
    // MSG <subject> <sid> <bytes>\r, and no reply subject: nobody here sets one.
    let mut payload_bytes = 0;
    let mut unit = 1;
    for &digit in line.iter().rev().skip(1).take_while(|byte| **byte != b' ') {
        payload_bytes += usize::from(digit.wrapping_sub(b'0')) * unit;
        unit *= 10;
    }
    let next = used + payload_bytes + 2;
    if next > READ_BYTES {
        return Err(Failure::new(
            "nats-server sent a message longer than the buffer",
        ));
    }
    Ok(bytes
        .get(used..used + payload_bytes)
        .and_then(|payload| (bytes.len() >= next).then_some((Frame::Message(payload), next))))
}

fn publish_head(subject: &str, payload_bytes: usize) -> Vec<u8> {
    format!("PUB {subject} {payload_bytes}\r\n").into_bytes()
}

fn push_message(batch: &mut Vec<u8>, head: &[u8], payload: &[u8]) {
    batch.extend_from_slice(head);
    batch.extend_from_slice(payload);
    batch.extend_from_slice(b"\r\n");
}

const CONNECT: &[u8] = b"CONNECT {\"verbose\":false,\"pedantic\":false,\"tls_required\":false,\
    \"lang\":\"rust\",\"version\":\"1\",\"protocol\":1,\"echo\":false}\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_parsed_in_place() {
        let bytes = b"MSG zeek.bench.events 1 11\r\nhello\r\nyou!\r\nPING\r\n";
        let (frame, used) = parse(bytes).unwrap().unwrap();
        assert_eq!(frame, Frame::Message(b"hello\r\nyou!"));
        assert_eq!(parse(&bytes[used..]).unwrap(), Some((Frame::Ping, 6)));
    }

    #[test]
    fn incomplete_frame_waits_for_more() {
        let bytes = b"MSG a 1 5\r\nhello\r\n";
        for cut in 0..bytes.len() {
            assert_eq!(parse(&bytes[..cut]).unwrap(), None, "cut at {cut}");
        }
        assert!(parse(bytes).unwrap().is_some());
    }

    #[test]
    fn refusal_is_an_error_that_quotes_the_server() {
        let error = parse(b"-ERR 'Slow Consumer'\r\n").unwrap_err().to_string();
        assert!(error.contains("Slow Consumer"), "{error}");
    }

    #[test]
    fn greeting_is_skipped() {
        let bytes = b"INFO {\"server_id\":\"x\"} \r\n+OK\r\n";
        let (frame, used) = parse(bytes).unwrap().unwrap();
        assert_eq!((frame, used), (Frame::Other, bytes.len() - 5));
    }
}
