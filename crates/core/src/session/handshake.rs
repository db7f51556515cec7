//! The order in which a session starts.
//!
//! ```text
//! dialling side                          listening side
//! preamble, hello   ------------------>
//!                                        (the accept hook decides)
//!                   <------------------  preamble, hello, accept | refuse
//! up                                     up
//! ```

use crate::Fault;
use crate::wire::{Control, Goodbye};

/// Where a session stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Handshake {
    /// The peer's preamble comes next.
    AwaitPreamble {
        /// Whether this side dialled.
        dialled: bool,
    },
    /// The peer's hello comes next.
    AwaitHello {
        /// Whether this side dialled.
        dialled: bool,
    },
    /// The accept hook has to decide about the peer.
    Deciding,
    /// The listener has to decide about us.
    AwaitDecision,
    /// Both sides agreed.
    Up,
    /// This side will say goodbye when its queues are empty; until then it hears of credit.
    Closing,
    /// One side said goodbye.
    Over,
}

/// What a control message did to the handshake.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum HandshakeEvent {
    /// Nothing to do yet.
    Nothing,
    /// The accept hook must decide.
    Decide,
    /// The session is up.
    Up,
    /// The listener refused us.
    Refused(Goodbye),
    /// The peer ended the session.
    Closed(Goodbye),
    /// Not part of the handshake: the session is up, and this is for whoever runs it.
    Message(Control),
}

impl Handshake {
    pub(super) const fn start(dialled: bool) -> Self {
        Self::AwaitPreamble { dialled }
    }

    pub(super) const fn awaits_preamble(self) -> bool {
        matches!(self, Self::AwaitPreamble { .. })
    }

    pub(super) const fn is_dialled(self) -> bool {
        matches!(
            self,
            Self::AwaitPreamble { dialled: true }
                | Self::AwaitHello { dialled: true }
                | Self::AwaitDecision
        )
    }

    pub(super) fn preamble_read(self) -> Self {
        match self {
            Self::AwaitPreamble { dialled } => Self::AwaitHello { dialled },
            other => unreachable!("a preamble was read in {other:?}"),
        }
    }

    pub(super) fn control_read(self, control: Control) -> Result<(Self, HandshakeEvent), Fault> {
        use HandshakeEvent as Event;
        Ok(match (self, control) {
            (Self::AwaitHello { dialled: true }, Control::Hello(_)) => {
                (Self::AwaitDecision, Event::Nothing)
            }
            (Self::AwaitHello { dialled: false }, Control::Hello(_)) => {
                (Self::Deciding, Event::Decide)
            }
            (Self::AwaitDecision, Control::Accept) => (Self::Up, Event::Up),
            (Self::AwaitDecision, Control::Refuse(goodbye)) => {
                (Self::Over, Event::Refused(goodbye))
            }
            (Self::Up, Control::Close(goodbye)) => (Self::Over, Event::Closed(goodbye)),
            (
                Self::Up | Self::Closing,
                Control::Hello(_) | Control::Accept | Control::Refuse(_),
            ) => {
                return Err(Fault::OutOfOrder);
            }
            (Self::Up, message) => (Self::Up, Event::Message(message)),
            (Self::Closing, Control::Close(_)) => (Self::Over, Event::Nothing),
            (Self::Closing, message) => (Self::Closing, Event::Message(message)),
            (Self::Over, _) => (Self::Over, Event::Nothing),
            _ => return Err(Fault::OutOfOrder),
        })
    }
}
