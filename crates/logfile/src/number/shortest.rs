//! Doubles of JSON: few digits that read back as the same double.
//!
//! This is the Grisu2 algorithm of Florian Loitsch ("Printing floating-point numbers quickly and
//! accurately with integers", 2010) with the range of exponents that Zeek's JSON library uses. It
//! is not always the shortest text: about one double in a thousand has a digit more than it needs,
//! and Zeek's logs have that digit.

use super::powers::FIRST;
use super::powers::SIGNIFICANDS;
use super::powers::STEP;
use super::powers::binary_exponent;
use super::push_count;

/// Digits before the point up to which no exponent is written.
const PLAIN_DIGITS_MAX: i32 = 21;
/// Zeros after the point up to which no exponent is written.
const PLAIN_ZEROS_MAX: i32 = 5;

/// Appends a double of JSON; `null` for those that JSON cannot say.
pub(crate) fn push_json_double(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        out.extend_from_slice(b"null");
        return;
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    if value == 0.0 {
        out.extend_from_slice(b"0.0");
        return;
    }
    let digits = Digits::of(value.abs());
    push_digits(out, digits.text(), digits.exponent);
}

/// Writes `digits` times ten to the `exponent`.
fn push_digits(out: &mut Vec<u8>, digits: &[u8], exponent: i32) {
    let count = i32::try_from(digits.len()).expect("at most twenty digits");
    // The point's place, counted from the first digit.
    let point = count + exponent;
    if (1..=PLAIN_DIGITS_MAX).contains(&point) {
        let whole = usize::try_from(point).expect("checked above");
        if exponent >= 0 {
            out.extend_from_slice(digits);
            out.resize(out.len() + whole - digits.len(), b'0');
            out.extend_from_slice(b".0");
        } else {
            out.extend_from_slice(&digits[..whole]);
            out.push(b'.');
            out.extend_from_slice(&digits[whole..]);
        }
    } else if (-PLAIN_ZEROS_MAX..=0).contains(&point) {
        out.extend_from_slice(b"0.");
        let zeros = usize::try_from(-point).expect("checked above");
        out.resize(out.len() + zeros, b'0');
        out.extend_from_slice(digits);
    } else {
        out.push(digits[0]);
        if digits.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        out.push(b'e');
        if point <= 0 {
            out.push(b'-');
        }
        push_count(out, u64::from((point - 1).unsigned_abs()));
    }
}

/// A number of 64 bits and an exponent of two.
#[derive(Clone, Copy)]
struct Scaled {
    significand: u64,
    exponent: i32,
}

impl Scaled {
    /// A finite double that is above zero.
    fn of(value: f64) -> Self {
        let bits = value.to_bits();
        let biased = i32::try_from(bits >> 52).expect("eleven bits, and no sign");
        let fraction = bits & ((1 << 52) - 1);
        match biased {
            0 => Self {
                significand: fraction,
                exponent: -1074,
            },
            _ => Self {
                significand: fraction | (1 << 52),
                exponent: biased - 1075,
            },
        }
    }

    fn normalized(self) -> Self {
        let shift = self.significand.leading_zeros();
        self.shifted(shift)
    }

    fn shifted(self, shift: u32) -> Self {
        Self {
            significand: self.significand << shift,
            exponent: self.exponent - shift as i32,
        }
    }

    /// The product's upper 64 bits, rounded by the highest of the lower.
    fn times(self, other: Self) -> Self {
        let product = u128::from(self.significand) * u128::from(other.significand);
        let rounded = (product >> 64) as u64 + u64::from((product >> 63) & 1 == 1);
        Self {
            significand: rounded,
            exponent: self.exponent + other.exponent + 64,
        }
    }
}

/// The digits of a double.
struct Digits {
    text: [u8; 20],
    count: usize,
    /// The power of ten of the last digit.
    exponent: i32,
}

/// How far the digits are from the value, all in units of the scaled upper boundary.
struct Distance {
    /// From the upper boundary down to the lower one.
    width: u64,
    /// From the upper boundary down to the value.
    value: u64,
}

impl Digits {
    /// The digits of a finite double above zero.
    fn of(value: f64) -> Self {
        let value = Scaled::of(value);
        let (lower, upper) = boundaries(value);
        let (power, exponent) = power_for(upper.exponent);
        let scaled = value.normalized().times(power);
        let mut upper = upper.times(power);
        // One unit inwards on both sides, for what multiplying may have lost.
        upper.significand -= 1;
        let lower = lower.times(power).significand + 1;
        let distance = Distance {
            width: upper.significand - lower,
            value: upper.significand - scaled.significand,
        };
        let mut digits = Self {
            text: [0; 20],
            count: 0,
            exponent,
        };
        digits.generate(upper, distance);
        digits
    }

    fn text(&self) -> &[u8] {
        &self.text[..self.count]
    }

    /// Takes digits off the upper boundary until what is left fits between the boundaries.
    fn generate(&mut self, upper: Scaled, mut distance: Distance) {
        let point = upper.exponent.unsigned_abs();
        debug_assert!(
            (32..=60).contains(&point),
            "the power was chosen for this range"
        );
        let unit = 1_u64 << point;
        let mut whole = upper.significand >> point;
        let mut fraction = upper.significand & (unit - 1);
        let mut left = count_of_digits(whole);
        while left > 0 {
            left -= 1;
            let ten = 10_u64.pow(left);
            self.push(whole / ten);
            whole %= ten;
            let rest = (whole << point) + fraction;
            if rest <= distance.width {
                self.exponent += left as i32;
                self.approach(&distance, rest, ten << point);
                return;
            }
        }
        loop {
            fraction *= 10;
            distance.width *= 10;
            // Wrong once it wraps, as it is in Zeek; that takes more digits than doubles have.
            distance.value = distance.value.wrapping_mul(10);
            self.push(fraction >> point);
            fraction &= unit - 1;
            self.exponent -= 1;
            if fraction < distance.width {
                self.approach(&distance, fraction, unit);
                return;
            }
        }
    }

    fn push(&mut self, digit: u64) {
        if digit > 0 || self.count > 0 {
            self.text[self.count] = b'0' + (digit % 10) as u8;
            self.count += 1;
        }
    }

    /// Lowers the last digit while that brings the text nearer to the value.
    fn approach(&mut self, distance: &Distance, mut rest: u64, step: u64) {
        let target = distance.value;
        while rest < target
            && distance.width - rest >= step
            && (rest + step < target || target - rest > rest + step - target)
        {
            self.text[self.count - 1] -= 1;
            rest += step;
        }
    }
}

/// Half-way to the doubles below and above, with one exponent.
fn boundaries(value: Scaled) -> (Scaled, Scaled) {
    let Scaled {
        significand,
        exponent,
    } = value;
    let upper = Scaled {
        significand: (significand << 1) + 1,
        exponent: exponent - 1,
    }
    .normalized();
    // Below a power of two, doubles lie twice as close.
    let lower = if significand == 1 << 52 {
        Scaled {
            significand: (significand << 2) - 1,
            exponent: exponent - 2,
        }
    } else {
        Scaled {
            significand: (significand << 1) - 1,
            exponent: exponent - 1,
        }
    };
    let shift = (lower.exponent - upper.exponent).unsigned_abs();
    (lower.shifted(shift), upper)
}

/// A power of ten that brings numbers with this exponent into reach of 32-bit digits, and the
/// exponent of ten that undoes it.
fn power_for(exponent: i32) -> (Scaled, i32) {
    // The decimal logarithm of two.
    let decimal = f64::from(-61 - exponent) * 0.301_029_995_663_981_14 + 347.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "between 20 and 680 for any double"
    )]
    let index = (decimal.ceil() as usize >> 3) + 1;
    let power = FIRST + STEP * i32::try_from(index).expect("below a hundred");
    let power_of_ten = Scaled {
        significand: SIGNIFICANDS[index],
        exponent: binary_exponent(power),
    };
    (power_of_ten, -power)
}

fn count_of_digits(number: u64) -> u32 {
    number.checked_ilog10().map_or(1, |log| log + 1)
}
