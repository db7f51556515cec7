//! Received columns, lent without copying.

mod checks;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use zeekwire_types::log::{Cell, ElementSource, Elements, LogType};
use zeekwire_types::value::{Port, PortProtocol, Subnet};

pub use checks::Damage;
pub(crate) use checks::{RawColumn, RawStore};

/// Rows that are read together.
const BLOCK_ROW_COUNT: usize = 64;

/// The rows of a batch. All of it was checked, so reading cannot fail.
#[derive(Debug)]
pub struct BatchView<'a> {
    row_count: usize,
    columns: Vec<ColumnView<'a>>,
}

impl<'a> BatchView<'a> {
    pub(crate) const fn new(row_count: usize, columns: Vec<ColumnView<'a>>) -> Self {
        Self { row_count, columns }
    }

    /// How many rows there are.
    #[must_use]
    pub const fn row_count(&self) -> usize {
        self.row_count
    }

    /// The columns, in the order of the stream's fields.
    #[must_use]
    pub fn columns(&self) -> &[ColumnView<'a>] {
        &self.columns
    }

    /// The cells of a row, in the order of the stream's fields. Past the last row, unset cells.
    #[inline]
    pub fn row(&self, index: usize) -> impl ExactSizeIterator<Item = Cell<'_>> {
        self.columns.iter().map(move |column| column.cell(index))
    }

    /// Calls `each` for every row, in order, until there is an error. Much faster than asking for
    /// one row after the other, because cells are read column by column, for some rows at a time.
    ///
    /// # Errors
    /// What `each` gave.
    pub fn try_for_each_row<'v, E>(
        &'v self,
        mut each: impl FnMut(&[Cell<'v>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let width = self.columns.len();
        let mut block = vec![Cell::Unset; BLOCK_ROW_COUNT.min(self.row_count) * width];
        for start in (0..self.row_count).step_by(BLOCK_ROW_COUNT) {
            let end = self.row_count.min(start + BLOCK_ROW_COUNT);
            for (index, column) in self.columns.iter().enumerate() {
                let mut places = block.chunks_exact_mut(width);
                column.visit(start, end, |cell| {
                    if let Some(row) = places.next() {
                        row[index] = cell;
                    }
                });
            }
            let mut rows = block.chunks_exact(width).take(end - start);
            rows.try_for_each(&mut each)?;
        }
        Ok(())
    }
}

/// The values of one field in all rows, or the elements of all its sets or vectors.
#[derive(Debug)]
pub struct ColumnView<'a> {
    kind: LogType,
    row_count: usize,
    /// A bit for each row: 1 where there is a value. Empty: every row has one.
    validity: &'a [u8],
    store: Store<'a>,
}

/// Values, one place for each row.
#[derive(Debug)]
enum Store<'a> {
    None,
    Bits(&'a [u8]),
    Bytes1(&'a [u8]),
    Bytes2(&'a [[u8; 2]]),
    Bytes4(&'a [[u8; 4]]),
    Bytes8(&'a [[u8; 8]]),
    Ports(&'a [[u8; 4]]),
    Addresses {
        words: &'a [[u8; 4]],
        is_wide: &'a [u8],
        wide: &'a [[u8; 16]],
    },
    Subnets {
        prefixes: &'a [[u8; 16]],
        lengths: &'a [u8],
    },
    Strings {
        ends: &'a [[u8; 4]],
        bytes: &'a [u8],
    },
    Dictionary {
        codes: &'a [u8],
        entries: Vec<&'a [u8]>,
    },
    Lists {
        ends: &'a [[u8; 4]],
        elements: Box<ColumnView<'a>>,
    },
}

impl<'a> ColumnView<'a> {
    /// The type of the values; for elements, theirs.
    #[must_use]
    pub const fn kind(&self) -> LogType {
        self.kind
    }

    /// How many rows, or elements, there are.
    #[must_use]
    pub const fn row_count(&self) -> usize {
        self.row_count
    }

    /// The cell of a row. Past the last row, an unset one.
    #[must_use]
    #[inline]
    pub fn cell(&self, row: usize) -> Cell<'_> {
        if row >= self.row_count || !is_set(self.validity, row) {
            return Cell::Unset;
        }
        self.value(row)
    }

    /// Calls `each` for the cell of every row, in order. Much faster than asking for one cell after
    /// the other, because what kind of column it is gets looked at once.
    #[inline]
    pub fn for_each<'v>(&'v self, each: impl FnMut(Cell<'v>)) {
        self.visit(0, self.row_count, each);
    }

    /// Calls `each` for the cells of some rows, of which the first has an index that is a multiple
    /// of eight.
    #[inline]
    fn visit<'v>(&'v self, start: usize, end: usize, mut each: impl FnMut(Cell<'v>)) {
        debug_assert!(start.is_multiple_of(8) && start <= end && end <= self.row_count);
        let bits = self.validity.get(start / 8..).unwrap_or_default();
        match (&self.store, self.kind) {
            (store, LogType::Int) => visit_ints(store, start, end, bits, each),
            (Store::None, _) => (start..end).for_each(|_| each(Cell::Unset)),
            (Store::Bytes1(x), _) => {
                walk(&x[start..end], bits, each, |x| Cell::Count((*x).into()));
            }
            (Store::Bytes2(x), _) => walk(&x[start..end], bits, each, |x| {
                Cell::Count(u16::from_le_bytes(*x).into())
            }),
            (Store::Bytes4(x), _) => walk(&x[start..end], bits, each, |x| {
                Cell::Count(u32::from_le_bytes(*x).into())
            }),
            (Store::Bytes8(x), kind) => visit_words(kind, &x[start..end], bits, each),
            (Store::Ports(x), _) => walk(&x[start..end], bits, each, |x| Cell::Port(port(*x))),
            (
                Store::Addresses {
                    words, is_wide: [], ..
                },
                _,
            ) => {
                walk(&words[start..end], bits, each, |x| {
                    Cell::Addr(Ipv4Addr::from(*x).into())
                });
            }
            (
                Store::Addresses {
                    words,
                    is_wide,
                    wide,
                },
                _,
            ) => {
                let mut row = start;
                let address = move |word: &[u8; 4]| {
                    let address = address(row, *word, is_wide, wide);
                    row += 1;
                    address
                };
                walk_all(&words[start..end], bits, each, address, Cell::Addr);
            }
            (Store::Bits(x), _) if bits.is_empty() => {
                for (first, x) in (start..end).step_by(8).zip(&x[start / 8..]) {
                    let mut x = *x;
                    for _ in first..end.min(first + 8) {
                        each(Cell::Bool(x & 1 == 1));
                        x >>= 1;
                    }
                }
            }
            (Store::Dictionary { codes, entries }, kind) => {
                let entry = |code: &u8| entries.get(usize::from(*code)).copied();
                walk(&codes[start..end], bits, each, |x| {
                    text(kind, entry(x).unwrap_or_default())
                });
            }
            (Store::Strings { ends, bytes }, kind) => {
                let from = bounds(ends, start).0;
                visit_strings(kind, &ends[start..end], bytes, from, bits, each);
            }
            _ => (start..end).for_each(|row| each(self.cell(row))),
        }
    }

    /// The value of a row that has one.
    #[inline]
    fn value(&self, row: usize) -> Cell<'_> {
        match &self.store {
            Store::None => Cell::Unset,
            Store::Bits(bits) => Cell::Bool(bits[row / 8] >> (row % 8) & 1 == 1),
            Store::Bytes1(x) if self.kind == LogType::Int => {
                Cell::Int(i8::from_le_bytes([x[row]]).into())
            }
            Store::Bytes1(x) => Cell::Count(x[row].into()),
            Store::Bytes2(x) if self.kind == LogType::Int => {
                Cell::Int(i16::from_le_bytes(x[row]).into())
            }
            Store::Bytes2(x) => Cell::Count(u16::from_le_bytes(x[row]).into()),
            Store::Bytes4(x) if self.kind == LogType::Int => {
                Cell::Int(i32::from_le_bytes(x[row]).into())
            }
            Store::Bytes4(x) => Cell::Count(u32::from_le_bytes(x[row]).into()),
            Store::Bytes8(x) => match self.kind {
                LogType::Int => Cell::Int(i64::from_le_bytes(x[row])),
                LogType::Count => Cell::Count(u64::from_le_bytes(x[row])),
                LogType::Time => Cell::Time(f64::from_le_bytes(x[row])),
                LogType::Interval => Cell::Interval(f64::from_le_bytes(x[row])),
                _ => Cell::Double(f64::from_le_bytes(x[row])),
            },
            Store::Ports(x) => Cell::Port(port(x[row])),
            Store::Addresses {
                words,
                is_wide,
                wide,
            } => Cell::Addr(address(row, words[row], is_wide, wide)),
            Store::Subnets { prefixes, lengths } => {
                match Subnet::from_raw(prefixes[row], lengths[row]) {
                    Ok(subnet) => Cell::Subnet(subnet),
                    Err(_) => Cell::Unset,
                }
            }
            Store::Strings { ends, bytes } => {
                let (start, end) = bounds(ends, row);
                text(self.kind, bytes.get(start..end).unwrap_or_default())
            }
            Store::Dictionary { codes, entries } => {
                text(self.kind, entries[usize::from(codes[row])])
            }
            Store::Lists { ends, elements } => {
                let (start, end) = bounds(ends, row);
                let count = u32::try_from(end - start).unwrap_or(0);
                let first = u32::try_from(start).unwrap_or(0);
                let elements = Elements::of(&**elements, first, count);
                match self.kind {
                    LogType::Set => Cell::Set(elements),
                    _ => Cell::Vector(elements),
                }
            }
        }
    }
}

impl ElementSource for ColumnView<'_> {
    #[inline]
    fn element<'v>(&'v self, cursor: &mut u32) -> Cell<'v> {
        let row = *cursor as usize;
        *cursor = cursor.wrapping_add(1);
        self.cell(row)
    }
}

/// Calls `each` with what `make` makes of each item whose row has a value. `bits` is the validity,
/// from that of the first item on.
#[inline(always)]
fn walk<'v, T>(
    items: &'v [T],
    bits: &[u8],
    each: impl FnMut(Cell<'v>),
    make: impl Fn(&'v T) -> Cell<'v>,
) {
    walk_all(items, bits, each, |item| item, make);
}

/// As [`walk`], with a `step` that sees the items of unset rows as well.
#[inline(always)]
fn walk_all<'v, T, S>(
    items: &'v [T],
    bits: &[u8],
    mut each: impl FnMut(Cell<'v>),
    mut step: impl FnMut(&'v T) -> S,
    make: impl Fn(S) -> Cell<'v>,
) {
    if bits.is_empty() {
        for item in items {
            each(make(step(item)));
        }
        return;
    }
    for (group, bits) in items.chunks(8).zip(bits) {
        let mut bits = *bits;
        for item in group {
            let value = step(item);
            each(if bits & 1 == 1 {
                make(value)
            } else {
                Cell::Unset
            });
            bits >>= 1;
        }
    }
}

/// Columns of `int`.
#[inline(always)]
fn visit_ints<'v>(
    store: &'v Store<'_>,
    start: usize,
    end: usize,
    bits: &[u8],
    mut each: impl FnMut(Cell<'v>),
) {
    match store {
        Store::Bytes1(x) => walk(&x[start..end], bits, each, |x| {
            Cell::Int(i8::from_le_bytes([*x]).into())
        }),
        Store::Bytes2(x) => walk(&x[start..end], bits, each, |x| {
            Cell::Int(i16::from_le_bytes(*x).into())
        }),
        Store::Bytes4(x) => walk(&x[start..end], bits, each, |x| {
            Cell::Int(i32::from_le_bytes(*x).into())
        }),
        Store::Bytes8(x) => walk(&x[start..end], bits, each, |x| {
            Cell::Int(i64::from_le_bytes(*x))
        }),
        // No others hold this type.
        _ => (start..end).for_each(|_| each(Cell::Unset)),
    }
}

/// Strings, of which the first starts at byte `from`.
#[inline(always)]
fn visit_strings<'v>(
    kind: LogType,
    ends: &'v [[u8; 4]],
    bytes: &'v [u8],
    mut from: usize,
    bits: &[u8],
    each: impl FnMut(Cell<'v>),
) {
    let slice = move |end: &[u8; 4]| {
        let end = u32::from_le_bytes(*end) as usize;
        let text = bytes.get(from..end).unwrap_or_default();
        from = end;
        text
    };
    walk_all(ends, bits, each, slice, |x| text(kind, x));
}

/// Items of eight bytes.
#[inline(always)]
fn visit_words<'v>(kind: LogType, words: &'v [[u8; 8]], bits: &[u8], each: impl FnMut(Cell<'v>)) {
    match kind {
        LogType::Count => walk(words, bits, each, |x| Cell::Count(u64::from_le_bytes(*x))),
        LogType::Time => walk(words, bits, each, |x| Cell::Time(f64::from_le_bytes(*x))),
        LogType::Interval => walk(words, bits, each, |x| {
            Cell::Interval(f64::from_le_bytes(*x))
        }),
        _ => walk(words, bits, each, |x| Cell::Double(f64::from_le_bytes(*x))),
    }
}

#[inline(always)]
fn address(row: usize, word: [u8; 4], is_wide: &[u8], wide: &[[u8; 16]]) -> IpAddr {
    let bits = is_wide.get(row / 8).copied().unwrap_or(0);
    if bits >> (row % 8) & 1 == 0 {
        return IpAddr::V4(word.into());
    }
    let octets = wide.get(u32::from_le_bytes(word) as usize);
    IpAddr::V6(Ipv6Addr::from(octets.copied().unwrap_or_default()))
}

/// Whether a row has a value.
#[inline]
fn is_set(validity: &[u8], row: usize) -> bool {
    validity.is_empty() || validity[row / 8] >> (row % 8) & 1 == 1
}

/// Where the bytes or elements of a row start and end. The ends were checked: they never fall.
#[inline]
fn bounds(ends: &[[u8; 4]], row: usize) -> (usize, usize) {
    let end = |row: usize| u32::from_le_bytes(ends[row]) as usize;
    (row.checked_sub(1).map_or(0, end), end(row))
}

/// A port whose protocol was checked.
#[inline]
fn port(bytes: [u8; 4]) -> Port {
    let [low, high, protocol, _] = bytes;
    let protocol = match protocol {
        1 => PortProtocol::Tcp,
        2 => PortProtocol::Udp,
        3 => PortProtocol::Icmp,
        _ => PortProtocol::Unknown,
    };
    Port::new(u16::from_le_bytes([low, high]), protocol)
}

#[inline(always)]
fn text(kind: LogType, bytes: &[u8]) -> Cell<'_> {
    match kind {
        LogType::Enum => Cell::Enum(bytes),
        LogType::Function => Cell::Function(bytes),
        LogType::File => Cell::File(bytes),
        _ => Cell::String(bytes),
    }
}
