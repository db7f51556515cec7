//! One direction of a simulated connection: in order and reliable while it stands, with delay,
//! bandwidth and a bounded buffer, cutting writes and reads anywhere.

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
    /// Any link: near or far, generous or cutting frames everywhere. What waits in it is worth
    /// 50 ms of its bandwidth at most.
    pub(crate) fn random(rng: &mut Rng) -> Self {
        let bytes_per_ms = *rng.pick(&[10_000, 20_000, 200_000, 2_000_000]);
        let capacity = *rng.pick(&[9_000, 70_000, 300_000, 4_000_000]);
        let far = if rng.one_in(4) { 20_000 } else { 1_000 };
        Self {
            delay: Duration::from_micros(rng.within(10..=far)),
            jitter: Duration::from_micros(rng.within(0..=far / 2)),
            bytes_per_ms,
            capacity: capacity.min(usize::try_from(bytes_per_ms * 50).unwrap_or(usize::MAX)),
            write_max: *rng.pick(&[1_000, 20_000, 100_000, usize::MAX, usize::MAX]),
        }
    }

    /// How long what is written may take to arrive at a reader that reads at once.
    pub(crate) fn latency_max(&self) -> Duration {
        let full = self.capacity as u64 * 1000 / self.bytes_per_ms;
        2 * self.delay + self.jitter + Duration::from_micros(full)
    }
}

/// What a read brings.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Read {
    Bytes,
    Nothing,
    End,
}

/// One direction.
#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) shape: Shape,
    flying: VecDeque<(Instant, Vec<u8>)>,
    held: usize,
    /// When the last byte so far has left the sender.
    busy_until: Instant,
    last_arrival: Instant,
    /// When the reader learns that the writer closed.
    end_at: Option<Instant>,
    /// Nothing arrives for now, and nobody is told.
    stalled: bool,
    /// Nothing arrives any more, and nobody is told.
    dead: bool,
    /// The writer found it full and waits.
    pub(crate) blocked: bool,
}

impl Pipe {
    pub(crate) const fn new(shape: Shape) -> Self {
        Self {
            shape,
            flying: VecDeque::new(),
            held: 0,
            busy_until: Instant::ZERO,
            last_arrival: Instant::ZERO,
            end_at: None,
            stalled: false,
            dead: false,
            blocked: false,
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
        self.blocked = taken < offered;
        if taken == 0 {
            return 0;
        }
        self.held += taken;
        if self.dead {
            return taken;
        }
        let mut bytes = Vec::with_capacity(taken);
        for slice in slices {
            let part = slice.len().min(taken - bytes.len());
            bytes.extend_from_slice(&slice[..part]);
        }
        let sending = Duration::from_micros(taken as u64 * 1000 / self.shape.bytes_per_ms);
        self.busy_until = self.busy_until.max(now) + sending;
        let late = self.shape.jitter * u32::try_from(rng.within(0..=1000)).unwrap_or(0) / 1000;
        self.last_arrival = self
            .last_arrival
            .max(self.busy_until + self.shape.delay + late);
        self.flying.push_back((self.last_arrival, bytes));
        taken
    }

    /// Appends what has arrived to `into`, about 64 KiB at most.
    pub(crate) fn read(&mut self, now: Instant, mut into: impl FnMut(&[u8])) -> Read {
        if self.stalled || self.dead {
            return Read::Nothing;
        }
        let mut taken = 0;
        while taken < 65_536 && self.flying.front().is_some_and(|(at, _)| *at <= now) {
            let Some((_, bytes)) = self.flying.pop_front() else {
                break;
            };
            self.held -= bytes.len();
            taken += bytes.len();
            into(&bytes);
        }
        match self.end_at {
            _ if taken > 0 => Read::Bytes,
            Some(at) if at <= now && self.flying.is_empty() => Read::End,
            _ => Read::Nothing,
        }
    }

    pub(crate) const fn has_room(&self) -> bool {
        self.held < self.shape.capacity
    }

    /// The writer closes: what it wrote still arrives, then the end.
    pub(crate) fn close(&mut self, now: Instant) {
        if self.end_at.is_none() {
            self.end_at = Some(self.last_arrival.max(now + self.shape.delay));
        }
    }

    /// Nothing arrives for now; or what was held back comes, not before `from`.
    pub(crate) fn stall(&mut self, stalled: bool, from: Instant) {
        self.stalled = stalled;
        if !stalled {
            for (at, _) in &mut self.flying {
                *at = (*at).max(from);
            }
            self.end_at = self.end_at.map(|at| at.max(from));
            self.last_arrival = self.last_arrival.max(from);
        }
    }

    pub(crate) const fn is_stalled(&self) -> bool {
        self.stalled || self.dead
    }

    /// The connection is gone: what is on its way vanishes, and the reader is not told.
    pub(crate) fn cut(&mut self) {
        self.flying = VecDeque::new();
        self.dead = true;
    }

    /// The connection is reset: what is on its way vanishes, and the reader is told.
    pub(crate) fn reset(&mut self, now: Instant) {
        self.flying = VecDeque::new();
        self.end_at = Some(now);
    }

    /// Whether nothing is on its way that will arrive.
    pub(crate) fn is_empty(&self) -> bool {
        self.flying.is_empty()
    }

    /// When there is something to read next.
    pub(crate) fn next_at(&self) -> Option<Instant> {
        if self.stalled || self.dead {
            return None;
        }
        self.flying.front().map(|(at, _)| *at).or(self.end_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(pipe: &mut Pipe, now: Instant) -> (Read, Vec<u8>) {
        let mut bytes = Vec::new();
        let read = pipe.read(now, |part| bytes.extend_from_slice(part));
        (read, bytes)
    }

    #[test]
    fn bytes_arrive_in_order_and_the_end_comes_last() {
        for seed in 0..50 {
            let mut rng = Rng::new(seed, 0);
            let mut pipe = Pipe::new(Shape::random(&mut rng));
            let mut sent = Vec::new();
            let mut now = Instant::ZERO;
            let mut got = Vec::new();
            for n in 0..200_u8 {
                let bytes = vec![n; rng.size(1..=3_000)];
                let took = pipe.write(now, &mut rng, &[IoSlice::new(&bytes)]);
                sent.extend_from_slice(&bytes[..took]);
                now = now + Duration::from_micros(rng.within(0..=500));
                got.extend(taken(&mut pipe, now).1);
            }
            pipe.close(now);
            while let Some(at) = pipe.next_at() {
                let (read, bytes) = taken(&mut pipe, at.max(now));
                got.extend(bytes);
                if read == Read::End {
                    break;
                }
            }
            assert_eq!(got, sent, "seed {seed}");
        }
    }

    #[test]
    fn what_a_stall_held_back_arrives_after_it() {
        let mut rng = Rng::new(1, 0);
        let mut pipe = Pipe::new(Shape::random(&mut rng));
        let later = Instant::ZERO + Duration::from_secs(9);
        pipe.stall(true, Instant::ZERO);
        assert!(pipe.write(Instant::ZERO, &mut rng, &[IoSlice::new(b"abc")]) > 0);
        assert_eq!(taken(&mut pipe, later).0, Read::Nothing);
        pipe.stall(false, later);
        assert_eq!(taken(&mut pipe, later).0, Read::Bytes);
    }
}
