//! Numbers as Zeek's logs have them.
//!
//! Times and intervals have six decimals; doubles of TSV have at most six and no zeros at their
//! end; those of JSON are in `shortest`. All of it is decided by integer arithmetic on the exact
//! value, so the last digit is the one that a C library would print.

mod powers;
mod shortest;
#[cfg(test)]
mod tests;

pub(crate) use shortest::push_json_double;

/// Every number below 100 as two digits.
const PAIRS: [[u8; 2]; 100] = pairs();
/// The longest number of 64 bits, or one of `MICROS_LIMIT` with its decimals.
const TEXT_BYTES: usize = 20;
/// What a time is multiplied with, for its six decimals.
const MICROS: u64 = 1_000_000;
/// Below this the value times a million fits 64 bits.
const MICROS_LIMIT: f64 = 9e12;

/// Appends a count in decimal.
#[inline]
pub(crate) fn push_count(out: &mut Vec<u8>, value: u64) {
    if value < 10 {
        out.push(b'0' + (value % 10) as u8);
    } else if value < 100 {
        out.extend_from_slice(&pair(value));
    } else {
        push_long_count(out, value);
    }
}

fn push_long_count(out: &mut Vec<u8>, value: u64) {
    let mut text = [0; TEXT_BYTES];
    let start = write_before(&mut text, TEXT_BYTES, value);
    out.extend_from_slice(&text[start..]);
}

/// Writes a number so that it ends before `end`; returns where it starts.
#[inline]
fn write_before(text: &mut [u8; TEXT_BYTES], end: usize, mut value: u64) -> usize {
    let mut start = end;
    while value >= 100 {
        start -= 2;
        text[start..start + 2].copy_from_slice(&pair(value));
        value /= 100;
    }
    if value >= 10 {
        start -= 2;
        text[start..start + 2].copy_from_slice(&pair(value));
    } else {
        start -= 1;
        text[start] = b'0' + (value % 10) as u8;
    }
    start
}

/// Appends an int in decimal.
#[inline]
pub(crate) fn push_int(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    push_count(out, value.unsigned_abs());
}

/// Appends a time or an interval of TSV: six decimals, always.
pub(crate) fn push_fixed(out: &mut Vec<u8>, value: f64) {
    if let Some(micros) = micros(value) {
        if value.is_sign_negative() {
            out.push(b'-');
        }
        let mut text = [0; TEXT_BYTES];
        text[TEXT_BYTES - 7..].copy_from_slice(&decimals(micros % MICROS));
        let start = write_before(&mut text, TEXT_BYTES - 7, micros / MICROS);
        out.extend_from_slice(&text[start..]);
    } else if value.is_nan() {
        let negative = value.is_sign_negative();
        out.extend_from_slice(if negative { b"-nan" } else { b"nan" });
    } else {
        out.extend_from_slice(format!("{value:.6}").as_bytes());
    }
}

/// Appends a double of TSV: at most six decimals, and `.0` where the value is whole.
///
/// A value that is not whole but prints like one has no `.0`: 1.0000001 is `1`.
pub(crate) fn push_double(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.extend_from_slice(b"nan");
        return;
    }
    if let Some(micros) = micros(value) {
        if value < 0.0 {
            out.push(b'-');
        }
        push_count(out, micros / MICROS);
        let fraction = micros % MICROS;
        if fraction > 0 {
            let text = decimals(fraction);
            let end = text
                .iter()
                .rposition(|&b| b != b'0')
                .map_or(0, |last| last + 1);
            out.extend_from_slice(&text[..end]);
        }
    } else {
        let text = format!("{value:.6}");
        let text = if value.is_finite() {
            text.trim_end_matches('0')
        } else {
            &text
        };
        out.extend_from_slice(text.trim_end_matches('.').as_bytes());
    }
    if value.is_finite() && (value - value.round_ties_even()).abs() < 1e-9 {
        out.extend_from_slice(b".0");
    }
}

/// The value without its sign times a million, rounded as the exact value says, ties to even;
/// `None` where that does not fit.
fn micros(value: f64) -> Option<u64> {
    let value = value.abs();
    if value.is_nan() || value >= MICROS_LIMIT {
        return None;
    }
    let bits = value.to_bits();
    let biased = (bits >> 52) as u32;
    let fraction = bits & ((1 << 52) - 1);
    let (significand, exponent) = match biased {
        0 => (fraction, 1),
        _ => (fraction | (1 << 52), biased),
    };
    // The value is the significand divided by two to the power of `shift`; below `MICROS_LIMIT`
    // the latter is at least nine.
    let shift = 1075 - exponent;
    if shift > 80 {
        // Less than a ten thousandth of a millionth.
        return Some(0);
    }
    let product = u128::from(significand) * u128::from(MICROS);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "below `MICROS_LIMIT` it fits"
    )]
    let quotient = (product >> shift) as u64;
    let rest = product & ((1 << shift) - 1);
    let half = 1 << (shift - 1);
    let up = rest > half || (rest == half && quotient % 2 == 1);
    Some(quotient + u64::from(up))
}

/// A point and six digits.
fn decimals(micros: u64) -> [u8; 7] {
    let [a, b] = pair(micros / 10_000);
    let [c, d] = pair(micros / 100);
    let [e, f] = pair(micros);
    [b'.', a, b, c, d, e, f]
}

/// The last two digits of a number.
#[inline]
fn pair(number: u64) -> [u8; 2] {
    PAIRS[(number % 100) as usize]
}

const fn pairs() -> [[u8; 2]; 100] {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number as usize] = [b'0' + number / 10, b'0' + number % 10];
        number += 1_u8;
    }
    pairs
}
