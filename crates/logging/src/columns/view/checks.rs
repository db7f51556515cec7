//! From bytes of a peer to a column that cannot fail.

use std::fmt;

use zeekwire_types::limits::LOG_DICTIONARY_ENTRY_BYTES_MAX;
use zeekwire_types::log::LogType;

use super::{ColumnView, Store};

/// Most entries of a dictionary.
const ENTRY_COUNT_MAX: usize = 256;

/// A column as it came.
#[derive(Debug)]
pub(crate) struct RawColumn<'a> {
    pub(crate) validity: &'a [u8],
    pub(crate) store: RawStore<'a>,
}

/// The parts of a column as they came.
#[derive(Debug)]
pub(crate) enum RawStore<'a> {
    None,
    Bits(&'a [u8]),
    Bytes1(&'a [u8]),
    Bytes2(&'a [u8]),
    Bytes4(&'a [u8]),
    Bytes8(&'a [u8]),
    Doubles(&'a [u8]),
    Ports(&'a [u8]),
    Addresses {
        words: &'a [u8],
        is_wide: &'a [u8],
        wide: &'a [u8],
    },
    Subnets {
        prefixes: &'a [u8],
        lengths: &'a [u8],
    },
    Strings {
        ends: &'a [u8],
        bytes: &'a [u8],
    },
    Dictionary {
        codes: &'a [u8],
        ends: &'a [u8],
        bytes: &'a [u8],
    },
    Lists {
        ends: &'a [u8],
        elements: Box<RawColumn<'a>>,
    },
}

/// What can be wrong with a column.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Damage {
    /// The values are not of the field's type.
    Type(LogType),
    /// A part has another number of bytes than its rows take.
    Length {
        /// What its rows take.
        expected: usize,
        /// What is there.
        found: usize,
    },
    /// Bits behind the last row are not 0.
    SpareBits,
    /// The column has no values, and its validity does not say so.
    Missing,
    /// Ends fall, or do not lead to the last byte.
    Ends,
    /// A row has a code without an entry.
    Code,
    /// A dictionary has too many entries, or one that is too long.
    Entries,
    /// A port has a protocol that there is not.
    Port,
    /// A row's IPv6 address is not there.
    Address,
    /// A subnet's length is above 128.
    Subnet,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Type(kind) => return write!(f, "the values are no `{kind}`"),
            Self::Length { expected, found } => {
                return write!(f, "the rows take {expected} bytes, and {found} are there");
            }
            Self::SpareBits => "bits behind the last row are not 0",
            Self::Missing => "rows have a value, and no values are there",
            Self::Ends => "an end lies before the one in front of it, or not at the last byte",
            Self::Code => "a code leads to no entry of the dictionary",
            Self::Entries => {
                return write!(
                    f,
                    "a dictionary has at most {ENTRY_COUNT_MAX} entries of at most \
                     {LOG_DICTIONARY_ENTRY_BYTES_MAX} bytes"
                );
            }
            Self::Port => "a port's protocol is 0 to 3",
            Self::Address => "an IPv6 address is not where its row says",
            Self::Subnet => "a subnet has at most 128 bits",
        })
    }
}

/// What is wrong, and whether with the elements of the field's sets or vectors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Broken {
    pub(crate) damage: Damage,
    pub(crate) in_elements: bool,
}

impl From<Damage> for Broken {
    #[cold]
    fn from(damage: Damage) -> Self {
        Self {
            damage,
            in_elements: false,
        }
    }
}

impl<'a> RawColumn<'a> {
    /// Checks everything. `kind` is the type of the values, `element` that of theirs.
    pub(crate) fn check(
        self,
        kind: LogType,
        element: Option<LogType>,
        row_count: usize,
    ) -> Result<ColumnView<'a>, Broken> {
        if !self.validity.is_empty() {
            check_bits(self.validity, row_count)?;
        }
        let store = match self.store {
            RawStore::None => {
                let has_value = self.validity.iter().fold(0, |all, bits| all | bits) != 0;
                if (self.validity.is_empty() && row_count > 0) || has_value {
                    return Err(Damage::Missing.into());
                }
                Store::None
            }
            RawStore::Lists { ends, elements } if kind.is_container() => {
                let (ends, count) = check_ends(ends, row_count)?;
                let element = element.ok_or(Damage::Type(kind))?;
                let view = elements
                    .check(element, None, count)
                    .map_err(|broken| Broken {
                        in_elements: true,
                        ..broken
                    })?;
                Store::Lists {
                    ends,
                    elements: Box::new(view),
                }
            }
            other => other.check(kind, row_count)?,
        };
        Ok(ColumnView {
            kind,
            row_count,
            validity: self.validity,
            store,
        })
    }
}

impl<'a> RawStore<'a> {
    /// Checks a store of values that are no containers.
    fn check(self, kind: LogType, row_count: usize) -> Result<Store<'a>, Damage> {
        use LogType as T;

        Ok(match (self, kind) {
            (Self::Bits(bits), T::Bool) => {
                check_bits(bits, row_count)?;
                Store::Bits(bits)
            }
            (Self::Bytes1(x), T::Count | T::Int) => Store::Bytes1(bytes(x, row_count)?),
            (Self::Bytes2(x), T::Count | T::Int) => Store::Bytes2(items(x, row_count)?),
            (Self::Bytes4(x), T::Count | T::Int) => Store::Bytes4(items(x, row_count)?),
            (Self::Bytes8(x), T::Count | T::Int)
            | (Self::Doubles(x), T::Double | T::Time | T::Interval) => {
                Store::Bytes8(items(x, row_count)?)
            }
            (Self::Ports(x), T::Port) => Store::Ports(check_ports(x, row_count)?),
            (
                Self::Addresses {
                    words,
                    is_wide,
                    wide,
                },
                T::Addr,
            ) => check_addresses(items(words, row_count)?, is_wide, wide)?,
            (Self::Subnets { prefixes, lengths }, T::Subnet) => {
                let (prefixes, lengths) = (items(prefixes, row_count)?, bytes(lengths, row_count)?);
                if highest(lengths) > 128 {
                    return Err(Damage::Subnet);
                }
                Store::Subnets { prefixes, lengths }
            }
            (Self::Strings { ends, bytes }, T::String | T::Enum | T::Function | T::File) => {
                let (ends, last) = check_ends(ends, row_count)?;
                if last != bytes.len() {
                    return Err(Damage::Ends);
                }
                Store::Strings { ends, bytes }
            }
            (
                Self::Dictionary {
                    codes,
                    ends,
                    bytes: all,
                },
                T::String | T::Enum | T::Function | T::File,
            ) => check_dictionary(bytes(codes, row_count)?, ends, all)?,
            _ => return Err(Damage::Type(kind)),
        })
    }
}

/// A bit for each row, and nothing else.
fn check_bits(bits: &[u8], row_count: usize) -> Result<(), Damage> {
    bytes(bits, row_count.div_ceil(8))?;
    let used = row_count % 8;
    match bits.last() {
        Some(last) if used > 0 && last >> used != 0 => Err(Damage::SpareBits),
        _ => Ok(()),
    }
}

/// So many bytes, and no others.
fn bytes(bytes: &[u8], count: usize) -> Result<&[u8], Damage> {
    if bytes.len() == count {
        return Ok(bytes);
    }
    Err(Damage::Length {
        expected: count,
        found: bytes.len(),
    })
}

/// So many items, and nothing else.
fn items<const N: usize>(bytes: &[u8], count: usize) -> Result<&[[u8; N]], Damage> {
    let (items, rest) = bytes.as_chunks::<N>();
    if items.len() == count && rest.is_empty() {
        return Ok(items);
    }
    Err(Damage::Length {
        expected: count.saturating_mul(N),
        found: bytes.len(),
    })
}

/// Ends that never fall, and the last of them.
fn check_ends(bytes: &[u8], count: usize) -> Result<(&[[u8; 4]], usize), Damage> {
    let ends = items::<4>(bytes, count)?;
    let end = |end: &[u8; 4]| u32::from_le_bytes(*end);
    let pairs = ends.iter().zip(ends.iter().skip(1));
    // Without a way out in between, so that many pairs are compared at once.
    let falls = pairs.fold(false, |falls, (a, b)| falls | (end(a) > end(b)));
    if falls {
        return Err(Damage::Ends);
    }
    Ok((ends, ends.last().map_or(0, end) as usize))
}

fn check_ports(bytes: &[u8], count: usize) -> Result<&[[u8; 4]], Damage> {
    let ports = items::<4>(bytes, count)?;
    let all = ports
        .iter()
        .fold(0, |all, port| all | u32::from_le_bytes(*port));
    // Protocols are 0 to 3: two bits behind the sixteen of the number.
    if all >> 18 == 0 {
        Ok(ports)
    } else {
        Err(Damage::Port)
    }
}

fn check_addresses<'a>(
    words: &'a [[u8; 4]],
    is_wide: &'a [u8],
    wide: &'a [u8],
) -> Result<Store<'a>, Damage> {
    let (wide, rest) = wide.as_chunks::<16>();
    if !rest.is_empty() {
        return Err(Damage::Address);
    }
    if !is_wide.is_empty() {
        check_bits(is_wide, words.len())?;
        for (group, bits) in words.chunks(8).zip(is_wide) {
            for (place, word) in group.iter().enumerate() {
                let index = u32::from_le_bytes(*word) as usize;
                if bits >> place & 1 == 1 && index >= wide.len() {
                    return Err(Damage::Address);
                }
            }
        }
    }
    Ok(Store::Addresses {
        words,
        is_wide,
        wide,
    })
}

fn check_dictionary<'a>(
    codes: &'a [u8],
    ends: &[u8],
    bytes: &'a [u8],
) -> Result<Store<'a>, Damage> {
    let count = ends.len() / size_of::<u32>();
    if count > ENTRY_COUNT_MAX {
        return Err(Damage::Entries);
    }
    let (ends, last) = check_ends(ends, count)?;
    if last != bytes.len() {
        return Err(Damage::Ends);
    }
    if !codes.is_empty() && usize::from(highest(codes)) >= count {
        return Err(Damage::Code);
    }
    let mut entries = Vec::with_capacity(count);
    let mut start = 0;
    for end in ends {
        let end = u32::from_le_bytes(*end) as usize;
        let entry = bytes.get(start..end).ok_or(Damage::Ends)?;
        if entry.len() > LOG_DICTIONARY_ENTRY_BYTES_MAX {
            return Err(Damage::Entries);
        }
        entries.push(entry);
        start = end;
    }
    Ok(Store::Dictionary { codes, entries })
}

fn highest(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |highest, byte| highest.max(*byte))
}
