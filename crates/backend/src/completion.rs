//! Something that will be done, and waiting for it.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Tells when something asked for is done.
#[derive(Clone, Debug)]
pub struct Completion {
    shared: Arc<Shared>,
}

/// The other end of a [`Completion`]. Dropping it completes too: nothing will wait for ever.
#[derive(Debug)]
pub struct Completer {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    fired: Condvar,
}

#[derive(Default)]
struct State {
    done: bool,
    after: Vec<Box<dyn FnOnce() + Send>>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.lock().done { "done" } else { "pending" })
    }
}

impl Completion {
    /// A completion and the end that fires it.
    #[must_use]
    pub fn pair() -> (Completer, Self) {
        let shared = Arc::new(Shared::default());
        let completer = Completer {
            shared: Arc::clone(&shared),
        };
        (completer, Self { shared })
    }

    /// A completion that fired already.
    #[must_use]
    pub fn done() -> Self {
        Self::pair().1
    }

    /// Waits until it fires, for at most `timeout`. Returns whether it fired.
    pub fn wait(&self, timeout: Duration) -> bool {
        let Shared { fired, .. } = &*self.shared;
        let pending = |state: &mut State| !state.done;
        let waited = fired.wait_timeout_while(self.shared.lock(), timeout, pending);
        waited.unwrap_or_else(PoisonError::into_inner).0.done
    }

    /// Whether it fired.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.shared.lock().done
    }

    /// Runs `then` when it fires, on the thread that fires it, which must not be blocked; at once
    /// if it has fired already.
    pub fn then(self, then: impl FnOnce() + Send + 'static) {
        let mut state = self.shared.lock();
        if !state.done {
            state.after.push(Box::new(then));
            return;
        }
        drop(state);
        then();
    }
}

impl Completer {
    /// Fires.
    pub fn complete(self) {}
}

impl Drop for Completer {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.done = true;
        let after = std::mem::take(&mut state.after);
        drop(state);
        self.shared.fired.notify_all();
        after.into_iter().for_each(|then| then());
    }
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

    #[test]
    fn what_is_to_follow_runs_once_before_or_after_it_fired() {
        let count = Arc::new(Mutex::new(0));
        let more = |by: i32| {
            let count = Arc::clone(&count);
            move || *count.lock().expect("nobody panics") += by
        };
        let (completer, completion) = Completion::pair();
        completion.clone().then(more(1));
        assert_eq!(*count.lock().expect("nobody panics"), 0);
        drop(completer);
        completion.then(more(10));
        assert_eq!(*count.lock().expect("nobody panics"), 11);
    }
}
