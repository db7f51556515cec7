//! Numbers, held against what Zeek's own code prints and against exact arithmetic.

use proptest::prelude::*;

use super::powers::FIRST;
use super::powers::SIGNIFICANDS;
use super::powers::STEP;
use super::powers::binary_exponent;
use super::*;

fn text(push: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    push(&mut out);
    String::from_utf8(out).expect("numbers are ASCII")
}

fn fixed(value: f64) -> String {
    text(|out| push_fixed(out, value))
}

fn double(value: f64) -> String {
    text(|out| push_double(out, value))
}

fn json(value: f64) -> String {
    text(|out| push_json_double(out, value))
}

#[test]
fn doubles_print_as_in_zeek() {
    // Written by Zeek's own code: times, doubles of TSV, doubles of JSON.
    for (value, in_time, in_tsv, in_json) in [
        (0.0, "0.000000", "0.0", "0.0"),
        (-0.0, "-0.000000", "0.0", "-0.0"),
        (-1.0, "-1.000000", "-1.0", "-1.0"),
        (0.1, "0.100000", "0.1", "0.1"),
        (1.000_000_1, "1.000000", "1", "1.0000001"),
        (0.999_999_9, "1.000000", "1", "0.9999999"),
        (-1e-9, "-0.000000", "-0", "-1e-9"),
        (-1e-10, "-0.000000", "-0.0", "-1e-10"),
        (5e-7, "0.000000", "0", "5e-7"),
        (1.5e-6, "0.000002", "0.000002", "0.0000015"),
        (0.007_812_5, "0.007812", "0.007812", "0.0078125"),
        (0.023_437_5, "0.023438", "0.023438", "0.0234375"),
        (1e-5, "0.000010", "0.00001", "0.00001"),
        (
            1_795_163_199.475_937,
            "1795163199.475937",
            "1795163199.475937",
            "1795163199.475937",
        ),
        (
            8_999_999_999_999.999,
            "8999999999999.998047",
            "8999999999999.998047",
            "8999999999999.998",
        ),
        (
            9e12,
            "9000000000000.000000",
            "9000000000000.0",
            "9000000000000.0",
        ),
        (
            1e21,
            "1000000000000000000000.000000",
            "1000000000000000000000.0",
            "1e21",
        ),
        (
            123_456_789_012_345_680_000.0,
            "123456789012345683968.000000",
            "123456789012345683968.0",
            "123456789012345680000.0",
        ),
        (5e-324, "0.000000", "0.0", "5e-324"),
        (
            f64::MIN_POSITIVE,
            "0.000000",
            "0.0",
            "2.2250738585072014e-308",
        ),
        (1.0 / 3.0, "0.333333", "0.333333", "0.3333333333333333"),
        (f64::INFINITY, "inf", "inf", "null"),
        (f64::NEG_INFINITY, "-inf", "-inf", "null"),
        (f64::NAN, "nan", "nan", "null"),
        (-f64::NAN, "-nan", "nan", "null"),
    ] {
        assert_eq!(fixed(value), in_time);
        assert_eq!(double(value), in_tsv);
        assert_eq!(json(value), in_json);
    }
    assert_eq!(json(f64::MAX), "1.7976931348623157e308");
}

#[test]
fn json_has_the_digit_too_many_that_zeek_writes() {
    // Written by Zeek's JSON library; the shortest text would be a digit shorter.
    let mut longer = 0;
    for (bits, text) in LONG {
        let value = f64::from_bits(bits);
        assert_eq!(json(value), text);
        longer += usize::from(text.len() > format!("{value:?}").len());
    }
    assert_eq!(longer, LONG.len());
}

#[test]
fn powers_of_ten_are_those_of_exact_arithmetic() {
    for (index, significand) in SIGNIFICANDS.iter().enumerate() {
        let power = FIRST + STEP * i32::try_from(index).unwrap();
        assert_eq!(significand >> 63, 1, "of {power}");
        let value: f64 = format!("1e{power}").parse().unwrap();
        if !value.is_normal() {
            continue;
        }
        // A double has 53 of the 64 bits.
        let bits = value.to_bits();
        let expected = (bits & ((1 << 52) - 1)) | (1 << 52);
        let exponent = i32::try_from(bits >> 52).unwrap() - 1075;
        let rounded = (significand >> 11) + (significand >> 10 & 1);
        assert!(rounded.abs_diff(expected) <= 1, "of {power}");
        assert_eq!(binary_exponent(power) + 11, exponent, "of {power}");
    }
}

proptest! {
    #[test]
    fn counts_and_ints_print_in_decimal(count: u64, int: i64, shift in 0_u32..64) {
        prop_assert_eq!(text(|out| push_count(out, count >> shift)), (count >> shift).to_string());
        prop_assert_eq!(text(|out| push_int(out, int >> shift)), (int >> shift).to_string());
    }

    #[test]
    fn times_are_rounded_as_the_exact_value_says(value in number()) {
        prop_assert_eq!(fixed(value), format!("{value:.6}"));
    }

    #[test]
    fn doubles_drop_zeros_only(value in number()) {
        let all = format!("{value:.6}");
        let printed = double(value);
        let padded = match printed.split_once('.') {
            None => format!("{printed}.000000"),
            Some((whole, fraction)) => format!("{whole}.{fraction:0<6}"),
        };
        prop_assert!(padded == all || (value == 0.0 && all == "-0.000000"), "{printed}");
        prop_assert!(!printed.ends_with('0') || printed.ends_with(".0") || !printed.contains('.'));
    }

    #[test]
    fn json_doubles_read_back_as_the_same_bits(bits: u64) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        prop_assert_eq!(json(value).parse::<f64>().unwrap().to_bits(), bits);
    }
}

/// Doubles of the sizes that logs have, with ties among them.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-1e10..1e10_f64),
        any::<i32>().prop_map(|n| f64::from(n) / 128.0),
        any::<i64>().prop_map(|n| n as f64 / (1_u64 << 50) as f64),
        any::<f64>().prop_filter("finite", |value| value.is_finite()),
    ]
}

/// Bits, and the text.
const LONG: [(u64, &str); 6] = [
    (0x4151_3503_86e0_cd05, "4510734.1074707555"),
    (0x41d9_58d8_2392_16b9, "1701011598.2826369"),
    (0x401c_22e5_de15_ca6c, "7.0340799999999994"),
    (0x401e_1032_9802_c0a4, "7.5158179999999994"),
    (0x402e_7131_a8ef_77f2, "15.221081999999999"),
    (0x4021_128b_4bf8_fcd6, "8.536218999999999"),
];
