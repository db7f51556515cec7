//! Members that went, and what they sent before.
//!
//! Notices are told before messages, so that a subscription is known to be effective as soon as it
//! is. The end of a member waits until all messages that were there when it was noticed have been
//! handled: what the member said last comes before its end.

use std::collections::VecDeque;

use crate::notices::Notice;

/// Notices about members that wait for messages.
#[derive(Default)]
pub(crate) struct Departures(VecDeque<(u64, Notice)>);

impl Departures {
    /// Keeps a notice about a member until `arrived` messages were handled. Others follow it: for
    /// each name they take turns.
    pub(crate) fn keep(&mut self, arrived: u64, notice: Notice) {
        self.0.push_back((arrived, notice));
    }

    /// Whether any waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next one that need not wait any longer, now that so many messages were handled.
    pub(crate) fn next(&mut self, handled: u64) -> Option<Notice> {
        let (arrived, _) = self.0.front()?;
        if *arrived > handled {
            return None;
        }
        self.0.pop_front().map(|(_, notice)| notice)
    }
}
