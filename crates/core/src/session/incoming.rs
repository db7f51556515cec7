//! The receiving half of a link: credit that the peer may use, and messages put together again.

use zeekwire_buffer::AlignedBytes;
use zeekwire_types::TrafficClass;
use zeekwire_types::limits::{FRAGMENT_BYTES_MAX, FRAME_HEADER_BYTES};

use crate::Fault;
use crate::wire::{Frame, FrameHeader};

/// Windows that this side grants.
#[derive(Clone, Copy, Debug)]
pub struct IncomingLimits {
    /// Bytes that may be on their way or waiting here, by class. The control class has no window.
    pub window_bytes: [u64; TrafficClass::COUNT],
    /// Longest message taken.
    pub message_bytes_max: usize,
}

impl IncomingLimits {
    /// The same with windows that no frame can be stuck before: credit comes back in quarters, and
    /// the longest frame must fit the other three. A window of 0 stays: the class is not taken.
    #[must_use]
    pub fn with_usable_windows(mut self) -> Self {
        const WINDOW_BYTES_MIN: u64 = 2 * FRAGMENT_BYTES_MAX as u64;
        for window in self.window_bytes.iter_mut().filter(|window| **window > 0) {
            *window = (*window).max(WINDOW_BYTES_MIN);
        }
        self
    }
}

impl Default for IncomingLimits {
    fn default() -> Self {
        const KIB: u64 = 1024;
        Self {
            window_bytes: [0, 1024 * KIB, 2048 * KIB, 64 * KIB],
            message_bytes_max: zeekwire_types::limits::MESSAGE_BYTES_MAX,
        }
    }
}

/// The receiving half of a link.
#[derive(Debug)]
pub struct Incoming {
    limits: IncomingLimits,
    received_bytes: [u64; TrafficClass::COUNT],
    consumed_bytes: [u64; TrafficClass::COUNT],
    granted_limit: [u64; TrafficClass::COUNT],
    messages: u64,
    parts: [Option<Reassembly>; TrafficClass::COUNT],
}

#[derive(Debug)]
struct Reassembly {
    bytes: AlignedBytes,
    total_bytes: usize,
}

impl Incoming {
    /// A receiving half that granted its windows in its hello.
    #[must_use]
    pub fn new(limits: IncomingLimits) -> Self {
        Self {
            limits,
            received_bytes: [0; TrafficClass::COUNT],
            consumed_bytes: [0; TrafficClass::COUNT],
            granted_limit: limits.window_bytes,
            messages: 0,
            parts: Default::default(),
        }
    }

    /// Charges a frame against the credit of its class.
    ///
    /// # Errors
    /// [`Fault::CreditExceeded`] when the peer sent more than it may.
    #[inline]
    pub fn charge(&mut self, header: &FrameHeader) -> Result<(), Fault> {
        if header.class == TrafficClass::Control {
            return Ok(());
        }
        let index = header.class.index();
        self.received_bytes[index] += header.frame_bytes() as u64;
        if self.received_bytes[index] > self.granted_limit[index] {
            return Err(Fault::CreditExceeded);
        }
        self.messages += u64::from(!header.fragment);
        Ok(())
    }

    /// Gives `bytes` of `class` back to the window: they no longer wait here.
    #[inline]
    pub const fn consume(&mut self, class: TrafficClass, bytes: usize) {
        let consumed = &mut self.consumed_bytes[class.index()];
        *consumed += bytes as u64;
        debug_assert!(
            *consumed <= self.received_bytes[class.index()],
            "only what came is consumed"
        );
    }

    /// Charges a message that came in fragments, whose own credit was given back, as long as it
    /// waits here: a slow consumer of long messages stops the peer, too.
    pub const fn hold(&mut self, class: TrafficClass, bytes: usize) {
        let consumed = &mut self.consumed_bytes[class.index()];
        debug_assert!(*consumed >= bytes as u64, "its fragments were longer");
        *consumed -= bytes as u64;
    }

    /// Credit to announce, once a quarter of a window can be given back at once; however little it
    /// is, if `eager`.
    pub fn take_grants(&mut self, eager: bool) -> impl Iterator<Item = (TrafficClass, u64)> {
        let mut grants = [None; TrafficClass::COUNT];
        for class in [TrafficClass::Store, TrafficClass::Event, TrafficClass::Log] {
            let index = class.index();
            let window = self.limits.window_bytes[index];
            let limit = self.consumed_bytes[index].saturating_add(window);
            // A long message that waits takes back what its fragments gave.
            let least = if eager { 1 } else { (window / 4).max(1) };
            if limit.saturating_sub(self.granted_limit[index]) >= least {
                self.granted_limit[index] = limit;
                grants[index] = Some((class, limit));
            }
        }
        grants.into_iter().flatten()
    }

    /// Adds a fragment to its message. Returns the message once it is whole.
    ///
    /// # Errors
    /// [`Fault`] when the pieces do not add up, or the message is longer than this side takes.
    pub fn reassemble(&mut self, fragment: &Frame<'_>) -> Result<Option<AlignedBytes>, Fault> {
        let class = fragment.header.class;
        let piece = fragment.payload();
        let slot = &mut self.parts[class.index()];
        let part = match slot {
            Some(part) => part,
            None => {
                let header = piece
                    .first_chunk::<FRAME_HEADER_BYTES>()
                    .ok_or(Fault::FragmentLength)?;
                let header = FrameHeader::decode(header)?;
                if header.fragment || header.class != class {
                    return Err(Fault::FragmentLength);
                }
                if header.frame_bytes() > self.limits.message_bytes_max {
                    return Err(Fault::MessageTooLong);
                }
                slot.insert(Reassembly {
                    bytes: AlignedBytes::new(),
                    total_bytes: header.frame_bytes(),
                })
            }
        };
        if piece.is_empty() || part.bytes.len() + piece.len() > part.total_bytes {
            return Err(Fault::FragmentLength);
        }
        part.bytes.extend_from_slice(piece);
        if part.bytes.len() < part.total_bytes {
            return Ok(None);
        }
        self.messages += 1;
        Ok(slot.take().map(|part| part.bytes))
    }

    /// Bytes of `class` received since the link started.
    #[must_use]
    pub const fn received_bytes(&self, class: TrafficClass) -> u64 {
        self.received_bytes[class.index()]
    }

    /// Bytes of `class` that the peer may still send.
    #[must_use]
    pub const fn credit_left(&self, class: TrafficClass) -> u64 {
        self.granted_limit[class.index()].saturating_sub(self.received_bytes[class.index()])
    }

    /// Whole messages received.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// Bytes held for messages that are not whole yet.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.parts
            .iter()
            .flatten()
            .map(|part| part.bytes.capacity())
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use std::io::IoSlice;

    use super::*;
    use crate::session::QueueTotal;
    use crate::session::outgoing::{Offered, Outgoing, OutgoingLimits, WRITE_SLICE_COUNT_MAX};
    use crate::testing::message;
    use crate::wire::split;

    /// Sends one message through both halves, taking `step` bytes at a time off the socket.
    fn carried(message: &[u8], step: usize) -> Vec<u8> {
        let mut outgoing = Outgoing::new(OutgoingLimits::default(), QueueTotal::new(usize::MAX));
        outgoing
            .set_credit_limit(TrafficClass::Event, u64::MAX)
            .expect("it rises");
        assert_eq!(
            outgoing.enqueue(TrafficClass::Event, message),
            Offered::Queued
        );
        let mut wire = Vec::new();
        while outgoing.plan_write() > 0 {
            let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
            let count = outgoing.plan_slices(&mut slices);
            let slices = &slices[..count];
            let planned: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
            let written = step.min(planned.len());
            wire.extend(&planned[..written]);
            outgoing.plan_written(written);
        }
        assert!(outgoing.is_idle());
        let limits = IncomingLimits {
            window_bytes: [u64::MAX / 2; 4],
            ..Default::default()
        };
        let mut incoming = Incoming::new(limits);
        let mut rest = &wire[..];
        let mut whole = None;
        while let Some(frame) = split(rest).expect("well framed") {
            incoming.charge(&frame.header).expect("within the window");
            assert!(whole.is_none(), "nothing comes after the last piece");
            whole = if frame.header.fragment {
                incoming
                    .reassemble(&frame)
                    .expect("pieces add up")
                    .map(|bytes| bytes.to_vec())
            } else {
                Some(frame.bytes.to_vec())
            };
            rest = &rest[frame.bytes.len()..];
        }
        assert!(rest.is_empty());
        whole.expect("the message came whole")
    }

    #[test]
    fn messages_of_any_length_arrive_whole_however_the_socket_cuts() {
        for payload in [0, 1, 100, 30_000, 32 * 1024, 100_000, 1_000_000] {
            let message = message(b"zeek/long", &vec![7; payload]);
            for step in [1_000_000_000, 65_536, 4096, 999] {
                assert_eq!(
                    carried(&message, step),
                    message,
                    "{payload} bytes by {step}"
                );
            }
        }
        let short = message(b"t", b"payload");
        assert_eq!(carried(&short, 1), short);
    }

    #[test]
    fn more_than_the_credit_is_a_fault() {
        let limits = IncomingLimits {
            window_bytes: [0, 0, 200, 0],
            ..Default::default()
        };
        let mut incoming = Incoming::new(limits);
        let bytes = message(b"t", &[0; 8]);
        let frame = split(&bytes).expect("well framed").expect("whole");
        incoming.charge(&frame.header).expect("the first fits");
        assert_eq!(incoming.charge(&frame.header), Err(Fault::CreditExceeded));
    }

    #[test]
    fn credit_comes_back_a_quarter_window_at_a_time() {
        let limits = IncomingLimits {
            window_bytes: [0, 0, 4096, 0],
            ..Default::default()
        };
        let mut incoming = Incoming::new(limits);
        let bytes = message(b"t", &[0; 8]);
        let frame = split(&bytes).expect("well framed").expect("whole");
        let mut granted = Vec::new();
        for _ in 0..100 {
            incoming
                .charge(&frame.header)
                .expect("never more than the window");
            incoming.consume(TrafficClass::Event, bytes.len());
            granted.extend(incoming.take_grants(false));
        }
        assert!(granted.len() * 1024 <= 100 * bytes.len());
        assert!(
            granted
                .iter()
                .all(|(class, _)| *class == TrafficClass::Event)
        );
    }
}
