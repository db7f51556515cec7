//! What comes next, in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use zeekwire_types::Instant;

/// Something that is due at some time.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Event {
    /// A host is started for the first time.
    Start(usize),
    /// A step of the plan.
    Step(usize),
    /// A host dials, if it is in this life still.
    Dial {
        host: usize,
        life: u32,
        dial: usize,
    },
    /// The attempt to connect comes to its end.
    Dialled {
        host: usize,
        life: u32,
        dial: usize,
        in_time: bool,
    },
    /// The listener gets to know of a connection.
    Accepted {
        wire: usize,
    },
    Readable {
        wire: usize,
        side: usize,
    },
    Writable {
        wire: usize,
        side: usize,
    },
    /// A closing side has waited enough.
    Linger {
        wire: usize,
        side: usize,
    },
    Tick {
        host: usize,
        life: u32,
    },
    /// Local subscribers finish with what is next.
    Consume {
        host: usize,
        life: u32,
    },
    /// Whoever was told to wait asks again.
    Held {
        host: usize,
        life: u32,
    },
    /// A host that was stopped goes on.
    Thaw {
        host: usize,
        life: u32,
    },
    /// Everything should be as it should be.
    Inspect,
}

/// All that is due.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    heap: BinaryHeap<Reverse<(Instant, u64, Event)>>,
    added: u64,
}

impl Schedule {
    /// Adds an event; those of one time come in the order in which they were added.
    pub(crate) fn add(&mut self, at: Instant, event: Event) {
        self.added += 1;
        self.heap.push(Reverse((at, self.added, event)));
    }

    pub(crate) fn next(&mut self) -> Option<(Instant, Event)> {
        self.heap.pop().map(|Reverse((at, _, event))| (at, event))
    }
}
