//! Values as tokens of one size: what a `zw_values` holds.
//!
//! A container that is being built has its values at the end of `pending`. When it ends, they move
//! to `settled`, where they lie next to each other, and one token for the container takes their
//! place. So each value is found at once by its index, and nothing is allocated per value.

use std::net::{IpAddr, Ipv6Addr};

use zeekwire::limits::{PAYLOAD_BYTES_MAX, VALUE_COUNT_MAX, VALUE_DEPTH_MAX};
use zeekwire::value::Subnet;

use super::fault::ValuesFault;
use crate::value_view::zw_type;

/// One value. What its members mean depends on the type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) r#type: zw_type,
    /// Bool: itself. Port: the protocol. Set, table: whether it is ordered. Record: whether there
    /// are names. Function: whether it is a closure.
    pub(super) flag: u8,
    /// Port: the number. Subnet: bits of the prefix, of 128.
    pub(super) small: u16,
    /// Bytes of a text, or values of a container: entries of a table.
    pub(super) len: u32,
    /// Bits of a number, the place of a text's bytes, or the place of a container's values.
    pub(super) word: u64,
}

const _: () = assert!(size_of::<Token>() == 24);

/// Values that lie next to each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(super) is_settled: bool,
    pub(super) start: u32,
    pub(super) len: u32,
}

/// A container that has not ended.
#[derive(Clone, Copy, Debug)]
struct Open {
    r#type: zw_type,
    /// Whether it is a closure, or an ordered set or table.
    flag: bool,
    /// Its first token among those pending.
    start: u32,
    /// Field names, and values, so far.
    names: u32,
    values: u32,
}

/// What becomes of a call.
pub(super) type Added = Result<(), ValuesFault>;

/// The tokens and the bytes to which they point.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    pending: Vec<Token>,
    settled: Vec<Token>,
    bytes: Vec<u8>,
    open: Vec<Open>,
}

impl Tokens {
    /// Forgets the values and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.pending.clear();
        self.settled.clear();
        self.bytes.clear();
        self.open.clear();
    }

    /// Values that are in no container.
    pub(super) fn count(&self) -> usize {
        match self.open.first() {
            Some(open) => open.start as usize,
            None => self.pending.len(),
        }
    }

    /// The values that are in no container.
    pub(super) fn top(&self) -> Result<Run, ValuesFault> {
        if !self.open.is_empty() {
            return Err(ValuesFault::StillOpen);
        }
        Ok(Run {
            is_settled: false,
            start: 0,
            len: number(self.pending.len())?,
        })
    }

    /// The tokens of a run; fewer where the values have changed since it was taken.
    pub(super) fn tokens(&self, run: Run) -> &[Token] {
        let all = match run.is_settled {
            true => &self.settled,
            false => &self.pending,
        };
        let start = (run.start as usize).min(all.len());
        let end = (start + run.len as usize).min(all.len());
        &all[start..end]
    }

    /// The bytes at a place.
    pub(super) fn bytes(&self, at: u64, len: u32) -> &[u8] {
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let end = start.saturating_add(len as usize);
        self.bytes.get(start..end).unwrap_or_default()
    }

    pub(super) fn add(&mut self, token: Token) -> Added {
        if self.pending.len() + self.settled.len() >= VALUE_COUNT_MAX {
            return Err(ValuesFault::TooLarge);
        }
        if let Some(open) = self.open.last_mut() {
            if open.names > 0 && open.names == open.values {
                return Err(ValuesFault::MissingFieldName);
            }
            open.values += 1;
        }
        self.pending.push(token);
        Ok(())
    }

    pub(super) fn add_word(&mut self, r#type: zw_type, word: u64) -> Added {
        self.add(Token {
            word,
            ..Token::of(r#type)
        })
    }

    /// A string or an enum.
    pub(super) fn add_text(&mut self, r#type: zw_type, text: &[u8]) -> Added {
        let token = self.text(r#type, text)?;
        self.add(token)
    }

    pub(super) fn add_pattern(&mut self, exact: &[u8], anywhere: &[u8]) -> Added {
        self.may_nest()?;
        let first = self.text(zw_type::ZW_PATTERN, exact)?;
        let second = self.text(zw_type::ZW_PATTERN, anywhere)?;
        // The second expression lies behind the first, so its length is all that is missing.
        self.add(Token {
            word: first.word | u64::from(second.len) << 32,
            ..first
        })
    }

    pub(super) fn add_addr(&mut self, address: IpAddr) -> Added {
        let octets = mapped(address.to_canonical());
        self.add_text(zw_type::ZW_ADDR, &octets)
    }

    pub(super) fn add_subnet(&mut self, subnet: &Subnet) -> Added {
        let token = self.text(zw_type::ZW_SUBNET, &subnet.address_raw())?;
        self.add(Token {
            small: u16::from(subnet.length_raw()),
            ..token
        })
    }

    /// The name of the field that comes next.
    pub(super) fn add_field(&mut self, name: &[u8]) -> Added {
        let open = self.open.last().copied();
        let open = open.filter(|open| open.r#type == zw_type::ZW_RECORD);
        if open.is_none_or(|open| open.names != open.values) {
            return Err(ValuesFault::StrayFieldName);
        }
        let token = self.text(zw_type::ZW_STRING, name)?;
        self.pending.push(token);
        if let Some(open) = self.open.last_mut() {
            open.names += 1;
        }
        Ok(())
    }

    /// A container; its values follow.
    pub(super) fn begin(&mut self, r#type: zw_type) -> Added {
        if !is_plain_container(r#type) {
            return Err(ValuesFault::NotAContainer);
        }
        self.begin_with(r#type, false, None)
    }

    /// A set or table whose order means something; what is in it follows.
    pub(super) fn begin_ordered(&mut self, r#type: zw_type) -> Added {
        match r#type {
            zw_type::ZW_SET | zw_type::ZW_TABLE => self.begin_with(r#type, true, None),
            _ => Err(ValuesFault::NoOrder),
        }
    }

    /// A closure or an opaque value; what is in it follows.
    pub(super) fn begin_named(&mut self, r#type: zw_type, name: &[u8]) -> Added {
        self.begin_with(r#type, r#type == zw_type::ZW_FUNCTION, Some(name))
    }

    /// A function that captured nothing.
    pub(super) fn add_function(&mut self, name: &[u8]) -> Added {
        self.begin_with(zw_type::ZW_FUNCTION, false, Some(name))?;
        self.end()
    }

    fn begin_with(&mut self, r#type: zw_type, flag: bool, name: Option<&[u8]>) -> Added {
        self.may_nest()?;
        // Its token takes its place at the end; here it only has to be allowed.
        self.add(Token::of(r#type))?;
        self.pending.pop();
        let start = number(self.pending.len())?;
        if let Some(name) = name {
            let token = self.text(zw_type::ZW_STRING, name)?;
            self.pending.push(token);
        }
        self.open.push(Open {
            r#type,
            flag,
            start,
            names: 0,
            values: 0,
        });
        Ok(())
    }

    /// Ends the innermost container.
    pub(super) fn end(&mut self) -> Added {
        let Some(open) = self.open.last().copied() else {
            return Err(ValuesFault::NothingOpen);
        };
        let is_single = matches!(open.r#type, zw_type::ZW_ANY | zw_type::ZW_OPAQUE);
        if is_single && open.values != 1 {
            return Err(ValuesFault::NotOneValue);
        }
        if open.names > 0 && open.names != open.values {
            return Err(ValuesFault::MissingField);
        }
        let mut len = open.values;
        if open.r#type == zw_type::ZW_TABLE {
            if !len.is_multiple_of(2) {
                return Err(ValuesFault::MissingTableValue);
            }
            len /= 2;
        }
        let start = number(self.settled.len())?;
        let inside = &self.pending[open.start as usize..];
        // Keys before values, and values before names, so that each lie next to each other.
        match (open.r#type, open.names) {
            (zw_type::ZW_TABLE, _) => {
                self.settled.extend(inside.iter().step_by(2));
                self.settled.extend(inside.iter().skip(1).step_by(2));
            }
            (_, 0) => self.settled.extend_from_slice(inside),
            _ => {
                self.settled.extend(inside.iter().skip(1).step_by(2));
                self.settled.extend(inside.iter().step_by(2));
            }
        }
        self.pending.truncate(open.start as usize);
        self.open.pop();
        self.pending.push(Token {
            flag: u8::from(open.flag || open.names > 0),
            len,
            word: u64::from(start),
            ..Token::of(open.r#type)
        });
        Ok(())
    }

    /// Whether a container fits here.
    fn may_nest(&self) -> Added {
        match self.open.len() < VALUE_DEPTH_MAX {
            true => Ok(()),
            false => Err(ValuesFault::TooDeep),
        }
    }

    /// A token for bytes, which are kept.
    fn text(&mut self, r#type: zw_type, text: &[u8]) -> Result<Token, ValuesFault> {
        let at = self.bytes.len();
        if text.len() > PAYLOAD_BYTES_MAX - at {
            return Err(ValuesFault::TooLarge);
        }
        self.bytes.extend_from_slice(text);
        Ok(Token {
            len: number(text.len())?,
            word: at as u64,
            ..Token::of(r#type)
        })
    }
}

impl Token {
    pub(super) const fn of(r#type: zw_type) -> Self {
        Self {
            r#type,
            flag: 0,
            small: 0,
            len: 0,
            word: 0,
        }
    }

    /// The values of a container, from the one at `first` on.
    pub(super) fn run(&self, first: u32, len: u32) -> Run {
        let start = u32::try_from(self.word).unwrap_or(u32::MAX);
        Run {
            is_settled: true,
            start: start.saturating_add(first),
            len,
        }
    }

    /// The bits of a real number.
    pub(super) const fn real(&self) -> f64 {
        f64::from_bits(self.word)
    }
}

const fn is_plain_container(r#type: zw_type) -> bool {
    matches!(
        r#type,
        zw_type::ZW_SET
            | zw_type::ZW_TABLE
            | zw_type::ZW_RECORD
            | zw_type::ZW_VECTOR
            | zw_type::ZW_LIST
            | zw_type::ZW_ANY
    )
}

fn mapped(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

/// The address in 16 bytes as [`mapped`] makes them.
pub(super) fn unmapped(bytes: &[u8]) -> IpAddr {
    let octets = <[u8; 16]>::try_from(bytes).unwrap_or_default();
    IpAddr::V6(Ipv6Addr::from(octets)).to_canonical()
}

/// Places and lengths are far below what 32 bits hold: limits come first.
fn number(count: usize) -> Result<u32, ValuesFault> {
    u32::try_from(count).map_err(|_| ValuesFault::TooLarge)
}

impl Run {
    /// How many values there are.
    pub(crate) const fn len(self) -> usize {
        self.len as usize
    }
}
