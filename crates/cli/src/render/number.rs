//! Numbers as people read them.

/// A count with commas: `12,345`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate, rounded to whole things: `60,012`.
pub(crate) fn rate(things: u64, seconds: f64) -> String {
    if seconds <= 0.0 {
        return "0".to_owned();
    }
    #[expect(clippy::cast_possible_truncation, reason = "rates are far below 2^64")]
    #[expect(clippy::cast_sign_loss, reason = "counts and seconds are not negative")]
    #[expect(clippy::cast_precision_loss, reason = "a rate is shown rounded")]
    let rate = (things as f64 / seconds).round() as u64;
    count(rate)
}

/// Bytes with a binary unit: `1.2 MiB`.
pub(crate) fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if n < 1024 {
        return format!("{n} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let mut amount = n as f64 / 1024.0;
    let mut unit = 0;
    while amount >= 1023.95 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    format!("{amount:.1} {}", UNITS[unit])
}

/// A part of a whole, both in bytes: `1.2 MiB of 8.0 MiB`.
pub(crate) fn share(part: u64, whole: u64) -> String {
    match whole {
        0 => "-".to_owned(),
        _ => format!("{} of {}", bytes(part), bytes(whole)),
    }
}

/// A short span of time: `850 ns`, `85.1 µs`, `3.1 ms`, `2.4 s`.
pub(crate) fn nanoseconds(ns: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let ns_real = ns as f64;
    let (amount, unit) = match ns {
        0..1_000 => return format!("{ns} ns"),
        1_000..1_000_000 => (ns_real / 1e3, "µs"),
        1_000_000..1_000_000_000 => (ns_real / 1e6, "ms"),
        _ => (ns_real / 1e9, "s"),
    };
    if amount >= 99.95 {
        format!("{amount:.0} {unit}")
    } else {
        format!("{amount:.1} {unit}")
    }
}

/// How long something lasts, coarsely: `3 s`, `2 min`, `1 h 3 min`, `2 d 4 h`.
pub(crate) fn age(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "ages are far below 2^64 seconds"
    )]
    #[expect(clippy::cast_sign_loss, reason = "the maximum is not negative")]
    let whole = seconds.max(0.0) as u64;
    match whole {
        0..10 => format!("{:.1} s", seconds.max(0.0)),
        10..120 => format!("{whole} s"),
        120..3600 => format!("{} min", whole / 60),
        3600..86_400 => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
        _ => format!("{} d {} h", whole / 86_400, whole % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_have_units() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(count),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [0, 1023, 1536, 8 << 20].map(bytes),
            ["0 B", "1023 B", "1.5 KiB", "8.0 MiB"]
        );
        assert_eq!(bytes(1024 * 1024 - 1), "1.0 MiB");
        assert_eq!(
            [999, 61_040, 851_000, 3_100_000, 2_400_000_000].map(nanoseconds),
            ["999 ns", "61.0 µs", "851 µs", "3.1 ms", "2.4 s"]
        );
        assert_eq!(
            [0.5, 60.0, 600.0, 4000.0, 9e5].map(age),
            ["0.5 s", "60 s", "10 min", "1 h 6 min", "10 d 10 h"]
        );
        assert_eq!(
            (rate(10, 0.0), rate(3000, 2.0)),
            ("0".into(), "1,500".into())
        );
    }
}
