//! Doubles as Broker writes them: IEEE 754 but for what is not normal.
//!
//! Broker swaps the two infinities, writes NaN as all ones, and makes garbage of subnormals, which
//! therefore become zero here.

const POSITIVE_INFINITY: u64 = 0xfff0_0000_0000_0000;
const NEGATIVE_INFINITY: u64 = 0x7ff0_0000_0000_0000;

pub(super) fn to_bits(x: f64) -> u64 {
    if x.is_nan() {
        u64::MAX
    } else if x == f64::INFINITY {
        POSITIVE_INFINITY
    } else if x == f64::NEG_INFINITY {
        NEGATIVE_INFINITY
    } else {
        flush(x).to_bits()
    }
}

pub(super) fn from_bits(bits: u64) -> f64 {
    match bits {
        POSITIVE_INFINITY => f64::INFINITY,
        NEGATIVE_INFINITY => f64::NEG_INFINITY,
        _ => match f64::from_bits(bits) {
            x if x.is_nan() => f64::NAN,
            x => flush(x),
        },
    }
}

fn flush(x: f64) -> f64 {
    if x.is_subnormal() {
        0.0_f64.copysign(x)
    } else {
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinities_are_swapped_and_nan_is_all_ones() {
        assert_eq!(to_bits(f64::INFINITY), f64::NEG_INFINITY.to_bits());
        assert_eq!(to_bits(f64::NEG_INFINITY), f64::INFINITY.to_bits());
        assert_eq!(to_bits(-f64::NAN), u64::MAX);
        assert_eq!(from_bits(to_bits(f64::INFINITY)), f64::INFINITY);
        assert_eq!(from_bits(to_bits(f64::NEG_INFINITY)), f64::NEG_INFINITY);
        assert!(from_bits(u64::MAX).is_nan());
    }

    #[test]
    fn subnormals_become_zero_both_ways() {
        assert_eq!(to_bits(5e-324), 0);
        assert_eq!(to_bits(-5e-324), (-0.0_f64).to_bits());
        assert_eq!(from_bits(1).to_bits(), 0);
        assert_eq!(to_bits(f64::MIN_POSITIVE), f64::MIN_POSITIVE.to_bits());
    }
}
