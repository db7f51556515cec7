//! A TCP proxy that can swallow what it should pass on, without closing anything.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

pub(crate) struct Proxy {
    address: std::net::SocketAddr,
    swallows: Arc<AtomicBool>,
}

impl Proxy {
    /// Passes on to a `tcp://` endpoint.
    pub(crate) fn start(target: &str) -> Self {
        let target = target.strip_prefix("tcp://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let swallows = Arc::new(AtomicBool::new(false));
        let shared = Arc::clone(&swallows);
        // Ends with the process.
        thread::spawn(move || {
            for near in listener.incoming() {
                let Ok(near) = near else { return };
                let Ok(far) = TcpStream::connect(&target) else {
                    return;
                };
                let ways = [
                    (near.try_clone().unwrap(), far.try_clone().unwrap()),
                    (far, near),
                ];
                for (from, to) in ways {
                    let swallows = Arc::clone(&shared);
                    thread::spawn(move || pass(from, to, &swallows));
                }
            }
        });
        Self { address, swallows }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("tcp://{}", self.address)
    }

    pub(crate) fn swallow(&self, swallow: bool) {
        self.swallows.store(swallow, Ordering::SeqCst);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, swallows: &AtomicBool) {
    let mut buffer = [0; 10_000];
    let mut mute = false;
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        // A connection that once lost bytes can pass nothing that makes sense any more.
        mute |= swallows.load(Ordering::SeqCst);
        match read {
            0 => break,
            _ if mute => {}
            read => {
                if to.write_all(&buffer[..read]).is_err() {
                    break;
                }
            }
        }
    }
    if !mute {
        let _gone = to.shutdown(Shutdown::Write);
    }
}
