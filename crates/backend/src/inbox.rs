//! Messages that arrived and wait for a thread of the program.
//!
//! The engine deposits batches; a batch is a block of bytes and where the messages lie in it. The
//! block is the receive buffer itself, pinned, or a compact copy: the engine decides. One thread
//! or several take messages or whole batches.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use zeekwire_types::DropPolicy;

use crate::{Message, Parts};

/// Bytes that a batch keeps alive.
pub type Block = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// Where one message lies in a block.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// Offset of the message in the block.
    pub start: u32,
    /// Length of the message.
    pub len: u32,
    /// Where its parts lie, from `start`.
    pub parts: Parts,
}

/// Messages that share a block.
pub struct Batch {
    block: Block,
    items: Vec<Item>,
    next: usize,
    /// Items that the inbox knows to be taken.
    counted: usize,
    charge_bytes: usize,
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({} messages)", self.len())
    }
}

impl Batch {
    /// Messages that were not taken yet.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.items.len() - self.next
    }

    /// Whether all were taken.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The messages that were not taken yet, in order.
    pub fn messages(&self) -> impl Iterator<Item = Message<'_>> {
        let bytes = (*self.block).as_ref();
        self.items[self.next..]
            .iter()
            .map(move |item| message(bytes, item))
    }

    /// Takes the next message.
    pub fn next_message(&mut self) -> Option<Message<'_>> {
        let item = self.items.get(self.next)?;
        self.next += 1;
        Some(message((*self.block).as_ref(), item))
    }

    /// The next message, which stays.
    #[must_use]
    pub fn first(&self) -> Option<Message<'_>> {
        let item = self.items.get(self.next)?;
        Some(message((*self.block).as_ref(), item))
    }

    /// The next message, which stays, to be held beyond the batch: it keeps the whole block alive.
    #[must_use]
    pub fn first_held(&self) -> Option<Single> {
        let item = *self.items.get(self.next)?;
        let block = Arc::clone(&self.block);
        Some(Single { block, item })
    }

    /// Bytes that the batch keeps alive.
    #[must_use]
    pub fn block_bytes(&self) -> usize {
        (*self.block).as_ref().len()
    }
}

/// One message, with the block that it lies in.
#[derive(Clone)]
pub struct Single {
    block: Block,
    item: Item,
}

impl Single {
    /// The message.
    #[must_use]
    pub fn message(&self) -> Message<'_> {
        message((*self.block).as_ref(), &self.item)
    }
}

impl fmt::Debug for Single {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

fn message<'a>(bytes: &'a [u8], item: &Item) -> Message<'a> {
    let start = item.start as usize;
    Message::new(&bytes[start..start + item.len as usize], &item.parts)
}

/// Senders that are held back may go on by what was taken since, once it is so much, or a part of
/// the bound for small inboxes.
const STEP_BYTES_MAX: usize = 64 * 1024;
const STEP_SHARE: usize = 16;

/// However little was taken, senders may go on by it after this time: a reader that is slow and
/// works is not to be taken for one that stands still.
const STEP_TIME_MAX: Duration = Duration::from_millis(100);

/// How far an inbox may go beyond its bound for senders that have been told to wait: the windows
/// of a few links.
const OVERRUN_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Bounds of an inbox.
#[derive(Clone, Copy, Debug)]
pub struct InboxLimits {
    /// Most bytes held.
    pub bytes_max: usize,
    /// What happens when they are.
    ///
    /// [`DropPolicy::Block`] holds the senders back where this inbox is the node's only one, and
    /// drops the oldest messages otherwise. What they may still send then goes up to 8 MiB beyond
    /// the bound. [`DropPolicy::Disconnect`] is not for inboxes and drops the oldest.
    pub policy: DropPolicy,
}

impl Default for InboxLimits {
    fn default() -> Self {
        Self {
            bytes_max: 32 * 1024 * 1024,
            policy: DropPolicy::default(),
        }
    }
}

/// What became of a deposit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Deposit {
    /// Messages dropped to make room, old or new.
    pub dropped: u64,
    /// The inbox is over half full: hold the senders back, if that harms nobody else.
    pub congested: bool,
}

/// A bounded queue of messages between the engine and the program.
pub struct Inbox {
    state: Mutex<State>,
    arrived: Condvar,
    limits: InboxLimits,
    signal: OnceLock<Signal>,
    relaxed: OnceLock<Signal>,
}

type Signal = Box<dyn Fn() + Send + Sync>;

#[derive(Default)]
struct State {
    batches: VecDeque<Batch>,
    /// Emptied item lists, to be filled again.
    spare: Vec<Vec<Item>>,
    held_bytes: usize,
    messages: usize,
    delivered: u64,
    dropped: u64,
    sleepers: usize,
    congested: bool,
    closed: bool,
    held_back: bool,
    /// The engine chose whether to hold back, since the inbox is congested.
    decided: bool,
    /// Bytes of messages that were taken since the engine last asked, as long as it holds back.
    taken_bytes: usize,
    /// When the engine last learned of those.
    told_at: Option<Instant>,
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({} messages)", self.lock().messages)
    }
}

impl Inbox {
    /// An empty inbox.
    #[must_use]
    pub fn new(limits: InboxLimits) -> Self {
        Self {
            state: Mutex::default(),
            arrived: Condvar::new(),
            limits,
            signal: OnceLock::new(),
            relaxed: OnceLock::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `signal` whenever the inbox goes from empty to not empty, or is closed. Once set it
    /// stays. It runs on the engine's thread.
    pub fn set_signal(&self, signal: impl Fn() + Send + Sync + 'static) {
        let _first = self.signal.set(Box::new(signal));
        self.signal_if_waiting();
    }

    /// For the engine: calls `relaxed` when a congested inbox has room again.
    pub fn set_relaxed(&self, relaxed: impl Fn() + Send + Sync + 'static) {
        let _first = self.relaxed.set(Box::new(relaxed));
    }

    fn raise_signal(&self) {
        if let Some(signal) = self.signal.get() {
            signal();
        }
    }

    /// For the engine: adds messages. `items` is left empty; `charge_bytes` is what the block
    /// really costs. `lose` is shown each message that is dropped for them, or of them.
    pub fn deposit(
        &self,
        block: Block,
        items: &mut Vec<Item>,
        charge_bytes: usize,
        mut lose: impl FnMut(&Message<'_>),
    ) -> Deposit {
        let mut state = self.lock();
        let mut deposit = Deposit::default();
        let count = items.len() as u64;
        if state.closed || items.is_empty() {
            items.clear();
            return deposit;
        }
        // Senders that are held back, or may be after this, send no more than their credit.
        let holds = state.held_back || !state.decided;
        let overrun = match holds && self.limits.policy == DropPolicy::Block {
            true => OVERRUN_BYTES_MAX,
            false => 0,
        };
        let bytes_max = self.limits.bytes_max.saturating_add(overrun);
        let full = |state: &State| {
            !state.batches.is_empty() && state.held_bytes + charge_bytes > bytes_max
        };
        if full(&state) && self.limits.policy == DropPolicy::DropNewest {
            state.dropped += count;
            let bytes = (*block).as_ref();
            for item in items.drain(..) {
                lose(&message(bytes, &item));
            }
            return Deposit {
                dropped: count,
                congested: true,
            };
        }
        while full(&state) {
            let Some(batch) = state.batches.pop_front() else {
                break;
            };
            deposit.dropped += batch.len() as u64;
            batch.messages().for_each(|message| lose(&message));
            state.forget(batch);
        }
        let was_empty = state.batches.is_empty();
        let mut kept = state.spare.pop().unwrap_or_default();
        std::mem::swap(&mut kept, items);
        state.messages += kept.len();
        state.delivered += count;
        state.dropped += deposit.dropped;
        state.held_bytes += charge_bytes;
        state.batches.push_back(Batch {
            block,
            items: kept,
            next: 0,
            counted: 0,
            charge_bytes,
        });
        state.congested |= state.held_bytes * 2 > self.limits.bytes_max;
        deposit.congested = state.congested;
        let sleepers = state.sleepers > 0;
        drop(state);
        if sleepers {
            self.arrived.notify_one();
        }
        if was_empty {
            self.raise_signal();
        }
        deposit
    }

    /// Takes the oldest batch, if there is one.
    pub fn take_batch(&self) -> Option<Batch> {
        let mut state = self.lock();
        let batch = state.batches.pop_front()?;
        let relaxed = state.release(&batch, self.limits.bytes_max);
        drop(state);
        self.tell_relaxed(relaxed);
        Some(batch)
    }

    /// Takes the oldest batch, waiting for one until `deadline`, or for ever without.
    ///
    /// `None` means that the time is over or the inbox is closed and empty; ask
    /// [`Inbox::is_closed`].
    pub fn wait_batch(&self, deadline: Option<Instant>) -> Option<Batch> {
        self.wait(deadline, |state, bytes_max| {
            let batch = state.batches.pop_front()?;
            let relaxed = state.release(&batch, bytes_max);
            Some((batch, relaxed))
        })
    }

    /// Takes the oldest message, waiting as [`Inbox::wait_batch`] does.
    pub fn wait_message(&self, deadline: Option<Instant>) -> Option<Single> {
        self.wait(deadline, State::take_one)
    }

    /// Takes the oldest message, if there is one.
    pub fn take_message(&self) -> Option<Single> {
        let (single, relaxed) = self.lock().take_one(self.limits.bytes_max)?;
        self.tell_relaxed(relaxed);
        Some(single)
    }

    fn wait<T>(
        &self,
        deadline: Option<Instant>,
        take: impl Fn(&mut State, usize) -> Option<(T, bool)>,
    ) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some((taken, relaxed)) = take(&mut state, self.limits.bytes_max) {
                // A deposit wakes one sleeper; whoever leaves something wakes the next.
                let more = state.sleepers > 0 && !state.batches.is_empty();
                drop(state);
                if more {
                    self.arrived.notify_one();
                }
                self.tell_relaxed(relaxed);
                return Some(taken);
            }
            if state.closed {
                return None;
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return None;
            }
            state.sleepers += 1;
            state = match left {
                None => self
                    .arrived
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    let waited = self.arrived.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
            state.sleepers -= 1;
        }
    }

    /// Hands an emptied batch back, so that its memory serves again.
    pub fn recycle(&self, mut batch: Batch) {
        batch.next = batch.items.len();
        let mut state = self.lock();
        let steps = state.count_taken(&mut batch, self.limits.bytes_max);
        state.keep_spare(batch);
        drop(state);
        self.tell_relaxed(steps);
    }

    /// Puts a half-taken batch back in front.
    pub fn put_back(&self, mut batch: Batch) {
        if batch.is_empty() {
            self.recycle(batch);
            return;
        }
        let mut state = self.lock();
        let steps = state.count_taken(&mut batch, self.limits.bytes_max);
        state.messages += batch.len();
        state.held_bytes += batch.charge_bytes;
        state.batches.push_front(batch);
        drop(state);
        self.tell_relaxed(steps);
    }

    /// Raises the signal again if messages wait, or none ever will: for readers that took only
    /// some.
    pub fn signal_if_waiting(&self) {
        let state = self.lock();
        let waiting = !state.batches.is_empty() || state.closed;
        drop(state);
        if waiting {
            self.raise_signal();
        }
    }

    fn tell_relaxed(&self, relaxed: bool) {
        if relaxed && let Some(tell) = self.relaxed.get() {
            tell();
        }
    }

    /// For the engine: nothing more will arrive. What waits can still be taken.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let relaxed = std::mem::take(&mut state.held_back);
        drop(state);
        self.arrived.notify_all();
        self.raise_signal();
        self.tell_relaxed(relaxed);
    }

    /// Whether nothing more will arrive.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Whether it is over half full, or was and is not under a quarter yet.
    #[must_use]
    pub fn is_congested(&self) -> bool {
        self.lock().congested
    }

    /// For the engine: asks to be told when the inbox is no longer congested, or senders may go on
    /// by some bytes, see [`Inbox::take_steps`]. False when it is not congested any more.
    #[must_use]
    pub fn hold_back(&self) -> bool {
        let mut state = self.lock();
        state.held_back = state.congested && !state.closed;
        state.decided = state.held_back;
        state.held_back
    }

    /// For the engine: how many bytes of messages were taken since this was last asked.
    #[must_use]
    pub fn take_steps(&self) -> usize {
        std::mem::take(&mut self.lock().taken_bytes)
    }

    /// For the engine: holds nobody back on account of this inbox, however full it is.
    pub fn let_go(&self) {
        let mut state = self.lock();
        state.held_back = false;
        state.decided = state.congested;
        state.taken_bytes = 0;
    }

    /// Bounds in force.
    #[must_use]
    pub const fn limits(&self) -> &InboxLimits {
        &self.limits
    }

    /// Messages and bytes that wait, messages ever delivered, and messages dropped.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, u64, u64) {
        let state = self.lock();
        (
            state.messages,
            state.held_bytes,
            state.delivered,
            state.dropped,
        )
    }
}

impl State {
    /// Takes one message out of the oldest batch, which is charged until its last is taken.
    fn take_one(&mut self, bytes_max: usize) -> Option<(Single, bool)> {
        let batch = self.batches.front_mut()?;
        let item = *batch.items.get(batch.next)?;
        let block = Arc::clone(&batch.block);
        batch.next += 1;
        batch.counted = batch.next;
        self.messages -= 1;
        let is_last = batch.is_empty();
        let mut relaxed = self.count_bytes(item.len as usize, bytes_max);
        if is_last && let Some(batch) = self.batches.pop_front() {
            relaxed |= self.release(&batch, bytes_max);
            self.keep_spare(batch);
        }
        Some((Single { block, item }, relaxed))
    }

    fn keep_spare(&mut self, batch: Batch) {
        // Long lists are few, since each holds much; a reader that lags has many short ones.
        const LONG_COUNT: usize = 64;
        let most = match batch.items.capacity() <= LONG_COUNT {
            true => 16,
            false => 4,
        };
        if self.spare.len() < most {
            let mut items = batch.items;
            items.clear();
            self.spare.push(items);
        }
    }

    /// Takes note of what was taken of a batch. Returns whether the engine should learn of it.
    fn count_taken(&mut self, batch: &mut Batch, bytes_max: usize) -> bool {
        let counted = std::mem::replace(&mut batch.counted, batch.next);
        if !self.held_back {
            return false;
        }
        let taken = &batch.items[counted..batch.next];
        let bytes = taken.iter().map(|item| item.len as usize).sum();
        self.count_bytes(bytes, bytes_max)
    }

    fn count_bytes(&mut self, bytes: usize, bytes_max: usize) -> bool {
        if !self.held_back {
            return false;
        }
        self.taken_bytes += bytes;
        let step_bytes = STEP_BYTES_MAX.min(bytes_max / STEP_SHARE).max(1);
        let in_time = || {
            self.told_at
                .is_some_and(|told_at| told_at.elapsed() < STEP_TIME_MAX)
        };
        if self.taken_bytes == 0 || self.taken_bytes < step_bytes && in_time() {
            return false;
        }
        self.told_at = Some(Instant::now());
        true
    }

    fn release(&mut self, batch: &Batch, bytes_max: usize) -> bool {
        self.messages -= batch.len();
        self.held_bytes -= batch.charge_bytes;
        if self.congested && self.held_bytes * 4 <= bytes_max {
            self.congested = false;
            self.decided = false;
            self.taken_bytes = 0;
            return std::mem::take(&mut self.held_back);
        }
        false
    }

    fn forget(&mut self, batch: Batch) {
        self.messages -= batch.len();
        self.held_bytes -= batch.charge_bytes;
    }
}

#[cfg(test)]
mod tests;
