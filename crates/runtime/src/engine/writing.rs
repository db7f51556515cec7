//! From queued and staged messages to sockets.

use std::io::IoSlice;

use zeekwire_core::node::LinkKey;
use zeekwire_core::session::WRITE_SLICE_COUNT_MAX;
use zeekwire_transport::WriteOutcome;
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
        let mut wrote = false;
        let mut failed = None;
        let outgoing = &mut link.session.outgoing;
        if outgoing.staged_bytes() > 0 {
            let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
            let count = outgoing.staged_slices(source, &mut slices);
            let outcome = connection.stream.write_vectored(&slices[..count]);
            let written = match outcome {
                Ok(WriteOutcome::Bytes(written)) => written,
                Ok(WriteOutcome::WouldBlock) => 0,
                Err(error) => {
                    failed = Some(error);
                    0
                }
            };
            wrote = written > 0;
            let asked: usize = slices[..count].iter().map(|slice| slice.len()).sum();
            outgoing.set_writable(written == asked);
            outgoing.staged_written(source, written);
        }
        let mut left = WRITES_PER_TURN;
        while failed.is_none() && outgoing.is_writable() && left > 0 {
            left -= 1;
            let planned = outgoing.plan_write();
            if planned == 0 {
                break;
            }
            let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
            let count = outgoing.plan_slices(&mut slices);
            match connection.stream.write_vectored(&slices[..count]) {
                Ok(WriteOutcome::Bytes(written)) => {
                    wrote = true;
                    outgoing.plan_written(written);
                    outgoing.set_writable(written == planned);
                }
                Ok(WriteOutcome::WouldBlock) => {
                    outgoing.plan_written(0);
                    outgoing.set_writable(false);
                }
                Err(error) => failed = Some(error),
            }
        }
        let more = left == 0 && outgoing.is_writable();
        if wrote {
            link.wrote(now);
        }
        match failed {
            Some(error) => self.connection_lost(socket, &error.to_string()),
            None => {
                self.node.relax(now, key);
                self.shut_if_flushed(socket, key);
                if more {
                    self.unwritten.push(key);
                }
            }
        }
    }
}
