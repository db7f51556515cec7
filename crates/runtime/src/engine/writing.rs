//! From queued and staged messages to sockets.

use std::io::{self, IoSlice};

use zeekwire_core::node::LinkKey;
use zeekwire_core::session::{Outgoing, WRITE_SLICE_COUNT_MAX};
use zeekwire_transport::{Stream, WriteOutcome};
use zeekwire_types::Instant;

use super::Engine;

/// Writes of one link in one go; then others have theirs.
const WRITES_PER_TURN: usize = 8;

impl Engine {
    /// Writes what dirty links have staged, ranges of `source`, and what they have queued.
    pub(super) fn flush_dirty(&mut self, now: Instant, source: &[u8]) {
        let mut dirty = std::mem::take(&mut self.dirty);
        self.node.take_dirty(&mut dirty);
        for key in dirty.drain(..) {
            self.flush_link(now, key, source);
        }
        self.dirty = dirty;
    }

    /// Writes what one link has, as far as its socket takes it.
    pub(super) fn flush_link(&mut self, now: Instant, key: LinkKey, source: &[u8]) {
        let Some(socket) = self.socket_of.get(key.index()).copied() else {
            return;
        };
        let connection = self
            .sockets
            .get_mut(&socket)
            .and_then(|socket| socket.connection());
        let Some(connection) = connection.filter(|connection| connection.link == key) else {
            return;
        };
        let Some(link) = self.node.link_mut(key) else {
            return;
        };
        let outgoing = &mut link.session.outgoing;
        let staged = write_staged(outgoing, &mut connection.stream, source);
        let written = staged.and_then(|staged| {
            let queued = write_queued(outgoing, &mut connection.stream)?;
            Ok((staged + queued.bytes, queued.more))
        });
        match written {
            Err(error) => self.connection_lost(socket, &error.to_string()),
            Ok((bytes, more)) => {
                if bytes > 0 {
                    link.wrote(now);
                }
                self.node.relax(now, key);
                self.shut_if_flushed(socket, key);
                if more {
                    self.unwritten.push(key);
                }
            }
        }
    }
}

/// Writes what was staged in this turn. Returns the bytes that the socket took; the rest is queued.
fn write_staged(outgoing: &mut Outgoing, stream: &mut Stream, source: &[u8]) -> io::Result<usize> {
    if outgoing.staged_bytes() == 0 {
        return Ok(0);
    }
    let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
    let count = outgoing.staged_slices(source, &mut slices);
    let slices = &slices[..count];
    let outcome = stream.write_vectored(slices);
    let written = match outcome {
        Ok(WriteOutcome::Bytes(written)) => written,
        Ok(WriteOutcome::WouldBlock) | Err(_) => 0,
    };
    let asked: usize = slices.iter().map(|slice| slice.len()).sum();
    outgoing.set_writable(written == asked);
    outgoing.staged_written(source, written);
    outcome.map(|_| written)
}

/// What a round of writing from the queues came to.
struct Queued {
    bytes: usize,
    /// The socket would take more, but this link had its share.
    more: bool,
}

/// Writes what is queued, as far as the socket takes it and credit allows.
fn write_queued(outgoing: &mut Outgoing, stream: &mut Stream) -> io::Result<Queued> {
    let mut bytes = 0;
    for _ in 0..WRITES_PER_TURN {
        if !outgoing.is_writable() {
            return Ok(Queued { bytes, more: false });
        }
        let planned = outgoing.plan_write();
        if planned == 0 {
            return Ok(Queued { bytes, more: false });
        }
        let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
        let count = outgoing.plan_slices(&mut slices);
        let written = match stream.write_vectored(&slices[..count])? {
            WriteOutcome::Bytes(written) => written,
            WriteOutcome::WouldBlock => 0,
        };
        outgoing.plan_written(written);
        outgoing.set_writable(written == planned);
        bytes += written;
    }
    let more = outgoing.is_writable();
    Ok(Queued { bytes, more })
}
