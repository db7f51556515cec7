//! When to end: on SIGINT, on SIGTERM, or when whoever read the output has gone.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::Failure;

/// The exit code of a command that was told a second time to end, and did so at once.
const INTERRUPTED: i32 = 130;

/// Tells a command to end in order. Clones tell the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    signalled: Arc<AtomicBool>,
    output_closed: Arc<AtomicBool>,
}

impl Stop {
    /// How often a command that waits looks whether it should end.
    pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(50);

    /// Listens for signals. The first asks to end, a second ends the process at once.
    pub(crate) fn on_signals() -> Result<Self, Failure> {
        let stop = Self::default();
        for signal in [SIGINT, SIGTERM] {
            let set = Arc::clone(&stop.signalled);
            // The order matters: a signal first asks whether one came before.
            flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&set))
                .and_then(|_| flag::register(signal, set))
                .map_err(|error| Failure::job(format_args!("cannot handle signals: {error}")))?;
        }
        Ok(stop)
    }

    /// Asks to end also when nobody reads standard output any more, even while nothing is written.
    pub(crate) fn on_closed_output(self) -> Self {
        let closed = Arc::clone(&self.output_closed);
        // Without the thread, the next line that is written notices.
        let _no_thread = thread::Builder::new()
            .name("zw-output".into())
            .spawn(move || {
                let stdout = io::stdout();
                loop {
                    // Errors and hang-ups are told without being asked for.
                    let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
                    match poll(&mut fds, None) {
                        Ok(_) => break,
                        Err(rustix::io::Errno::INTR) => {}
                        Err(_) => return,
                    }
                }
                closed.store(true, Ordering::Relaxed);
            });
        self
    }

    /// Whether to end.
    pub(crate) fn is_set(&self) -> bool {
        self.signalled.load(Ordering::Relaxed) || self.output_closed.load(Ordering::Relaxed)
    }

    /// Whether somebody asked the process to end.
    pub(crate) fn is_signalled(&self) -> bool {
        self.signalled.load(Ordering::Relaxed)
    }
}
