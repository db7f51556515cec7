//! What waits to be sent over one link, and in which order it goes.
//!
//! Each class has its queue, budget and credit. More urgent classes go first, in runs of at most
//! one fragment's length; each less urgent class that could send keeps a tenth of what the others
//! send, so that none starves. What a socket took half of is finished before anything else.
//!
//! When nothing waits, a message need not be queued at all: it is *staged*, a range of the caller's
//! bytes that goes out in the same turn. What the socket does not take is then queued by copying.

use std::io::IoSlice;
use std::ops::Range;

use zeekwire_types::limits::FRAGMENT_BYTES_MAX;
use zeekwire_types::{DropPolicy, TrafficClass};

use super::QueueTotal;
use super::queue::{ClassQueue, Piece};
use crate::drops::DropCounters;
use crate::wire::{FrameHeader, LossCause};

/// Bytes planned for one write.
const WRITE_BYTES_MAX: usize = 256 * 1024;
/// Runs planned for one write; with their headers and what goes first they fill the slices.
const WRITE_RUN_COUNT_MAX: usize = 31;
/// Slices that one write may need.
pub const WRITE_SLICE_COUNT_MAX: usize = 2 * WRITE_RUN_COUNT_MAX + 2;
/// A run of one class between two looks at the others.
const RUN_BYTES_MAX: usize = FRAGMENT_BYTES_MAX;
/// A queue may hold this much more than its messages: the unused ends of its first and last chunk.
const SLACK_BYTES: usize = 128 * 1024;
/// A less urgent class keeps one part in this many of what more urgent ones send.
const SHARE: usize = 9;

/// Bounds of the queues of one link.
#[derive(Clone, Copy, Debug)]
pub struct OutgoingLimits {
    /// Most bytes held for each class.
    pub budget_bytes: [usize; TrafficClass::COUNT],
    /// What happens to events that find no room.
    pub policy: DropPolicy,
}

impl Default for OutgoingLimits {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            budget_bytes: [16 * MIB, 8 * MIB, 8 * MIB, 8 * MIB],
            policy: DropPolicy::default(),
        }
    }
}

/// What became of a message that was offered to a link.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Offered {
    /// It goes out in this turn, straight from the caller's bytes.
    Staged,
    /// It waits in the queue.
    Queued,
    /// It was dropped.
    Dropped,
    /// The queue is full and must not drop: the link has to be closed.
    Overflow,
}

/// The sending half of a link.
#[derive(Debug)]
pub struct Outgoing {
    queues: [ClassQueue; TrafficClass::COUNT],
    /// Preamble, or the rest of a frame that the socket cut.
    first: Vec<u8>,
    first_sent: usize,
    /// The goodbye of a side that lets its queues run empty.
    last: Vec<u8>,
    staged: Vec<Range<usize>>,
    staged_bytes: usize,
    plan: Vec<Piece>,
    /// Bytes of each class that went out since the link started, and how far they may go.
    sent_bytes: [u64; TrafficClass::COUNT],
    credit_limit: [u64; TrafficClass::COUNT],
    /// What each class has coming from the share of the more urgent ones.
    owed_bytes: [usize; TrafficClass::COUNT],
    limits: OutgoingLimits,
    /// Longest message that the peer takes.
    message_bytes_max: usize,
    writable: bool,
    drops: DropCounters,
    messages: u64,
    /// Control messages are still to come that must go before everything else.
    owes_control: bool,
    /// What waits on all links of the node, and this link's share of it.
    total: QueueTotal,
    share_bytes: usize,
}

impl Outgoing {
    /// An empty sending half; the socket is thought to be writable.
    #[must_use]
    pub fn new(limits: OutgoingLimits, total: QueueTotal) -> Self {
        Self {
            queues: Default::default(),
            first: Vec::new(),
            first_sent: 0,
            last: Vec::new(),
            staged: Vec::new(),
            staged_bytes: 0,
            plan: Vec::new(),
            sent_bytes: [0; TrafficClass::COUNT],
            credit_limit: [u64::MAX, 0, 0, 0],
            owed_bytes: [0; TrafficClass::COUNT],
            limits,
            message_bytes_max: usize::MAX,
            writable: true,
            drops: DropCounters::default(),
            messages: 0,
            owes_control: false,
            total,
            share_bytes: 0,
        }
    }

    /// Brings the node's total up to date.
    fn count_share(&mut self) {
        let [_control, others @ ..] = &self.queues;
        let now: usize = others.iter().map(ClassQueue::queued_bytes).sum();
        self.total.moved(self.share_bytes, now);
        self.share_bytes = now;
    }

    /// Bytes that go out before any frame: the preamble.
    pub fn push_raw(&mut self, bytes: &[u8]) {
        self.first.extend_from_slice(bytes);
    }

    /// Bytes that go out when nothing else waits any more: the goodbye.
    pub fn push_last(&mut self, bytes: &[u8]) {
        self.last.extend_from_slice(bytes);
    }

    /// Takes note of the longest message that the peer takes. Longer ones are dropped here, and
    /// counted, instead of costing the link.
    pub const fn set_message_bytes_max(&mut self, bytes: usize) {
        self.message_bytes_max = bytes;
    }

    /// Offers one whole message, `source[range]`, to the link.
    ///
    /// A staged message must be written in this turn: call [`Outgoing::staged_slices`] and
    /// [`Outgoing::staged_written`] with the same `source`.
    #[inline]
    pub fn offer(&mut self, class: TrafficClass, source: &[u8], range: Range<usize>) -> Offered {
        let bytes = range.len();
        let index = class.index();
        // What is staged may have to be queued after all, so it keeps to the budget.
        let fits = bytes <= FRAGMENT_BYTES_MAX.min(self.message_bytes_max)
            && self.staged_bytes + bytes <= self.limits.budget_bytes[index];
        if fits && self.writable && self.is_idle() {
            let after = self.sent_bytes[index] + bytes as u64;
            if after <= self.credit_limit[index] {
                self.sent_bytes[index] = after;
                self.staged_bytes += bytes;
                self.messages += 1;
                match self.staged.last_mut() {
                    Some(last) if last.end == range.start => last.end = range.end,
                    _ => self.staged.push(range),
                }
                return Offered::Staged;
            }
        }
        self.enqueue(class, &source[range])
    }

    /// Queues one whole message, making room by the class's policy.
    pub fn enqueue(&mut self, class: TrafficClass, message: &[u8]) -> Offered {
        let index = class.index();
        let budget = self.limits.budget_bytes[index];
        if class != TrafficClass::Control && message.len() > self.message_bytes_max {
            self.drops.count(message, LossCause::TooLong);
            return Offered::Dropped;
        }
        let staged_bytes = self.staged_bytes;
        // Who blocks was not told to wait below half of the budget, so it loses nothing there.
        let blocks = class == TrafficClass::Event && self.limits.policy == DropPolicy::Block;
        let queue = &mut self.queues[index];
        let full = LossCause::QueueFull;
        // One message always fits an empty queue, however small the budget.
        let is_full = |queue: &ClassQueue| {
            let waiting = queue.queued_bytes() + staged_bytes;
            let crowded = class != TrafficClass::Control && self.total.is_full(message.len());
            let over = waiting + message.len() > budget || crowded;
            let roomy = queue.is_empty() || blocks && waiting * 2 <= budget && !crowded;
            !roomy && (over || queue.held_bytes() > budget + SLACK_BYTES)
        };
        if is_full(queue) {
            match (class, self.limits.policy) {
                (TrafficClass::Control, _) | (TrafficClass::Event, DropPolicy::Disconnect) => {
                    return Offered::Overflow;
                }
                (TrafficClass::Event, DropPolicy::DropOldest) => {
                    let mut count = |dropped: &[u8]| self.drops.count(dropped, full);
                    while is_full(queue) && queue.drop_oldest(&mut count) {}
                    if is_full(queue) {
                        self.drops.count(message, full);
                        return Offered::Dropped;
                    }
                }
                (TrafficClass::Event, DropPolicy::Block | DropPolicy::DropNewest)
                | (TrafficClass::Store | TrafficClass::Log, _) => {
                    self.drops.count(message, full);
                    return Offered::Dropped;
                }
            }
        }
        queue.push(message);
        self.messages += 1;
        self.count_share();
        Offered::Queued
    }

    /// As [`Outgoing::offer`], beyond the budget if need be: the credit of those who send to this
    /// node bounds what may come.
    pub fn offer_lossless(
        &mut self,
        class: TrafficClass,
        source: &[u8],
        range: Range<usize>,
    ) -> Offered {
        let index = class.index();
        let waiting = self.queues[index].queued_bytes() + self.staged_bytes + range.len();
        let fits = range.len() <= self.message_bytes_max;
        if !fits || class == TrafficClass::Control || waiting <= self.limits.budget_bytes[index] {
            return self.offer(class, source, range);
        }
        self.queues[index].push(&source[range]);
        self.messages += 1;
        self.count_share();
        Offered::Queued
    }

    /// Counts a message that is not to be sent here.
    pub fn refuse(&mut self, message: &[u8]) {
        self.drops.count(message, LossCause::QueueFull);
    }

    /// Takes what was dropped since the last call, by publisher.
    pub(crate) fn take_unreported_drops(
        &mut self,
    ) -> Vec<(crate::drops::Loser, crate::drops::DropTotal)> {
        self.drops.take_unreported()
    }

    /// Fills in the slices of `source` that were staged in this turn, as far as there is room.
    /// Returns how many.
    pub fn staged_slices<'a>(&self, source: &'a [u8], slices: &mut [IoSlice<'a>]) -> usize {
        let filled = slices.iter_mut().zip(&self.staged);
        filled
            .map(|(slice, range)| *slice = IoSlice::new(&source[range.clone()]))
            .count()
    }

    /// Bytes staged in this turn.
    #[must_use]
    pub const fn staged_bytes(&self) -> usize {
        self.staged_bytes
    }

    /// Takes note that the socket took the first `written` bytes of what was staged; the rest goes
    /// to the head of its queues, since what was queued meanwhile came later.
    pub fn staged_written(&mut self, source: &[u8], written: usize) {
        let mut staged = std::mem::take(&mut self.staged);
        let mut taken = written;
        if written < self.staged_bytes {
            let mut unsent: [ClassQueue; TrafficClass::COUNT] = Default::default();
            for range in &staged {
                let mut rest = &source[range.clone()];
                while !rest.is_empty() {
                    let header = rest.first_chunk().expect("frames are whole");
                    let header = FrameHeader::decode(header).expect("frames are ours");
                    let (frame, later) = rest.split_at(header.frame_bytes());
                    rest = later;
                    if taken >= frame.len() {
                        taken -= frame.len();
                    } else if taken > 0 {
                        self.first.extend_from_slice(&frame[taken..]);
                        taken = 0;
                    } else {
                        self.sent_bytes[header.class.index()] -= frame.len() as u64;
                        unsent[header.class.index()].push(frame);
                    }
                }
            }
            for (queue, unsent) in self.queues.iter_mut().zip(unsent) {
                queue.prepend(unsent);
            }
            self.count_share();
        }
        staged.clear();
        self.staged = staged;
        self.staged_bytes = 0;
    }

    /// Plans the next write from what is queued. Returns the bytes planned; 0 when nothing can go.
    pub fn plan_write(&mut self) -> usize {
        debug_assert!(self.staged.is_empty(), "staged messages go first");
        self.plan.clear();
        let mut planned = self.first.len() - self.first_sent;
        let mut cursors = TrafficClass::ALL.map(|class| self.queues[class.index()].cursor(class));
        let mut left: [u64; TrafficClass::COUNT] = std::array::from_fn(|index| {
            self.credit_limit[index].saturating_sub(self.sent_bytes[index])
        });
        let mut owed = self.owed_bytes;
        while planned < WRITE_BYTES_MAX && self.plan.len() < WRITE_RUN_COUNT_MAX {
            let run = pick(&owed, |class, room_bytes| {
                if self.owes_control && class != TrafficClass::Control {
                    return None;
                }
                let index = class.index();
                let room = room_bytes.min(usize::try_from(left[index]).unwrap_or(usize::MAX));
                cursors[index].next_run(&self.queues[index], room)
            });
            let Some(run) = run else { break };
            let bytes = run.wire_bytes();
            planned += bytes;
            left[run.class.index()] -= bytes as u64;
            owed[run.class.index()] = owed[run.class.index()].saturating_sub(bytes);
            for class in those_with_a_share_of(run.class) {
                let coming = &mut owed[class.index()];
                *coming = (*coming + bytes / SHARE).min(2 * RUN_BYTES_MAX);
            }
            self.plan.push(run);
        }
        if planned == 0 && self.queues.iter().all(ClassQueue::is_empty) {
            self.first = std::mem::take(&mut self.last);
            planned = self.first.len();
        }
        planned
    }

    /// Fills in the slices of the plan. Returns how many; [`WRITE_SLICE_COUNT_MAX`] always fit.
    pub fn plan_slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let first = &self.first[self.first_sent..];
        let first = (!first.is_empty()).then_some(first);
        let pieces = self.plan.iter().flat_map(|piece| {
            let bytes = self.queues[piece.class.index()].bytes(piece);
            piece
                .header
                .as_ref()
                .map(|header| &header[..])
                .into_iter()
                .chain([bytes])
        });
        let filled = slices.iter_mut().zip(first.into_iter().chain(pieces));
        filled
            .map(|(slice, bytes)| *slice = IoSlice::new(bytes))
            .count()
    }

    /// Takes note that the socket took the first `written` bytes of the plan.
    pub fn plan_written(&mut self, written: usize) {
        let mut written = written;
        let first = (self.first.len() - self.first_sent).min(written);
        self.first_sent += first;
        written -= first;
        if self.first_sent == self.first.len() {
            self.first = Vec::new();
            self.first_sent = 0;
        }
        let mut plan = std::mem::take(&mut self.plan);
        for piece in plan.drain(..) {
            if written == 0 {
                break;
            }
            let index = piece.class.index();
            let whole = piece.wire_bytes();
            let taken = if written >= whole {
                whole
            } else {
                // The socket cut a frame: its rest goes first, and the queue lets go of it.
                self.queues[index].cut_frame(piece.class, written, &mut self.first)
            };
            self.queues[index].consume(taken);
            self.account(piece.class, taken);
            written = written.saturating_sub(whole);
        }
        self.plan = plan;
        self.count_share();
    }

    fn account(&mut self, class: TrafficClass, bytes: usize) {
        self.sent_bytes[class.index()] += bytes as u64;
        let owed = &mut self.owed_bytes[class.index()];
        *owed = owed.saturating_sub(bytes);
        for lower in those_with_a_share_of(class) {
            let waits = !self.queues[lower.index()].is_empty();
            let owed = &mut self.owed_bytes[lower.index()];
            *owed = if waits {
                (*owed + bytes / SHARE).min(2 * RUN_BYTES_MAX)
            } else {
                0
            };
        }
    }

    /// Whether nothing waits, neither queued nor cut.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let queues_empty = self.queues.iter().all(ClassQueue::is_empty);
        queues_empty && self.first.is_empty() && self.last.is_empty() && !self.owes_control
    }

    /// Says whether control messages are still to come that must go before everything else: until
    /// then nothing else goes out, even if no control message waits.
    pub const fn set_owes_control(&mut self, owes: bool) {
        self.owes_control = owes;
    }

    /// Whether the socket is thought to take more.
    #[must_use]
    pub const fn is_writable(&self) -> bool {
        self.writable
    }

    /// Takes note that the socket is full, or has room again.
    pub const fn set_writable(&mut self, writable: bool) {
        self.writable = writable;
    }

    /// Moves the limit up to which the peer lets us send.
    ///
    /// # Errors
    /// [`Fault::CreditWithdrawn`](crate::Fault::CreditWithdrawn) when the limit falls.
    pub fn set_credit_limit(
        &mut self,
        class: TrafficClass,
        limit: u64,
    ) -> Result<(), crate::Fault> {
        let known = &mut self.credit_limit[class.index()];
        if limit < *known && class != TrafficClass::Control {
            return Err(crate::Fault::CreditWithdrawn);
        }
        *known = limit.max(*known);
        Ok(())
    }

    /// Bytes of `class` that may still be sent before the peer grants more.
    #[must_use]
    pub const fn credit_left(&self, class: TrafficClass) -> u64 {
        self.credit_limit[class.index()].saturating_sub(self.sent_bytes[class.index()])
    }

    /// Bytes of `class` that wait.
    #[must_use]
    pub const fn queued_bytes(&self, class: TrafficClass) -> usize {
        self.queues[class.index()].queued_bytes()
    }

    /// Messages of `class` that wait.
    #[must_use]
    pub const fn queued_messages(&self, class: TrafficClass) -> usize {
        self.queues[class.index()].messages()
    }

    /// Bytes of `class` sent since the link started.
    #[must_use]
    pub const fn sent_bytes(&self, class: TrafficClass) -> u64 {
        self.sent_bytes[class.index()]
    }

    /// Messages that were accepted for sending.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// Whether the queue of `class` is over half of its budget, or may be after this turn: its
    /// origin should wait.
    #[must_use]
    pub fn is_congested(&self, class: TrafficClass) -> bool {
        let queue = &self.queues[class.index()];
        let crowded = !queue.is_empty() && self.total.is_congested();
        let waiting = queue.queued_bytes() + self.staged_bytes;
        crowded || waiting * 2 > self.limits.budget_bytes[class.index()]
    }

    /// Whether the queue of `class` is under a quarter of its budget: its origin may go on.
    #[must_use]
    pub fn is_relaxed(&self, class: TrafficClass) -> bool {
        let queue = &self.queues[class.index()];
        let crowded = !queue.is_empty() && self.total.is_congested();
        !crowded && queue.queued_bytes() * 4 <= self.limits.budget_bytes[class.index()]
    }

    /// The bounds in force.
    #[must_use]
    pub const fn limits(&self) -> &OutgoingLimits {
        &self.limits
    }

    /// What was dropped on this link.
    #[must_use]
    pub const fn drops(&self) -> &DropCounters {
        &self.drops
    }

    /// Drops everything that waits but the control class and the rest of a cut frame, and counts
    /// it: the link is over.
    pub fn discard(&mut self) {
        for class in [TrafficClass::Store, TrafficClass::Event, TrafficClass::Log] {
            let queue = &mut self.queues[class.index()];
            let mut count = |dropped: &[u8]| self.drops.count(dropped, LossCause::LinkLost);
            while queue.drop_oldest(&mut count) {}
            queue.drop_half_sent(count);
        }
        self.count_share();
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.total.moved(self.share_bytes, 0);
    }
}

/// The less urgent classes that get a share of what a class sends. Nothing overtakes control: a
/// message must not arrive before the updates of routes that its publisher knew.
fn those_with_a_share_of(class: TrafficClass) -> impl Iterator<Item = TrafficClass> {
    let shares = class != TrafficClass::Control;
    let lower = move |lower: &TrafficClass| shares && *lower > class;
    TrafficClass::ALL.into_iter().filter(lower)
}

/// The next run to send: a class that has its share coming, the least urgent first, else the most
/// urgent class that has something.
fn pick(
    owed: &[usize; TrafficClass::COUNT],
    mut next: impl FnMut(TrafficClass, usize) -> Option<Piece>,
) -> Option<Piece> {
    for class in TrafficClass::ALL.into_iter().rev() {
        let room = owed[class.index()];
        if room > 0
            && let Some(piece) = next(class, room.min(RUN_BYTES_MAX))
        {
            return Some(piece);
        }
    }
    TrafficClass::ALL
        .into_iter()
        .find_map(|class| next(class, RUN_BYTES_MAX))
}

#[cfg(test)]
mod tests;
