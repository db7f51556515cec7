//! From a readable socket to messages.

use std::ops::Range;
use std::sync::Arc;

use zeekwire_buffer::AlignedBytes;
use zeekwire_core::node::{LinkKey, Message, Received};
use zeekwire_transport::ReadOutcome;
use zeekwire_types::{Instant, TrafficClass};

use super::Engine;
use super::delivery::{Credit, Deposited};

/// Reads of one link in one turn; then others have theirs.
const READS_PER_TURN: usize = 4;

/// How a read ended.
#[derive(Debug, Eq, PartialEq)]
enum Read {
    /// There may be more.
    More,
    /// The socket has nothing more now.
    Drained,
    /// The link is over.
    Over,
}

/// What became of the messages of one read.
#[derive(Debug, Default)]
struct Done {
    credit: Credit,
    deposited: Deposited,
}

impl Engine {
    /// Reads from one connection until it has no more, or has had its share of the turn.
    pub(super) fn read_from(&mut self, now: Instant, socket: u64) {
        for _ in 0..READS_PER_TURN {
            if self.read_once(now, socket) != Read::More {
                return;
            }
        }
        self.unread.push(socket);
    }

    fn read_once(&mut self, now: Instant, socket: u64) -> Read {
        let Some(connection) = self
            .sockets
            .get_mut(&socket)
            .and_then(|socket| socket.connection())
        else {
            return Read::Over;
        };
        let key = connection.link;
        if Arc::get_mut(&mut self.block).is_none() {
            // Somebody still reads in it. If that goes for all blocks of the pool, make one beside.
            let fresh = self.pool.take();
            let fresh = fresh.unwrap_or_else(|| Arc::new(AlignedBytes::zeroed(self.block.len())));
            let pinned = std::mem::replace(&mut self.block, fresh);
            self.pool.put(pinned);
        }
        let Some(block) = Arc::get_mut(&mut self.block) else {
            return Read::Over;
        };
        let kept = connection.partial.len();
        block[..kept].copy_from_slice(&connection.partial);
        let outcome = connection.stream.read(&mut block[kept..]);
        let read = match outcome {
            Ok(ReadOutcome::Bytes(read)) => read,
            Ok(ReadOutcome::WouldBlock) => return Read::Drained,
            Ok(ReadOutcome::Closed) => {
                self.connection_lost(socket, "the other side closed the connection");
                return Read::Over;
            }
            Err(error) => {
                self.connection_lost(socket, &error.to_string());
                return Read::Over;
            }
        };
        connection.partial.clear();
        if connection.discards {
            return Read::More;
        }
        self.node.heard(now, key);
        match self.read_block(now, socket, key, kept + read) {
            true if !self.is_closing(socket) => Read::Over,
            _ => Read::More,
        }
    }

    fn is_closing(&mut self, socket: u64) -> bool {
        let socket = self.sockets.get_mut(&socket);
        let connection = socket.and_then(|socket| socket.connection());
        connection.is_some_and(|connection| connection.closing)
    }

    /// Takes apart the first `end` bytes of the block. Returns whether the link is over.
    fn read_block(&mut self, now: Instant, socket: u64, key: LinkKey, end: usize) -> bool {
        // Nobody else holds the block until it is deposited: headers are rewritten in place.
        let mut block = std::mem::replace(&mut self.block, Arc::clone(&self.no_block));
        let Some(bytes) = Arc::get_mut(&mut block).map(|block| &mut block[..end]) else {
            return true;
        };
        let mut start = 0;
        let mut done = Done::default();
        let over = loop {
            match self.node.receive(key, &bytes[start..]) {
                Received::Incomplete => break false,
                Received::Over => break true,
                Received::Nothing(taken) => start += taken,
                Received::Message(message) => {
                    let frame = start..start + message.taken;
                    start = frame.end;
                    self.hand_on(now, bytes, frame, message, &mut done);
                }
            }
        };
        let connection = self
            .sockets
            .get_mut(&socket)
            .and_then(|socket| socket.connection());
        if let Some(connection) = connection {
            connection
                .partial
                .extend_from_slice(if over { &[] } else { &bytes[start..] });
            connection.discards |= over;
        }
        // What was passed on is written from the block itself, as far as sockets take it.
        self.flush_dirty(now, &block[..end]);
        let last = self.deposit_block(&block[..end], Some(&block));
        done.deposited.merge(last);
        self.block = block;
        self.give_credit(key, &done.credit, done.deposited);
        self.tell_status(now);
        over
    }

    /// Hands a message over to all who want it: programs here, and the next nodes.
    #[inline]
    fn hand_on(
        &mut self,
        now: Instant,
        bytes: &mut [u8],
        frame: Range<usize>,
        mut message: Message,
        done: &mut Done,
    ) {
        self.targets.clear();
        self.targets.extend_from_slice(self.node.local_targets());
        if message.answers || message.enters {
            let own_memory = message.reassembled.as_deref();
            let whole = own_memory.unwrap_or_else(|| &bytes[frame.clone()]);
            if message.answers {
                self.take_answer(&message.located, whole);
            }
            if message.enters {
                // Copies have memory of their own.
                self.flush_dirty(now, bytes);
                self.share(now, false, whole);
            }
        }
        let class = message.class;
        if let Some(whole) = message.reassembled.take() {
            done.credit.returned_bytes[class.index()] += whole.len();
            self.hand_on_alone(now, bytes, whole, &message, done);
            return;
        }
        done.credit.charged_bytes[class.index()] += frame.len();
        if let Some(header) = message.forward {
            bytes[frame.start..][..header.len()].copy_from_slice(&header);
            let forwarded = self.node.forward(now, class, bytes, frame.clone());
            done.deposited.links_behind |= forwarded.hold;
        }
        if !self.targets.is_empty() {
            self.deliver(&message.located, &bytes[frame.clone()], frame.start);
        }
    }

    /// Hands over a message that lies in memory of its own.
    fn hand_on_alone(
        &mut self,
        now: Instant,
        block: &[u8],
        mut whole: AlignedBytes,
        message: &Message,
        done: &mut Done,
    ) {
        if let Some(header) = message.forward {
            whole[..header.len()].copy_from_slice(&header);
            let hold = self.forward_alone(now, message.class, block, &whole);
            done.deposited.links_behind |= hold;
        }
        if !self.targets.is_empty() {
            // What came before must be in the inbox before.
            let before = self.deposit_block(block, None);
            done.deposited.merge(before);
            let alone = self.deliver_alone(&message.located, whole);
            done.deposited.merge(alone);
        }
    }

    /// Passes on a message that lies in memory of its own. Returns whether to keep credit back.
    fn forward_alone(
        &mut self,
        now: Instant,
        class: TrafficClass,
        block: &[u8],
        whole: &[u8],
    ) -> bool {
        // What is staged from the block came before.
        self.flush_dirty(now, block);
        let forwarded = self.node.forward(now, class, whole, 0..whole.len());
        if forwarded.staged {
            self.flush_dirty(now, whole);
        }
        forwarded.hold
    }
}
