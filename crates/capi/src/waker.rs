//! The descriptor that is readable while a context has something to do.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A pair of sockets: whoever leaves work behind writes a byte, unless one is there already.
pub(crate) struct Waker {
    readable: UnixStream,
    signal: UnixStream,
    raised: AtomicBool,
}

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        let (readable, signal) = UnixStream::pair()?;
        readable.set_nonblocking(true)?;
        signal.set_nonblocking(true)?;
        Ok(Self {
            readable,
            signal,
            raised: AtomicBool::new(false),
        })
    }

    pub(crate) fn descriptor(&self) -> RawFd {
        self.readable.as_raw_fd()
    }

    /// Makes the descriptor readable. May be called from signal handlers.
    pub(crate) fn raise(&self) {
        if !self.raised.swap(true, Ordering::AcqRel) {
            // There is room: at most two bytes are ever on their way.
            let _full = (&self.signal).write(&[1]);
        }
    }

    /// Makes the descriptor unreadable. What was left behind before is seen by who looks now; for
    /// what comes later it is raised again.
    pub(crate) fn lower(&self) {
        let mut bytes = [0; 8];
        // First the bytes and then the flag: the other way round, a byte written in between would
        // be taken while the flag says that it is there.
        let _empty = (&self.readable).read(&mut bytes);
        self.raised.swap(false, Ordering::AcqRel);
    }

    /// Waits until the descriptor is readable, or `deadline`. Returns whether it is.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> io::Result<bool> {
        let timeout_ms = match deadline {
            None => -1,
            // A started millisecond is waited for, so as not to turn in circles through it.
            Some(at) => {
                let left = at.saturating_duration_since(Instant::now());
                let left = left + Duration::from_nanos(999_999);
                i32::try_from(left.as_millis()).unwrap_or(i32::MAX)
            }
        };
        let mut polled = libc::pollfd {
            fd: self.descriptor(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one descriptor, which lives as long as this.
        match unsafe { libc::poll(&raw mut polled, 1, timeout_ms) } {
            -1 => match io::Error::last_os_error() {
                // Whoever interrupted may have asked for the end of the waiting.
                error if error.kind() == io::ErrorKind::Interrupted => Ok(false),
                error => Err(error),
            },
            ready => Ok(ready > 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_readable(waker: &Waker) -> bool {
        waker.wait(Some(Instant::now())).expect("it can be polled")
    }

    #[test]
    fn readable_from_the_first_raise_to_the_next_lower() {
        let waker = Waker::new().expect("there are descriptors");
        assert!(!is_readable(&waker));
        for _ in 0..100_000 {
            waker.raise();
        }
        assert!(is_readable(&waker));
        waker.lower();
        assert!(!is_readable(&waker));
        waker.raise();
        assert!(is_readable(&waker));
    }

    #[test]
    fn nothing_left_behind_goes_unnoticed() {
        let waker = Waker::new().expect("there are descriptors");
        let left = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    left.fetch_add(1, Ordering::Release);
                    waker.raise();
                }
            });
            let mut seen = 0;
            while seen < 20_000 {
                let deadline = Instant::now() + Duration::from_secs(20);
                assert!(waker.wait(Some(deadline)).expect("it can be polled"));
                waker.lower();
                seen = left.load(Ordering::Acquire);
            }
        });
    }
}
