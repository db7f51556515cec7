//! One column that is being filled.

use core::net::IpAddr;

use zeekwire_types::limits::PAYLOAD_BYTES_MAX;
use zeekwire_types::log::{Cell, Elements, LogField, LogType};
use zeekwire_types::value::Port;

use super::texts::Texts;

/// Rows that are taken together: few enough that their cells stay near the processor while one
/// column after the other takes them.
pub(super) const BLOCK_ROW_COUNT: usize = 64;

/// What does not fit into a column.
#[derive(Clone, Copy, Debug)]
pub(super) enum Misfit {
    /// A cell of another type: expected, found.
    Type(LogType, LogType),
    /// An element of another type: which, expected, found.
    Element(usize, LogType, LogType),
    /// There are too many bytes or elements.
    Full,
}

/// The values of one field, or the elements of all sets or vectors of a field.
#[derive(Debug)]
pub(crate) struct Column {
    kind: LogType,
    store: Store,
    gaps: Gaps,
}

/// Values, one place for each row for which there is room. Rows to come hold anything.
#[derive(Debug)]
pub(crate) enum Store {
    Bits(Vec<u8>),
    Words(Vec<u64>),
    Ports(Vec<u32>),
    Addresses(Addresses),
    Subnets(Vec<[u8; 16]>, Vec<u8>),
    Texts(Texts),
    Lists(Lists),
}

/// Addresses: IPv4 in four bytes, IPv6 beside them.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    /// IPv4 in network byte order, or the index of an IPv6 address, little-endian.
    pub(crate) words: Vec<[u8; 4]>,
    /// IPv6 addresses, and the rows that they belong to, which rise.
    pub(crate) wide: Vec<[u8; 16]>,
    pub(crate) wide_rows: Vec<u32>,
}

/// Sets or vectors.
#[derive(Debug)]
pub(crate) struct Lists {
    /// Where the elements of each row end.
    pub(crate) ends: Vec<u32>,
    pub(crate) elements: Box<Column>,
    pub(crate) element_count: usize,
    room: usize,
}

/// Where a column has no values.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    /// A bit for each row: 1 where there is a value. Those of rows to come are 1.
    validity: Vec<u8>,
    unset_count: usize,
}

/// The cells of one field in some rows.
#[derive(Clone, Copy)]
pub(super) struct Cells<'c> {
    /// Whole rows.
    cells: &'c [Cell<'c>],
    width: usize,
    /// Which cell of each row.
    column: usize,
}

impl<'c> Cells<'c> {
    pub(super) fn new(cells: &'c [Cell<'c>], width: usize, column: usize) -> Self {
        assert!(column < width, "a row has that cell");
        Self {
            cells,
            width,
            column,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.cells.len() / self.width
    }

    /// Calls `each` with the place in `places` of each cell, and its offset from the first, until
    /// there is an error.
    #[inline(always)]
    pub(super) fn for_each<T, E>(
        self,
        places: &mut [T],
        mut each: impl FnMut(usize, &mut T, &'c Cell<'c>) -> Result<(), E>,
    ) -> Result<(), E> {
        let rows = self.cells.chunks_exact(self.width);
        for (offset, (place, row)) in places.iter_mut().zip(rows).enumerate() {
            each(offset, place, &row[self.column])?;
        }
        Ok(())
    }

    /// The cells from that one on.
    pub(super) fn skip(self, count: usize) -> Self {
        let cells = self.cells.get(count * self.width..);
        Self {
            cells: cells.unwrap_or_default(),
            ..self
        }
    }

    pub(super) fn first(self) -> Option<&'c Cell<'c>> {
        self.cells.get(self.column)
    }
}

impl Column {
    /// The column of a field that can be logged.
    pub(super) fn of_field(field: &LogField) -> Self {
        let Some(element) = field.element else {
            return Self::of_scalar(field.kind);
        };
        Self {
            kind: field.kind,
            store: Store::Lists(Lists {
                ends: Vec::new(),
                elements: Box::new(Self::of_scalar(element)),
                element_count: 0,
                room: 0,
            }),
            gaps: Gaps::default(),
        }
    }

    fn of_scalar(kind: LogType) -> Self {
        let store = match kind {
            LogType::Bool => Store::Bits(Vec::new()),
            LogType::Port => Store::Ports(Vec::new()),
            LogType::Addr => Store::Addresses(Addresses::default()),
            LogType::Subnet => Store::Subnets(Vec::new(), Vec::new()),
            LogType::String | LogType::Enum | LogType::Function | LogType::File => {
                Store::Texts(Texts::new())
            }
            _ => Store::Words(Vec::new()),
        };
        Self {
            kind,
            store,
            gaps: Gaps::default(),
        }
    }

    pub(crate) const fn kind(&self) -> LogType {
        self.kind
    }

    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    /// The validity of all rows and more; `None` if every row has a value.
    pub(crate) fn validity(&self) -> Option<&[u8]> {
        (self.gaps.unset_count > 0).then_some(&self.gaps.validity)
    }

    pub(crate) const fn unset_count(&self) -> usize {
        self.gaps.unset_count
    }

    /// At most this many bytes does a row take, strings and elements aside.
    pub(super) const fn row_bytes(&self) -> usize {
        1 + match self.store {
            Store::Bits(_) => 1,
            Store::Words(_) => 8,
            // Addresses count the IPv6 address as well.
            Store::Addresses(_) => 21,
            Store::Subnets(..) => 17,
            Store::Ports(_) | Store::Texts(_) | Store::Lists(_) => 4,
        }
    }

    /// Makes room for rows up to that count.
    pub(super) fn grow(&mut self, room: usize) {
        self.gaps.validity.resize(room.div_ceil(8), 0xff);
        match &mut self.store {
            Store::Bits(bits) => bits.resize(room, 0),
            Store::Words(words) => words.resize(room, 0),
            Store::Ports(ports) => ports.resize(room, 0),
            Store::Addresses(addresses) => addresses.words.resize(room, [0; 4]),
            Store::Subnets(prefixes, lengths) => {
                prefixes.resize(room, [0; 16]);
                lengths.resize(room, 0);
            }
            Store::Texts(texts) => texts.grow(room),
            Store::Lists(lists) => lists.ends.resize(room, 0),
        }
    }

    /// What strings and elements take, beyond [`row_bytes`](Self::row_bytes) for each row.
    pub(super) fn variable_bytes(&self) -> usize {
        match &self.store {
            Store::Texts(texts) => texts.variable_bytes(),
            Store::Lists(lists) => {
                let elements = &lists.elements;
                lists.element_count * elements.row_bytes() + elements.variable_bytes()
            }
            _ => 0,
        }
    }

    /// Writes cells, at most [`BLOCK_ROW_COUNT`], from row `at` on, for which there is room. After
    /// an error, the column must be truncated.
    ///
    /// What kind of column it is gets looked at once for all of them.
    pub(super) fn put(&mut self, at: usize, cells: Cells<'_>) -> Result<(), Misfit> {
        let (gaps, kind, end) = (&mut self.gaps, self.kind, at + cells.len());
        match &mut self.store {
            Store::Words(words) => put_words(gaps, kind, at, &mut words[at..end], cells),
            Store::Bits(bits) => {
                gaps.fill(kind, at, &mut bits[at..end], cells, |cell| match cell {
                    Cell::Bool(bit) => Some(u8::from(*bit)),
                    _ => None,
                })
            }
            Store::Ports(ports) => {
                gaps.fill(kind, at, &mut ports[at..end], cells, |cell| match cell {
                    Cell::Port(port) => Some(port_word(*port)),
                    _ => None,
                })
            }
            Store::Addresses(addresses) => addresses.put(gaps, at, cells),
            Store::Subnets(prefixes, lengths) => {
                let mut unset = Unset::default();
                cells.for_each(&mut prefixes[at..end], |offset, prefix, cell| {
                    (*prefix, lengths[at + offset]) = match cell {
                        Cell::Subnet(subnet) => (subnet.address_raw(), subnet.length_raw()),
                        other => {
                            unset.note(kind, offset, other)?;
                            ([0; 16], 0)
                        }
                    };
                    Ok(())
                })?;
                gaps.add(at, unset);
                Ok(())
            }
            Store::Texts(texts) => texts.put(gaps, kind, at, cells),
            Store::Lists(lists) => lists.put(gaps, kind, at, cells),
        }
    }

    /// As [`put`](Self::put), for a single cell: short ways for what is frequent. Adds to `grown`
    /// what it takes beyond [`row_bytes`](Self::row_bytes).
    #[inline(always)]
    pub(super) fn put_one(
        &mut self,
        at: usize,
        cell: &Cell<'_>,
        grown: &mut usize,
    ) -> Result<(), Misfit> {
        let is_done = if cell.type_number() == self.kind.number() {
            self.put_value(at, cell, grown)
        } else {
            cell.is_unset() && self.put_unset(at)
        };
        if is_done {
            return Ok(());
        }
        let before = self.variable_bytes();
        let put = self.put(at, Cells::new(std::slice::from_ref(cell), 1, 0));
        // It may be less than before: where a dictionary became plain.
        *grown = grown
            .wrapping_add(self.variable_bytes())
            .wrapping_sub(before);
        put
    }

    /// Whether a value of the right type could be put without much ado.
    #[inline(always)]
    fn put_value(&mut self, at: usize, cell: &Cell<'_>, grown: &mut usize) -> bool {
        match (&mut self.store, cell) {
            (Store::Words(words), _) => words[at] = cell.word(),
            (Store::Bits(bits), Cell::Bool(bit)) => bits[at] = u8::from(*bit),
            (Store::Ports(ports), Cell::Port(port)) => ports[at] = port_word(*port),
            (Store::Addresses(addresses), Cell::Addr(IpAddr::V4(v4))) => {
                addresses.words[at] = v4.octets();
            }
            (Store::Texts(texts), _) => {
                return texts.put_one(at, cell.bytes().unwrap_or_default(), grown);
            }
            _ => return false,
        }
        true
    }

    /// Whether an unset cell could be put without much ado.
    #[inline]
    fn put_unset(&mut self, at: usize) -> bool {
        match &mut self.store {
            Store::Words(words) => words[at] = 0,
            Store::Texts(texts) => texts.put_unset(at),
            Store::Lists(lists) => lists.ends[at] = row_number(lists.element_count),
            _ => return false,
        }
        self.gaps.add(at, Unset(1));
        true
    }

    /// Forgets what was put for rows from `count` on.
    pub(super) fn truncate(&mut self, count: usize) {
        self.gaps.truncate(count);
        match &mut self.store {
            Store::Addresses(addresses) => addresses.truncate(count),
            Store::Texts(texts) => texts.truncate(count),
            Store::Lists(lists) => lists.truncate(count),
            _ => {}
        }
    }

    /// Forgets all rows, of which there are `count`, and learns from them.
    pub(super) fn clear(&mut self, count: usize) {
        self.gaps.clear(count);
        match &mut self.store {
            Store::Addresses(addresses) => addresses.truncate(0),
            Store::Texts(texts) => texts.clear(),
            Store::Lists(lists) => {
                lists.elements.clear(lists.element_count);
                lists.element_count = 0;
            }
            _ => {}
        }
    }
}

#[inline(always)]
fn put_words(
    gaps: &mut Gaps,
    kind: LogType,
    at: usize,
    words: &mut [u64],
    cells: Cells<'_>,
) -> Result<(), Misfit> {
    match kind {
        LogType::Count => gaps.fill(kind, at, words, cells, |cell| match cell {
            Cell::Count(x) => Some(*x),
            _ => None,
        }),
        LogType::Int => gaps.fill(kind, at, words, cells, |cell| match cell {
            Cell::Int(x) => Some(x.cast_unsigned()),
            _ => None,
        }),
        LogType::Time => gaps.fill(kind, at, words, cells, |cell| match cell {
            Cell::Time(x) => Some(x.to_bits()),
            _ => None,
        }),
        LogType::Interval => gaps.fill(kind, at, words, cells, |cell| match cell {
            Cell::Interval(x) => Some(x.to_bits()),
            _ => None,
        }),
        _ => gaps.fill(kind, at, words, cells, |cell| match cell {
            Cell::Double(x) => Some(x.to_bits()),
            _ => None,
        }),
    }
}

/// The offsets, of at most [`BLOCK_ROW_COUNT`], at which cells are unset: a bit for each.
#[derive(Clone, Copy, Default)]
pub(super) struct Unset(u64);

const _: () = assert!(BLOCK_ROW_COUNT <= u64::BITS as usize);

impl Unset {
    /// Notes an unset cell, and refuses one of another type than `expected`.
    #[inline(always)]
    pub(super) fn note(
        &mut self,
        expected: LogType,
        offset: usize,
        cell: &Cell<'_>,
    ) -> Result<(), Misfit> {
        if !cell.is_unset() {
            return Err(Misfit::Type(expected, cell.kind().unwrap_or(expected)));
        }
        self.0 |= 1 << (offset % BLOCK_ROW_COUNT);
        Ok(())
    }
}

impl Gaps {
    /// Takes note of the unset cells of a block that starts at row `at`.
    #[inline]
    pub(super) fn add(&mut self, at: usize, unset: Unset) {
        if unset.0 <= 1 {
            if unset.0 == 1 {
                // What single cells come to.
                self.validity[at / 8] &= !(1 << (at % 8));
                self.unset_count += 1;
            }
            return;
        }
        self.unset_count += unset.0.count_ones() as usize;
        let bits = (u128::from(unset.0) << (at % 8)).to_le_bytes();
        for (validity, unset) in self.validity[at / 8..].iter_mut().zip(bits) {
            *validity &= !unset;
        }
    }

    /// Whether a row has a value.
    pub(super) fn is_set(&self, row: usize) -> bool {
        self.validity[row / 8] >> (row % 8) & 1 == 1
    }

    /// Puts what `value` makes of each cell into its place.
    #[inline(always)]
    fn fill<T: Default>(
        &mut self,
        expected: LogType,
        at: usize,
        places: &mut [T],
        cells: Cells<'_>,
        value: impl Fn(&Cell<'_>) -> Option<T>,
    ) -> Result<(), Misfit> {
        let mut unset = Unset::default();
        cells.for_each(places, |offset, place, cell| {
            *place = match value(cell) {
                Some(value) => value,
                None => {
                    unset.note(expected, offset, cell)?;
                    T::default()
                }
            };
            Ok(())
        })?;
        self.add(at, unset);
        Ok(())
    }

    fn truncate(&mut self, count: usize) {
        for row in count..self.validity.len() * 8 {
            if !self.is_set(row) {
                self.validity[row / 8] |= 1 << (row % 8);
                self.unset_count -= 1;
            }
        }
    }

    fn clear(&mut self, count: usize) {
        self.validity[..count.div_ceil(8)].fill(0xff);
        self.unset_count = 0;
    }
}

impl Addresses {
    fn put(&mut self, gaps: &mut Gaps, at: usize, cells: Cells<'_>) -> Result<(), Misfit> {
        let end = at + cells.len();
        let mut unset = Unset::default();
        let (wide, wide_rows) = (&mut self.wide, &mut self.wide_rows);
        cells.for_each(&mut self.words[at..end], |offset, word, cell| {
            *word = match cell {
                Cell::Addr(IpAddr::V4(v4)) => v4.octets(),
                Cell::Addr(IpAddr::V6(v6)) => match v6.to_ipv4_mapped() {
                    Some(v4) => v4.octets(),
                    None => {
                        let index = row_number(wide.len());
                        wide.push(v6.octets());
                        wide_rows.push(row_number(at + offset));
                        index.to_le_bytes()
                    }
                },
                other => {
                    unset.note(LogType::Addr, offset, other)?;
                    [0; 4]
                }
            };
            Ok(())
        })?;
        gaps.add(at, unset);
        Ok(())
    }

    fn truncate(&mut self, count: usize) {
        let kept = self
            .wide_rows
            .partition_point(|row| (*row as usize) < count);
        self.wide_rows.truncate(kept);
        self.wide.truncate(kept);
    }
}

impl Lists {
    fn put(
        &mut self,
        gaps: &mut Gaps,
        kind: LogType,
        at: usize,
        cells: Cells<'_>,
    ) -> Result<(), Misfit> {
        let end = at + cells.len();
        let mut unset = Unset::default();
        let (elements, count, room) = (&mut self.elements, &mut self.element_count, &mut self.room);
        cells.for_each(&mut self.ends[at..end], |offset, end, cell| {
            match (cell, kind) {
                (Cell::Set(more), LogType::Set) | (Cell::Vector(more), LogType::Vector) => {
                    put_elements(elements, count, room, more)?;
                }
                (other, _) => unset.note(kind, offset, other)?,
            }
            *end = row_number(*count);
            Ok(())
        })?;
        gaps.add(at, unset);
        Ok(())
    }

    fn truncate(&mut self, count: usize) {
        let kept = count
            .checked_sub(1)
            .map_or(0, |last| self.ends[last] as usize);
        if kept < self.element_count {
            self.elements.truncate(kept);
            self.element_count = kept;
        }
    }
}

/// Appends elements behind the `count` that are there.
#[inline(never)]
fn put_elements(
    column: &mut Column,
    count: &mut usize,
    room: &mut usize,
    elements: &Elements<'_>,
) -> Result<(), Misfit> {
    let after = *count + elements.len();
    if after > PAYLOAD_BYTES_MAX {
        return Err(Misfit::Full);
    }
    if after > *room {
        *room = after.next_power_of_two().max(64);
        column.grow(*room);
    }
    let mut grown = 0;
    for (index, element) in elements.iter().enumerate() {
        let put = column.put_one(*count, &element, &mut grown);
        *count += 1;
        put.map_err(|misfit| match misfit {
            Misfit::Type(expected, found) => Misfit::Element(index, expected, found),
            misfit => misfit,
        })?;
    }
    Ok(())
}

const fn port_word(port: Port) -> u32 {
    port.number as u32 | (port.protocol as u32) << 16
}

/// Rows and elements are fewer than bytes of a payload.
fn row_number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
