//! The values of a column into words: each loop here handles many rows at a time.

use zeekwire_types::log::LogType;

use crate::columns::{Addresses, Column, Form, Store};
use crate::wire::layout::{
    ADDRESSES, COLUMN, DICTIONARY, LISTS, PIECE_BYTES, STRINGS, SUBNETS, Words, member,
};

/// Writes the first `count` rows of a column into the struct at byte `at`, which is zero.
pub(super) fn write_column(to: &mut Words<'_>, at: usize, column: &Column, count: usize) {
    if let Some(validity) = column.validity() {
        let bits = to.data(at + COLUMN.pointer(0), count.div_ceil(8));
        write_bits(bits, validity, count);
    }
    // Where there are no rows at all, there are no elements, and they have a type all the same.
    let member = if column.unset_count() == count && count > 0 {
        member::NONE
    } else {
        write_values(to, at + COLUMN.pointer(1), column, count)
    };
    to.set(at, member);
}

/// Writes values behind the pointer at byte `at`. Gives the member of the union that they are.
fn write_values(to: &mut Words<'_>, at: usize, column: &Column, count: usize) -> u64 {
    match column.store() {
        Store::Bits(bits) => {
            pack(to.data(at, count.div_ceil(8)), &bits[..count]);
            member::BITS
        }
        Store::Words(words) => write_words(to, at, column.kind(), &words[..count]),
        Store::Ports(ports) => {
            write_u32s(to.data(at, count * 4), &ports[..count]);
            member::PORTS
        }
        Store::Addresses(addresses) => {
            write_addresses(to, at, addresses, count);
            member::ADDRESSES
        }
        Store::Subnets(prefixes, lengths) => {
            let target = to.structs(at, SUBNETS);
            to.bytes(
                target + SUBNETS.pointer(0),
                prefixes[..count].as_flattened(),
            );
            to.bytes(target + SUBNETS.pointer(1), &lengths[..count]);
            member::SUBNETS
        }
        Store::Texts(texts) => write_texts(to, at, &texts.form(), count),
        Store::Lists(lists) => {
            let target = to.structs(at, LISTS);
            let ends = to.data(target + LISTS.pointer(0), count * 4);
            write_u32s(ends, &lists.ends[..count]);
            let elements = to.structs(target + LISTS.pointer(1), COLUMN);
            write_column(to, elements, &lists.elements, lists.element_count);
            member::LISTS
        }
    }
}

fn write_words(to: &mut Words<'_>, at: usize, kind: LogType, words: &[u64]) -> u64 {
    let bits = match kind {
        LogType::Count => words.iter().fold(0, |all, word| all | word),
        // For a negative number, what its sign does not fill; and room for the sign.
        LogType::Int => words.iter().fold(0, |all, word| {
            let sign = (word.cast_signed() >> 63).cast_unsigned();
            all | (word ^ sign) << 1
        }),
        _ => {
            write_u64s(to.data(at, words.len() * 8), words);
            return member::DOUBLES;
        }
    };
    match bits {
        0..=0xff => {
            let to = to.data(at, words.len());
            for (to, word) in to.iter_mut().zip(words) {
                *to = (word & 0xff) as u8;
            }
            member::BYTES1
        }
        0x100..=0xffff => {
            let (to, _) = to.data(at, words.len() * 2).as_chunks_mut::<2>();
            for (to, word) in to.iter_mut().zip(words) {
                *to = ((word & 0xffff) as u16).to_le_bytes();
            }
            member::BYTES2
        }
        0x1_0000..=0xffff_ffff => {
            let (to, _) = to.data(at, words.len() * 4).as_chunks_mut::<4>();
            for (to, word) in to.iter_mut().zip(words) {
                *to = ((word & 0xffff_ffff) as u32).to_le_bytes();
            }
            member::BYTES4
        }
        _ => {
            write_u64s(to.data(at, words.len() * 8), words);
            member::BYTES8
        }
    }
}

fn write_addresses(to: &mut Words<'_>, at: usize, from: &Addresses, count: usize) {
    let target = to.structs(at, ADDRESSES);
    let words = from.words[..count].as_flattened();
    to.bytes(target + ADDRESSES.pointer(0), words);
    if from.wide.is_empty() {
        return;
    }
    let is_wide = to.data(target + ADDRESSES.pointer(1), count.div_ceil(8));
    is_wide.fill(0);
    for row in &from.wide_rows {
        is_wide[*row as usize / 8] |= 1 << (row % 8);
    }
    to.bytes(target + ADDRESSES.pointer(2), from.wide.as_flattened());
}

fn write_texts(to: &mut Words<'_>, at: usize, form: &Form<'_>, count: usize) -> u64 {
    match form {
        Form::Plain(ends, bytes) => {
            let target = to.structs(at, STRINGS);
            let to_ends = to.data(target + STRINGS.pointer(0), count * 4);
            write_u32s(to_ends, &ends[..count]);
            to.bytes(target + STRINGS.pointer(1), bytes);
            member::STRINGS
        }
        Form::Dictionary(codes, ends, bytes) => {
            let target = to.structs(at, DICTIONARY);
            to.bytes(target + DICTIONARY.pointer(0), &codes[..count]);
            let to_ends = to.data(target + DICTIONARY.pointer(1), ends.len() * 4);
            write_u32s(to_ends, ends);
            to.bytes(target + DICTIONARY.pointer(2), bytes);
            member::DICTIONARY
        }
    }
}

fn write_u32s(to: &mut [u8], from: &[u32]) {
    for (to, from) in to.chunks_mut(PIECE_BYTES).zip(from.chunks(PIECE_BYTES / 4)) {
        let (to, _) = to.as_chunks_mut::<4>();
        for (to, number) in to.iter_mut().zip(from) {
            *to = number.to_le_bytes();
        }
    }
}

fn write_u64s(to: &mut [u8], from: &[u64]) {
    for (to, from) in to.chunks_mut(PIECE_BYTES).zip(from.chunks(PIECE_BYTES / 8)) {
        let (to, _) = to.as_chunks_mut::<8>();
        for (to, number) in to.iter_mut().zip(from) {
            *to = number.to_le_bytes();
        }
    }
}

/// Copies `count` bits; those behind them are 0.
fn write_bits(to: &mut [u8], from: &[u8], count: usize) {
    to.copy_from_slice(&from[..to.len()]);
    if let (Some(last), used @ 1..) = (to.last_mut(), count % 8) {
        *last &= (1 << used) - 1;
    }
}

/// One bit for each byte, which is 0 or 1.
fn pack(to: &mut [u8], from: &[u8]) {
    let (groups, rest) = from.as_chunks::<8>();
    for (to, group) in to.iter_mut().zip(groups) {
        // Byte n, times the power of two in the factor that fits it, lands on bit 56 + n.
        let bits = u64::from_le_bytes(*group).wrapping_mul(0x0102_0408_1020_4080);
        *to = (bits >> 56) as u8;
    }
    if let (Some(last), false) = (to.last_mut(), rest.is_empty()) {
        *last = rest.iter().rev().fold(0, |bits, byte| bits << 1 | byte);
    }
}
