//! One direction of a simulated connection: a stream with delay, bandwidth and a bounded buffer.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::time::Duration;

use zeekwire_types::Instant;

use crate::rng::Rng;

/// How a direction behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Time that a byte travels at least.
    pub(crate) delay: Duration,
    /// Time that it may travel longer. Order is kept all the same.
    pub(crate) jitter: Duration,
    /// Bytes that get through each millisecond.
    pub(crate) bytes_per_ms: u64,
    /// Bytes written and not read yet, at most.
    pub(crate) capacity: usize,
    /// Bytes that one write takes, at most; each takes a random part of that.
    pub(crate) write_max: usize,
}

impl Shape {
    /// A fast link that takes everything at once.
    pub(crate) const PERFECT: Self = Self {
        delay: Duration::from_micros(50),
        jitter: Duration::ZERO,
        bytes_per_ms: 1_000_000,
        capacity: 64 * 1024 * 1024,
        write_max: usize::MAX,
    };

    /// Any link: fast or slow, generous or cutting frames everywhere.
    pub(crate) fn random(rng: &mut Rng) -> Self {
        Self {
            delay: Duration::from_micros(rng.within(10..=20_000)),
            jitter: Duration::from_micros(rng.within(0..=10_000)),
            bytes_per_ms: *rng.pick(&[2_000, 20_000, 200_000, 2_000_000]),
            capacity: *rng.pick(&[5_000, 70_000, 300_000, 4_000_000]),
            write_max: *rng.pick(&[1_000, 20_000, 100_000, usize::MAX]),
        }
    }
}

/// What happens to one byte of a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Damage {
    Flip(u8),
    Drop,
    Insert(u8),
}

/// One direction.
#[derive(Debug)]
pub(crate) struct Pipe {
    shape: Shape,
    flying: VecDeque<(Instant, Vec<u8>)>,
    held: usize,
    written: u64,
    jammed: bool,
    /// When the last byte so far has left the sender.
    busy_until: Instant,
    last_arrival: Instant,
    /// When the reader learns that the writer closed.
    end_at: Option<Instant>,
    /// Nothing arrives any more, and nobody is told.
    pub(crate) dead: bool,
    /// The byte with this offset, counted from the start of the stream, is damaged.
    pub(crate) damage: Option<(u64, Damage)>,
}

/// What a read brings.
#[derive(Debug)]
pub(crate) enum Read {
    Bytes(Vec<u8>),
    Nothing,
    End,
}

impl Pipe {
    pub(crate) fn new(shape: Shape, damage: Option<(u64, Damage)>) -> Self {
        Self {
            shape,
            flying: VecDeque::new(),
            held: 0,
            written: 0,
            jammed: false,
            busy_until: Instant::ZERO,
            last_arrival: Instant::ZERO,
            end_at: None,
            dead: false,
            damage,
        }
    }

    /// Takes as much as a socket would. Returns how much.
    pub(crate) fn write(&mut self, now: Instant, rng: &mut Rng, slices: &[IoSlice<'_>]) -> usize {
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        let room = offered.min(self.shape.capacity.saturating_sub(self.held));
        let taken = match self.shape.write_max {
            usize::MAX => room,
            most => room.min(rng.size(1..=most)),
        };
        if taken == 0 || self.jammed {
            return 0;
        }
        let mut bytes = Vec::with_capacity(taken);
        for slice in slices {
            let part = slice.len().min(taken - bytes.len());
            bytes.extend_from_slice(&slice[..part]);
        }
        let start = self.written;
        self.written += taken as u64;
        self.held += taken;
        if self.dead {
            return taken;
        }
        if let Some((at, damage)) = self.damage
            && (start..self.written).contains(&at)
        {
            let index = usize::try_from(at - start).expect("inside the write");
            match damage {
                Damage::Flip(bits) => bytes[index] ^= bits,
                Damage::Drop => drop(bytes.remove(index)),
                Damage::Insert(byte) => bytes.insert(index, byte),
            }
            self.held = self.held - taken + bytes.len();
        }
        let sending = Duration::from_micros(taken as u64 * 1000 / self.shape.bytes_per_ms);
        self.busy_until = self.busy_until.max(now) + sending;
        let arrival =
            self.busy_until + self.shape.delay + self.shape.jitter * rng.size32(1000) / 1000;
        self.last_arrival = self.last_arrival.max(arrival);
        self.flying.push_back((self.last_arrival, bytes));
        taken
    }

    /// Takes what has arrived, about 64 KiB at most.
    pub(crate) fn read(&mut self, now: Instant) -> Read {
        let mut read = Vec::new();
        while read.len() < 65_536 && self.flying.front().is_some_and(|(at, _)| *at <= now) {
            let Some((_, bytes)) = self.flying.pop_front() else {
                break;
            };
            self.held -= bytes.len();
            if read.is_empty() {
                read = bytes;
            } else {
                read.extend(bytes);
            }
        }
        match self.end_at {
            _ if !read.is_empty() => Read::Bytes(read),
            Some(at) if at <= now && self.flying.is_empty() => Read::End,
            _ => Read::Nothing,
        }
    }

    pub(crate) const fn has_room(&self) -> bool {
        self.held < self.shape.capacity && !self.jammed
    }

    /// The writer closes: what it wrote still arrives, then the end.
    pub(crate) fn close(&mut self, now: Instant) {
        self.end_at = Some(self.last_arrival.max(now + self.shape.delay));
    }

    /// The kernel takes nothing for a while.
    pub(crate) fn jam(&mut self, jammed: bool) {
        self.jammed = jammed;
    }

    /// The connection breaks: what is on its way vanishes.
    pub(crate) fn cut(&mut self) {
        self.flying.clear();
        self.dead = true;
    }

    /// Bytes on their way or unread.
    pub(crate) fn is_empty(&self) -> bool {
        self.flying.is_empty()
    }

    /// When there is something to read next.
    pub(crate) fn next_at(&self) -> Option<Instant> {
        let end_at = self.end_at.filter(|_| !self.dead);
        self.flying.front().map(|(at, _)| *at).or(end_at)
    }

    pub(crate) const fn written(&self) -> u64 {
        self.written
    }
}
