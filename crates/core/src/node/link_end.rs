//! Why a link ended.

use std::fmt;
use std::time::Duration;

use crate::Fault;
use crate::wire::{Goodbye, PreambleError, Reason};

/// Why a link ended, as this side saw it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LinkEnd {
    /// This side closed it.
    ClosedHere(Reason),
    /// The peer said goodbye.
    ClosedByPeer(Goodbye),
    /// The connection went away without a goodbye.
    ConnectionLost,
    /// The listener refused us.
    Refused(Goodbye),
    /// We refused the peer.
    RefusedPeer(Goodbye),
    /// The other side speaks another protocol or version.
    Preamble(PreambleError),
    /// The peer broke the protocol.
    Fault(Fault),
    /// Nothing was heard of the peer for this long.
    Silent(Duration),
    /// The handshake took this long.
    HandshakeTimeout(Duration),
    /// The peer takes so little that even control messages do not fit.
    Overflow,
}

impl fmt::Display for LinkEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let goodbye = |f: &mut fmt::Formatter<'_>, what: &str, goodbye: &Goodbye| {
            write!(f, "{what}: {}", goodbye.reason)?;
            match goodbye.text.as_str() {
                "" => Ok(()),
                text => write!(f, " ({text})"),
            }
        };
        match self {
            Self::ClosedHere(reason) => write!(f, "closed by this side: {reason}"),
            Self::ClosedByPeer(why) => goodbye(f, "closed by the peer", why),
            Self::ConnectionLost => f.write_str("the connection was lost"),
            Self::Refused(why) => goodbye(f, "refused by the peer", why),
            Self::RefusedPeer(why) => goodbye(f, "the peer was refused", why),
            Self::Preamble(error) => error.fmt(f),
            Self::Fault(fault) => write!(f, "protocol error: {fault}"),
            Self::Silent(silent) => {
                write!(f, "nothing was heard for {:.1} s", silent.as_secs_f32())
            }
            Self::HandshakeTimeout(after) => {
                write!(f, "no handshake within {:.1} s", after.as_secs_f32())
            }
            Self::Overflow => f.write_str("the peer does not take what is sent to it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goodbye_is_told_in_words() {
        let text = "spare the port".to_owned();
        let end = LinkEnd::Refused(Goodbye {
            reason: Reason::NameInUse,
            text,
        });
        let words = "refused by the peer: another live node has this name (spare the port)";
        assert_eq!(end.to_string(), words);
        let end = LinkEnd::ClosedHere(Reason::Shutdown);
        assert_eq!(end.to_string(), "closed by this side: the node ends");
    }
}
