//! A bare TCP socket: blocking, `TCP_NODELAY`, payloads back to back without any framing.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use crate::failure::{Failure, Result};
use crate::payload::Payloads;
use crate::role::{self, Job, Roles, RoundTrips};
use crate::window::Window;

/// Bytes written at once, and read at once at most.
const BATCH_BYTES: usize = 128 * 1024;

/// The roles over a bare socket.
#[derive(Debug)]
pub(crate) struct Tcp;

impl Roles for Tcp {
    fn publish(&self, job: &Job) -> Result<()> {
        let mut streams = accept(job.subscribers)?;
        role::say("ready")?;
        role::await_go()?;
        let mut payloads = Payloads::new(job.payload_bytes)?;
        let mut batch = Vec::with_capacity(BATCH_BYTES + job.payload_bytes);
        loop {
            batch.clear();
            while batch.len() < BATCH_BYTES {
                batch.extend_from_slice(payloads.next());
            }
            for stream in &mut streams {
                stream.write_all(&batch)?;
            }
        }
    }

    fn subscribe(&self, job: &Job) -> Result<()> {
        let mut stream = connect(&job.address)?;
        role::say("ready")?;
        role::end_with_stdin();
        let mut window = Window::new(job);
        let mut buffer = vec![0; BATCH_BYTES + job.payload_bytes];
        let mut filled = 0;
        loop {
            let count = stream.read(&mut buffer[filled..])?;
            if count == 0 {
                return Err(Failure::new("the publisher closed the connection"));
            }
            filled += count;
            let mut payloads = buffer[..filled].chunks_exact(job.payload_bytes);
            for payload in &mut payloads {
                window.take(payload)?;
            }
            let rest = payloads.remainder().len();
            buffer.copy_within(filled - rest..filled, 0);
            filled = rest;
        }
    }

    fn pong(&self, job: &Job) -> Result<()> {
        let mut streams = accept(1)?;
        role::say("ready")?;
        role::end_with_stdin();
        let mut payload = vec![0; job.payload_bytes];
        let [stream] = streams.as_mut_slice() else {
            return Ok(());
        };
        loop {
            match stream.read_exact(&mut payload) {
                // The caller has seen enough.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                result => result?,
            }
            stream.write_all(&payload)?;
        }
    }

    fn ping(&self, job: &Job) -> Result<()> {
        let mut stream = connect(&job.address)?;
        role::end_with_stdin();
        let mut trips = RoundTrips::new(job)?;
        let mut answer = vec![0; job.payload_bytes];
        while let Some(request) = trips.request() {
            stream.write_all(request)?;
            stream.read_exact(&mut answer)?;
            trips.answer(&answer)?;
        }
        role::say(&trips.report())
    }
}

fn accept(count: usize) -> Result<Vec<TcpStream>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    role::say(&format!("listening {}", listener.local_addr()?))?;
    (0..count)
        .map(|_| {
            let (stream, _) = listener.accept()?;
            stream.set_nodelay(true)?;
            Ok(stream)
        })
        .collect()
}

fn connect(address: &str) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
