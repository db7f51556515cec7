//! Something that will be done, and waiting for it.

use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};

/// Tells when something asked for is done.
#[derive(Clone, Debug)]
pub struct Completion {
    done: Receiver<()>,
}

/// The other end of a [`Completion`]. Dropping it completes too: nothing will wait for ever.
#[derive(Debug)]
pub struct Completer {
    /// Never used to send: its end is the signal, and reaches every clone of the receiver.
    _pending: Sender<()>,
}

impl Completion {
    /// A completion and the end that fires it.
    #[must_use]
    pub fn pair() -> (Completer, Self) {
        let (pending, done) = bounded(0);
        (Completer { _pending: pending }, Self { done })
    }

    /// A completion that fired already.
    #[must_use]
    pub fn done() -> Self {
        Self::pair().1
    }

    /// Waits until it fires, for at most `timeout`. Returns whether it fired.
    pub fn wait(&self, timeout: Duration) -> bool {
        !matches!(
            self.done.recv_timeout(timeout),
            Err(RecvTimeoutError::Timeout)
        )
    }

    /// Whether it fired.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.wait(Duration::ZERO)
    }
}

impl Completer {
    /// Fires.
    pub fn complete(self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clone_sees_it_fire_once_and_for_all() {
        let (completer, completion) = Completion::pair();
        let clone = completion.clone();
        assert!(!completion.wait(Duration::from_millis(1)));
        completer.complete();
        assert!(completion.is_done() && clone.is_done() && clone.is_done());
    }
}
