//! The first bytes of a link, and recognising who speaks when they are not ours.
//!
//! ```text
//! byte  0..8   "ZEEKWIRE"
//!       8..10  oldest protocol version that the sender speaks
//!       10..12 newest
//!       12..16 0
//! ```
//! The dialling side speaks first. A listener says nothing before it has seen the magic, so that
//! a stranger gets an answer in its own language, or none.

use std::fmt;

/// Length of the preamble.
pub const PREAMBLE_BYTES: usize = 16;

const MAGIC: &[u8; 8] = b"ZEEKWIRE";

/// The range of protocol versions that a side speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Preamble {
    /// The oldest version it speaks.
    pub version_min: u16,
    /// The newest version it speaks.
    pub version_max: u16,
}

impl Preamble {
    /// What this release speaks.
    pub const OURS: Self = Self {
        version_min: 1,
        version_max: 1,
    };

    /// The preamble's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; PREAMBLE_BYTES] {
        let mut bytes = [0; PREAMBLE_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..10].copy_from_slice(&self.version_min.to_le_bytes());
        bytes[10..12].copy_from_slice(&self.version_max.to_le_bytes());
        bytes
    }

    /// Reads a preamble; `None` when more bytes must arrive first.
    ///
    /// # Errors
    /// [`PreambleError::Foreign`] as soon as the bytes cannot be ours and show whose they are.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, PreambleError> {
        let known = bytes.len().min(MAGIC.len());
        if bytes[..known] != MAGIC[..known] {
            return match Foreign::recognise(bytes) {
                Some(foreign) => Err(PreambleError::Foreign(foreign)),
                None => Ok(None),
            };
        }
        let Some(bytes) = bytes.first_chunk::<PREAMBLE_BYTES>() else {
            return Ok(None);
        };
        let [.., a, b, c, d, _, _, _, _] = *bytes;
        let version_min = u16::from_le_bytes([a, b]);
        let version_max = u16::from_le_bytes([c, d]);
        if version_min > version_max {
            return Err(PreambleError::EmptyRange {
                version_min,
                version_max,
            });
        }
        Ok(Some(Self {
            version_min,
            version_max,
        }))
    }

    /// The newest version that both sides speak.
    ///
    /// # Errors
    /// [`PreambleError::Version`] when there is none.
    pub fn agree(&self, theirs: &Self) -> Result<u16, PreambleError> {
        let newest = self.version_max.min(theirs.version_max);
        if newest < self.version_min || newest < theirs.version_min {
            return Err(PreambleError::Version {
                ours: *self,
                theirs: *theirs,
            });
        }
        Ok(newest)
    }
}

impl fmt::Display for Preamble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.version_min, self.version_max) {
            (min, max) if min == max => write!(f, "version {min}"),
            (min, max) => write!(f, "versions {min} to {max}"),
        }
    }
}

/// A protocol that is not ours, told by its first bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Foreign {
    /// HTTP: a browser or a metrics scraper.
    Http,
    /// TLS, which this port does not speak.
    Tls,
    /// Zeek's Broker.
    Broker,
    /// ZeroMQ.
    ZeroMq,
    /// NATS.
    Nats,
    /// SSH.
    Ssh,
    /// None of these.
    Unknown,
}

impl Foreign {
    /// Longest prefix needed to tell the protocols apart.
    const PREFIX_BYTES: usize = 12;

    fn recognise(bytes: &[u8]) -> Option<Self> {
        const METHODS: [&[u8]; 9] = [
            b"GET ",
            b"POST ",
            b"PUT ",
            b"HEAD ",
            b"OPTIONS ",
            b"DELETE ",
            b"PATCH ",
            b"PRI * ",
            b"HTTP/",
        ];
        let starts = |magic: &[u8]| bytes.starts_with(magic);
        match bytes {
            _ if METHODS.iter().any(|method| starts(method)) => Some(Self::Http),
            // A word of two protocols; what follows it tells them apart.
            [b'C', b'O', b'N', b'N', b'E', b'C', b'T', b' ', next, ..] => Some(match next {
                b'{' => Self::Nats,
                _ => Self::Http,
            }),
            [0x16, 0x03, _, ..] => Some(Self::Tls),
            [0xff, ..] if bytes.get(9) == Some(&0x7f) => Some(Self::ZeroMq),
            // A length, a message type, Broker's magic "ZEEK".
            [0, 0, _, _, _, b'Z', b'E', b'E', b'K', ..] => Some(Self::Broker),
            _ if starts(b"INFO {") => Some(Self::Nats),
            _ if starts(b"SSH-") => Some(Self::Ssh),
            _ if bytes.len() >= Self::PREFIX_BYTES => Some(Self::Unknown),
            // So far it may still become one of the above.
            _ => None,
        }
    }

    /// What to answer so that the other program tells its user what is wrong.
    #[must_use]
    pub fn answer(self) -> Vec<u8> {
        const TEXT: &str = "this port speaks Zeekwire";
        match self {
            Self::Http => format!(
                "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\
                 Content-Length: {}\r\n\r\n{TEXT}, not HTTP\n",
                TEXT.len() + ", not HTTP\n".len()
            )
            .into_bytes(),
            // A fatal alert: unexpected message.
            Self::Tls => vec![0x15, 3, 3, 0, 2, 2, 10],
            Self::Broker => broker_drop(TEXT),
            Self::ZeroMq => zmtp_error(TEXT),
            Self::Nats => format!("-ERR '{TEXT}'\r\n").into_bytes(),
            Self::Ssh | Self::Unknown => Vec::new(),
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "HTTP",
            Self::Tls => "TLS",
            Self::Broker => "Broker",
            Self::ZeroMq => "ZeroMQ",
            Self::Nats => "NATS",
            Self::Ssh => "SSH",
            Self::Unknown => "an unknown protocol",
        })
    }
}

/// Broker's `drop_conn` with its code for an incompatible peer.
fn broker_drop(text: &str) -> Vec<u8> {
    const DROP_CONN: u8 = 9;
    const PEER_INCOMPATIBLE: u8 = 2;
    let mut body = vec![DROP_CONN];
    body.extend(b"ZEEK");
    // Its endpoint ids are UUIDs; one of version 4 that is otherwise zero names nobody.
    body.extend([0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 0]);
    body.push(PEER_INCOMPATIBLE);
    body.extend(u8::try_from(text.len()).ok().filter(|len| *len < 0x80));
    body.extend(text.as_bytes());
    let length = u32::try_from(body.len()).unwrap_or_default();
    [&length.to_be_bytes()[..], &body].concat()
}

/// A ZMTP 3.0 greeting without security, and its `ERROR` command.
fn zmtp_error(text: &str) -> Vec<u8> {
    let mut bytes = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0];
    let mut mechanism = [0; 20];
    mechanism[..4].copy_from_slice(b"NULL");
    bytes.extend(mechanism);
    bytes.resize(64, 0);
    let reason = u8::try_from(text.len()).unwrap_or_default();
    let command = [&[5][..], b"ERROR", &[reason], text.as_bytes()].concat();
    bytes.extend([4, u8::try_from(command.len()).unwrap_or_default()]);
    bytes.extend(command);
    bytes
}

/// Why a link cannot start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PreambleError {
    /// The other side speaks another protocol.
    Foreign(Foreign),
    /// The two sides have no version in common.
    Version {
        /// What we speak.
        ours: Preamble,
        /// What the other side speaks.
        theirs: Preamble,
    },
    /// The other side claims a range that holds no version.
    EmptyRange {
        /// Its lower end.
        version_min: u16,
        /// Its upper end.
        version_max: u16,
    },
}

impl fmt::Display for PreambleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign(foreign) => {
                write!(
                    f,
                    "the other side speaks {foreign}, not Zeekwire; is the port right?"
                )
            }
            Self::Version { ours, theirs } => write!(
                f,
                "no common protocol version: this side speaks {ours}, the other {theirs}; \
                 upgrade the older program"
            ),
            Self::EmptyRange {
                version_min,
                version_max,
            } => {
                write!(
                    f,
                    "the other side claims protocol versions {version_min} to {version_max}"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn foreign(bytes: &[u8]) -> Foreign {
        match Preamble::decode(bytes) {
            Err(PreambleError::Foreign(foreign)) => foreign,
            other => panic!("{bytes:?} was read as {other:?}"),
        }
    }

    #[test]
    fn strangers_are_told_apart() {
        assert_eq!(foreign(b"GET / HTTP/1.1\r\n"), Foreign::Http);
        assert_eq!(foreign(&[0x16, 3, 1, 2, 0, 1]), Foreign::Tls);
        assert_eq!(foreign(b"\0\0\0\x17\x06ZEEK\0\0\0\0"), Foreign::Broker);
        assert_eq!(
            foreign(&[0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f]),
            Foreign::ZeroMq
        );
        assert_eq!(foreign(b"INFO {\"server_id\""), Foreign::Nats);
        assert_eq!(foreign(b"CONNECT {\"verbose\""), Foreign::Nats);
        assert_eq!(foreign(b"CONNECT a.example:443"), Foreign::Http);
        assert_eq!(foreign(b"SSH-2.0-OpenSSH"), Foreign::Ssh);
        assert_eq!(foreign(b"hello, is there anybody?"), Foreign::Unknown);
    }

    #[test]
    fn our_preamble_is_read_once_whole() {
        let ours = Preamble::OURS.encode();
        for short in 0..PREAMBLE_BYTES {
            assert_eq!(Preamble::decode(&ours[..short]), Ok(None));
        }
        assert_eq!(Preamble::decode(&ours), Ok(Some(Preamble::OURS)));
    }

    #[test]
    fn the_newest_common_version_wins() {
        let old = Preamble {
            version_min: 1,
            version_max: 3,
        };
        let new = Preamble {
            version_min: 2,
            version_max: 5,
        };
        assert_eq!(old.agree(&new), Ok(3));
        assert_eq!(new.agree(&old), Ok(3));
        let next = Preamble {
            version_min: 4,
            version_max: 5,
        };
        let error = old.agree(&next).expect_err("nothing in common");
        assert_eq!(
            error.to_string(),
            "no common protocol version: this side speaks versions 1 to 3, the other versions 4 \
             to 5; upgrade the older program"
        );
    }

    #[test]
    fn zmtp_answer_has_a_whole_greeting() {
        let answer = Foreign::ZeroMq.answer();
        assert_eq!(
            (answer[64], usize::from(answer[65])),
            (4, answer.len() - 66)
        );
    }
}
