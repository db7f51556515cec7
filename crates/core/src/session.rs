//! One link's conversation: handshake, liveness, flow control, queues.
//!
//! Each concern has its own file; [`Session`] connects them. It knows nothing of topics.

mod handshake;
mod incoming;
mod liveness;
mod outgoing;
mod queue;
mod total;

use std::time::Duration;

use zeekwire_types::Instant;

use crate::Fault;
use crate::wire::{Control, ControlWriter, Goodbye, Hello, Preamble, PreambleError, Reason};

pub use handshake::{Handshake, HandshakeEvent};
pub use incoming::{Incoming, IncomingLimits};
pub use liveness::{Liveness, LivenessLimits, Pulse};
pub use outgoing::{Offered, Outgoing, OutgoingLimits, WRITE_SLICE_COUNT_MAX};
pub use total::QueueTotal;

/// Bytes that may wait in all queues of a node, unless it is told otherwise.
const QUEUED_BYTES_MAX: usize = 256 * 1024 * 1024;

/// How a link behaves, as far as this side decides.
#[derive(Clone, Copy, Debug)]
pub struct SessionConfig {
    /// Bounds of the sending half.
    pub outgoing: OutgoingLimits,
    /// Bounds of the receiving half.
    pub incoming: IncomingLimits,
    /// When to speak, and when to give up.
    pub liveness: LivenessLimits,
    /// Bytes that may wait in the queues of all links together. Beyond it a link that has something
    /// waiting takes no more, whatever its own bound.
    pub queued_bytes_max: usize,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            outgoing: OutgoingLimits::default(),
            incoming: IncomingLimits::default(),
            liveness: LivenessLimits::default(),
            queued_bytes_max: QUEUED_BYTES_MAX,
        }
    }
}

/// One end of one link.
#[derive(Debug)]
pub struct Session {
    handshake: Handshake,
    /// What waits to be sent.
    pub outgoing: Outgoing,
    /// What arrives.
    pub incoming: Incoming,
    /// Whether the peer is still there.
    pub liveness: Liveness,
    hello: Hello,
    peer: Option<Hello>,
    scratch: Vec<u8>,
}

impl Session {
    /// Starts a session. The dialling side speaks at once.
    #[must_use]
    pub fn new(
        now: Instant,
        config: &SessionConfig,
        total: QueueTotal,
        hello: Hello,
        dialled: bool,
    ) -> Self {
        let mut session = Self {
            handshake: Handshake::start(dialled),
            outgoing: Outgoing::new(config.outgoing, total),
            incoming: Incoming::new(config.incoming),
            liveness: Liveness::new(now, config.liveness),
            hello,
            peer: None,
            scratch: Vec::new(),
        };
        if dialled {
            session.greet();
        }
        session
    }

    /// Whether both sides agreed to talk, and none said goodbye.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        matches!(self.handshake, Handshake::Up)
    }

    /// Whether this side said goodbye or is about to, or heard one.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.handshake, Handshake::Over | Handshake::Closing)
    }

    /// Whether this side lets its queues run empty before it says goodbye.
    #[must_use]
    pub const fn is_closing(&self) -> bool {
        matches!(self.handshake, Handshake::Closing)
    }

    /// Whether the peer waits for [`Session::accept`] or [`Session::refuse`].
    #[must_use]
    pub const fn awaits_verdict(&self) -> bool {
        matches!(self.handshake, Handshake::Deciding)
    }

    /// How the peer introduced itself, once it did.
    #[must_use]
    pub const fn peer(&self) -> Option<&Hello> {
        self.peer.as_ref()
    }

    /// Whether the next bytes should be the preamble.
    #[must_use]
    pub const fn awaits_preamble(&self) -> bool {
        self.handshake.awaits_preamble()
    }

    /// Reads the peer's preamble from the start of `bytes`. Returns how many bytes it took; 0 when
    /// more must arrive first.
    ///
    /// # Errors
    /// [`PreambleError`] when the peer speaks another protocol or version. What to answer is
    /// queued; the link must be closed once it went out.
    pub fn read_preamble(&mut self, bytes: &[u8]) -> Result<usize, PreambleError> {
        let agreed = match Preamble::decode(bytes) {
            Ok(None) => return Ok(0),
            Ok(Some(theirs)) => Preamble::OURS.agree(&theirs),
            Err(error) => Err(error),
        };
        match agreed {
            Ok(_version) => {
                self.handshake = self.handshake.preamble_read();
                Ok(crate::wire::PREAMBLE_BYTES)
            }
            Err(error) => {
                let dialled = self.handshake.is_dialled();
                match error {
                    // A dialled stranger was already told our preamble.
                    PreambleError::Foreign(foreign) if !dialled => {
                        self.outgoing.push_raw(&foreign.answer());
                    }
                    PreambleError::Foreign(_) => {}
                    PreambleError::Version { .. } | PreambleError::EmptyRange { .. } => {
                        if !dialled {
                            self.outgoing.push_raw(&Preamble::OURS.encode());
                        }
                    }
                }
                self.handshake = Handshake::Over;
                Err(error)
            }
        }
    }

    /// Feeds a control message to the handshake.
    ///
    /// # Errors
    /// [`Fault`] when the message does not belong here, or the introduction is unacceptable.
    pub fn handle_handshake(&mut self, control: Control) -> Result<HandshakeEvent, Fault> {
        let hello = match &control {
            Control::Hello(hello) => Some(hello.clone()),
            _ => None,
        };
        // Whether it may come now is asked before anything is believed.
        let (next, event) = self.handshake.control_read(control)?;
        if let Some(hello) = hello {
            if hello.heartbeat_ms == 0 || hello.heartbeat_ms > 3_600_000 {
                return Err(Fault::HelloHeartbeat);
            }
            for class in zeekwire_types::TrafficClass::ALL {
                let limit = hello.credit_limits[class.index()];
                self.outgoing.set_credit_limit(class, limit)?;
            }
            self.liveness
                .expect_heartbeats(Duration::from_millis(hello.heartbeat_ms.into()));
            let longest = usize::try_from(hello.message_bytes_max).unwrap_or(usize::MAX);
            self.outgoing.set_message_bytes_max(longest);
            self.peer = Some(hello);
        }
        self.handshake = next;
        Ok(event)
    }

    /// The listener's consent: the session is up.
    pub fn accept(&mut self) {
        self.greet();
        self.send(&Control::Accept);
        self.handshake = Handshake::Up;
    }

    /// The listener's refusal.
    pub fn refuse(&mut self, goodbye: Goodbye) {
        self.greet();
        self.send(&Control::Refuse(goodbye));
        self.handshake = Handshake::Over;
    }

    /// Ends the session from this side. The goodbye overtakes what is queued: the peer reads
    /// nothing after it. A dialler that waits for our consent is refused.
    pub fn close(&mut self, reason: Reason, text: &str) {
        let goodbye = Goodbye {
            reason,
            text: text.to_owned(),
        };
        match self.handshake {
            Handshake::Up => {
                self.send(&Control::Close(goodbye));
            }
            Handshake::AwaitHello { dialled: false } | Handshake::Deciding => self.refuse(goodbye),
            _ => {}
        }
        self.handshake = Handshake::Over;
    }

    /// Ends the session from this side once what waits went out: the goodbye goes last.
    pub fn finish(&mut self, reason: Reason, text: &str) {
        if !self.is_up() {
            return self.close(reason, text);
        }
        let goodbye = Control::Close(Goodbye {
            reason,
            text: text.to_owned(),
        });
        let mut frame = Vec::new();
        ControlWriter::write(&goodbye, &mut frame);
        self.outgoing.push_last(&frame);
        self.handshake = Handshake::Closing;
    }

    /// Queues a control message. Returns false when the peer takes so little that the link must
    /// be closed.
    pub fn send(&mut self, control: &Control) -> bool {
        let mut frames = std::mem::take(&mut self.scratch);
        frames.clear();
        ControlWriter::write(control, &mut frames);
        let fits = self.send_frames(&frames);
        // One long list of filters should not be remembered for the life of the link.
        if frames.capacity() <= 4096 {
            self.scratch = frames;
        }
        fits
    }

    /// As [`Session::send`], for control messages that were written beforehand.
    pub fn send_frames(&mut self, frames: &[u8]) -> bool {
        let mut fits = true;
        let mut rest = frames;
        while let Ok(Some(frame)) = crate::wire::split(rest) {
            let offered = self.outgoing.enqueue(frame.header.class, frame.bytes);
            fits &= offered == Offered::Queued;
            rest = &rest[frame.bytes.len()..];
        }
        fits
    }

    fn greet(&mut self) {
        self.outgoing.push_raw(&Preamble::OURS.encode());
        let hello = Control::Hello(self.hello.clone());
        self.send(&hello);
    }
}

#[cfg(test)]
mod tests;
