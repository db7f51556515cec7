//! Messages of one class that wait for a link.
//!
//! Short messages lie back to back in chunks, so that a queue of small ones holds little more than
//! their bytes. A message too long for one frame lies alone and is cut into fragments as it goes
//! out. Who is dropped when, and what that costs, is decided in [`Outgoing`](super::Outgoing).

use std::collections::VecDeque;

use zeekwire_types::TrafficClass;
use zeekwire_types::limits::{FRAGMENT_BYTES_MAX, FRAME_HEADER_BYTES};

use crate::wire::FrameHeader;

/// Chunks grow to about this size before the next one starts.
const CHUNK_BYTES: usize = 64 * 1024;
/// The largest chunk whose memory an idle queue keeps.
const SPARE_BYTES_MAX: usize = 1024;
/// Bytes of a long message that one fragment carries.
const FRAGMENT_PAYLOAD_BYTES: usize = FRAGMENT_BYTES_MAX - FRAME_HEADER_BYTES;

/// A bounded piece of work for the socket: bytes of one queue, in order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    /// The queue's class.
    pub(super) class: TrafficClass,
    /// Header that goes before the bytes, for a fragment.
    pub(super) header: Option<[u8; FRAME_HEADER_BYTES]>,
    segment: usize,
    start: usize,
    end: usize,
}

impl Piece {
    /// Bytes on the wire.
    pub(super) const fn wire_bytes(&self) -> usize {
        let header = if self.header.is_some() {
            FRAME_HEADER_BYTES
        } else {
            0
        };
        header + (self.end - self.start)
    }
}

/// The queue of one class on one link.
#[derive(Debug, Default)]
pub(super) struct ClassQueue {
    segments: VecDeque<Segment>,
    queued_bytes: usize,
    held_bytes: usize,
    messages: usize,
    /// The memory of a small chunk that is gone, for the next one.
    spare: Vec<u8>,
}

#[derive(Debug)]
enum Segment {
    /// Whole frames back to back; those before `start` are gone.
    Frames { bytes: Vec<u8>, start: usize },
    /// One message that is longer than a frame may be; `sent` bytes went out in fragments.
    Long { bytes: Vec<u8>, sent: usize },
}

impl Segment {
    fn held_bytes(&self) -> usize {
        match self {
            Self::Frames { bytes, .. } | Self::Long { bytes, .. } => bytes.capacity(),
        }
    }
}

impl ClassQueue {
    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Bytes of messages that wait.
    pub(super) const fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }

    /// Bytes of memory held.
    pub(super) const fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Messages that wait.
    pub(super) const fn messages(&self) -> usize {
        self.messages
    }

    /// Appends a whole message.
    pub(super) fn push(&mut self, message: &[u8]) {
        self.queued_bytes += message.len();
        self.messages += 1;
        if message.len() > FRAGMENT_BYTES_MAX {
            let bytes = message.to_vec();
            self.held_bytes += bytes.capacity();
            self.segments.push_back(Segment::Long { bytes, sent: 0 });
            return;
        }
        if let Some(Segment::Frames { bytes, .. }) = self.segments.back_mut()
            && bytes.len() + message.len() <= CHUNK_BYTES
        {
            let before = bytes.capacity();
            let needed = bytes.len() + message.len();
            if needed > before {
                // Twice as much each time, but never more than a chunk.
                let grown = needed.max(2 * before).min(CHUNK_BYTES);
                bytes.reserve_exact(grown - bytes.len());
            }
            bytes.extend_from_slice(message);
            self.held_bytes += bytes.capacity() - before;
            return;
        }
        let mut bytes = std::mem::take(&mut self.spare);
        bytes.clear();
        if !self.segments.is_empty() {
            // More than one chunk: growing it bit by bit would only tatter the heap.
            bytes = Vec::with_capacity(CHUNK_BYTES);
        }
        bytes.extend_from_slice(message);
        self.held_bytes += bytes.capacity();
        self.segments.push_back(Segment::Frames { bytes, start: 0 });
    }

    /// Puts what another queue holds before what this one holds. Nothing here is half sent.
    pub(super) fn prepend(&mut self, other: Self) {
        debug_assert!(
            !self.is_half_sent(),
            "the rest of a message would be torn off"
        );
        self.queued_bytes += other.queued_bytes;
        self.held_bytes += other.held_bytes;
        self.messages += other.messages;
        for segment in other.segments.into_iter().rev() {
            self.segments.push_front(segment);
        }
    }

    /// Removes the oldest message of which nothing went out yet, and shows it to `see`.
    pub(super) fn drop_oldest(&mut self, see: impl FnOnce(&[u8])) -> bool {
        let index = usize::from(self.is_half_sent());
        match self.segments.get_mut(index) {
            None => false,
            Some(Segment::Frames { bytes, start }) => {
                let end = *start + frame_bytes(&bytes[*start..]);
                see(&bytes[*start..end]);
                self.queued_bytes -= end - *start;
                self.messages -= 1;
                *start = end;
                if end == bytes.len() {
                    self.remove(index);
                }
                true
            }
            Some(Segment::Long { bytes, .. }) => {
                see(bytes);
                self.queued_bytes -= bytes.len();
                self.messages -= 1;
                self.remove(index);
                true
            }
        }
    }

    /// Removes the message of which some fragments went out, and shows it to `see`. The peer will
    /// never have it whole.
    pub(super) fn drop_half_sent(&mut self, see: impl FnOnce(&[u8])) {
        if let Some(Segment::Long { bytes, sent }) = self.segments.front()
            && *sent > 0
        {
            see(bytes);
            self.queued_bytes -= bytes.len() - sent;
            self.messages -= 1;
            self.remove(0);
        }
    }

    /// Whether some fragments of a message went out, but not all. Only the first can be so.
    fn is_half_sent(&self) -> bool {
        matches!(self.segments.front(), Some(Segment::Long { sent, .. }) if *sent > 0)
    }

    /// Starts a walk over what waits, for planning a write.
    pub(super) const fn cursor(&self, class: TrafficClass) -> Cursor {
        Cursor {
            class,
            segment: 0,
            offset: None,
        }
    }

    /// The bytes of a piece planned on this queue, without its header.
    pub(super) fn bytes(&self, piece: &Piece) -> &[u8] {
        match &self.segments[piece.segment] {
            Segment::Frames { bytes, .. } | Segment::Long { bytes, .. } => {
                &bytes[piece.start..piece.end]
            }
        }
    }

    /// Removes whole frames from the front: `wire_bytes` of them, which end where a frame ends.
    pub(super) fn consume(&mut self, wire_bytes: usize) {
        let mut left = wire_bytes;
        while left > 0 {
            match self
                .segments
                .front_mut()
                .expect("only what was planned is consumed")
            {
                Segment::Frames { bytes, start } => {
                    let mut end = *start;
                    while left > 0 && end < bytes.len() {
                        let frame = frame_bytes(&bytes[end..]);
                        assert!(frame <= left, "only whole frames are consumed");
                        end += frame;
                        left -= frame;
                        self.messages -= 1;
                    }
                    self.queued_bytes -= end - *start;
                    *start = end;
                    if end == bytes.len() {
                        self.remove(0);
                    }
                }
                Segment::Long { bytes, sent } => {
                    let part = (bytes.len() - *sent).min(FRAGMENT_PAYLOAD_BYTES);
                    assert!(
                        left >= part + FRAME_HEADER_BYTES,
                        "only whole frames are consumed"
                    );
                    *sent += part;
                    left -= part + FRAME_HEADER_BYTES;
                    self.queued_bytes -= part;
                    if *sent == bytes.len() {
                        self.messages -= 1;
                        self.remove(0);
                    }
                }
            }
        }
    }

    /// The socket took `written` bytes of the front, which may end inside a frame: appends the
    /// rest of that frame to `rest`. Returns how many bytes [`ClassQueue::consume`] must remove.
    pub(super) fn cut_frame(
        &self,
        class: TrafficClass,
        written: usize,
        rest: &mut Vec<u8>,
    ) -> usize {
        let mut start = 0;
        let mut cursor = self.cursor(class);
        while start < written
            && let Some(frame) = cursor.next_frame(self)
        {
            let end = start + frame.wire_bytes();
            if written < end {
                let header = frame.header.as_ref().map_or(&[][..], |header| header);
                let taken = written - start;
                rest.extend_from_slice(header.get(taken..).unwrap_or_default());
                let of_body = taken.saturating_sub(header.len());
                rest.extend_from_slice(&self.bytes(&frame)[of_body..]);
            }
            start = end;
        }
        start
    }

    fn remove(&mut self, index: usize) {
        let Some(segment) = self.segments.remove(index) else {
            return;
        };
        self.held_bytes -= segment.held_bytes();
        // An acknowledgement now and then should not cost an allocation each.
        if let Segment::Frames { bytes, .. } = segment
            && bytes.capacity() <= SPARE_BYTES_MAX
        {
            self.spare = bytes;
        }
    }
}

/// Where a plan stands in a queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    class: TrafficClass,
    segment: usize,
    /// Offset in the segment; `None` means where the segment starts.
    offset: Option<usize>,
}

impl Cursor {
    /// Plans frames up to `room_bytes` altogether, at least one if `room_bytes` allows, from one
    /// segment.
    pub(super) fn next_run(&mut self, queue: &ClassQueue, room_bytes: usize) -> Option<Piece> {
        let mut run = self
            .peek(queue)
            .filter(|piece| piece.wire_bytes() <= room_bytes)?;
        self.pass(queue, &run);
        if run.header.is_some() {
            return Some(run);
        }
        while let Some(next) = self.peek(queue) {
            let joins = next.segment == run.segment && next.header.is_none();
            if !joins || next.end - run.start > room_bytes {
                break;
            }
            run.end = next.end;
            self.pass(queue, &next);
        }
        Some(run)
    }

    fn next_frame(&mut self, queue: &ClassQueue) -> Option<Piece> {
        let piece = self.peek(queue)?;
        self.pass(queue, &piece);
        Some(piece)
    }

    fn peek(&self, queue: &ClassQueue) -> Option<Piece> {
        let (class, segment) = (self.class, self.segment);
        Some(match queue.segments.get(segment)? {
            Segment::Frames { bytes, start } => {
                let start = self.offset.unwrap_or(*start);
                let end = start + frame_bytes(&bytes[start..]);
                Piece {
                    class,
                    header: None,
                    segment,
                    start,
                    end,
                }
            }
            Segment::Long { bytes, sent } => {
                let start = self.offset.unwrap_or(*sent);
                let end = bytes.len().min(start + FRAGMENT_PAYLOAD_BYTES);
                let header = FrameHeader {
                    class,
                    fragment: true,
                    hop_limit: 0,
                    envelope_bytes: 0,
                    payload_bytes: end - start,
                    tree: 0,
                };
                Piece {
                    class,
                    header: Some(header.encode()),
                    segment,
                    start,
                    end,
                }
            }
        })
    }

    fn pass(&mut self, queue: &ClassQueue, piece: &Piece) {
        let segment_end = match &queue.segments[piece.segment] {
            Segment::Frames { bytes, .. } | Segment::Long { bytes, .. } => bytes.len(),
        };
        if piece.end == segment_end {
            self.segment += 1;
            self.offset = None;
        } else {
            self.offset = Some(piece.end);
        }
    }
}

/// Length of the frame that starts `bytes`; they are ours, so the header is known to be good.
fn frame_bytes(bytes: &[u8]) -> usize {
    let header = bytes.first_chunk().expect("a queue holds whole frames");
    FrameHeader::decode(header)
        .expect("a queue holds frames that were encoded here")
        .frame_bytes()
}
