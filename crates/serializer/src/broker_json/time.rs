//! Times and timespans as text.

const NS_PER_SECOND: i64 = 1_000_000_000;
const NS_PER_MS: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// Units of timespans, largest first.
const OUTPUT_UNITS: [(i64, &str); 4] = [
    (NS_PER_SECOND, "s"),
    (NS_PER_MS, "ms"),
    (1_000, "us"),
    (1, "ns"),
];
/// Units that are read besides.
const INPUT_UNITS: [(i64, &str); 2] = [(3600 * NS_PER_SECOND, "h"), (60 * NS_PER_SECOND, "min")];

/// The text of a point in time: UTC, cut off to milliseconds; before 1970, to seconds towards it.
pub(super) fn timestamp(ns: i64) -> String {
    let seconds = ns / NS_PER_SECOND;
    let ms = (ns % NS_PER_SECOND).max(0) / NS_PER_MS;
    let (year, month, day) = civil(seconds.div_euclid(SECONDS_PER_DAY));
    let second = seconds.rem_euclid(SECONDS_PER_DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}")
}

/// The text of a timespan: a whole number of the largest unit that is exact.
pub(super) fn timespan(ns: i64) -> String {
    let exact = OUTPUT_UNITS.into_iter().find(|(unit, _)| ns % unit == 0);
    let (unit, word) = exact.unwrap_or((1, "ns"));
    format!("{}{word}", ns / unit)
}

/// Reads a timestamp with up to nine decimals, and `Z`, an offset, or nothing, which is UTC.
pub(super) fn parse_timestamp(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (date, rest) = bytes.split_at_checked(19)?;
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators.into_iter().any(|(at, byte)| date[at] != byte) {
        return None;
    }
    let field = |from: usize, to: usize| digits(&date[from..to]);
    let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
    let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_from_civil(year, month, day);
    if civil(days) != (year, month, day) {
        return None;
    }
    let (fraction_ns, rest) = fraction(rest)?;
    let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - offset(rest)?;
    let ns = i128::from(seconds) * i128::from(NS_PER_SECOND) + i128::from(fraction_ns);
    i64::try_from(ns).ok()
}

/// Reads a whole number with a unit.
pub(super) fn parse_timespan(text: &str) -> Option<i64> {
    let unit_at = text.rfind(|c: char| !c.is_ascii_alphabetic())? + 1;
    let (amount, word) = text.split_at_checked(unit_at)?;
    let mut units = OUTPUT_UNITS.into_iter().chain(INPUT_UNITS);
    let (unit, _) = units.find(|(_, known)| *known == word)?;
    let plain = amount.strip_prefix('-').unwrap_or(amount);
    if plain.is_empty() || !plain.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    amount.parse::<i64>().ok()?.checked_mul(unit)
}

/// Nanoseconds of a fraction, if there is one, and what follows it.
fn fraction(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let Some(after) = bytes.strip_prefix(b".") else {
        return Some((0, bytes));
    };
    let count = after.iter().take_while(|b| b.is_ascii_digit()).count();
    let (places, rest) = after.split_at(count);
    let missing = u32::try_from(9_usize.checked_sub(count)?).ok()?;
    if count == 0 {
        return None;
    }
    Some((digits(places)? * 10_i64.pow(missing), rest))
}

/// Seconds east of UTC.
fn offset(bytes: &[u8]) -> Option<i64> {
    let (sign, rest) = match bytes {
        [] | b"Z" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hour, minute) = match rest {
        [_, _] => (digits(rest)?, 0),
        [_, _, minute @ ..] => {
            let minute = minute.strip_prefix(b":").unwrap_or(minute);
            (
                digits(&rest[..2])?,
                digits(minute).filter(|_| minute.len() == 2)?,
            )
        }
        _ => return None,
    };
    (hour < 24 && minute < 60).then_some(sign * (hour * 3600 + minute * 60))
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0_i64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
///
/// Years are counted from March, so the leap day is the last of its year.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
const fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_the_range_survives() {
        for days in (-106_752..106_752).step_by(13) {
            let (year, month, day) = civil(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(-1), (1969, 12, 31));
        assert_eq!(civil(11_016), (2000, 2, 29));
    }

    #[test]
    fn timestamps_are_written_as_broker_writes_them() {
        let second = NS_PER_SECOND;
        assert_eq!(timestamp(1_404_901_004 * second), "2014-07-09T10:16:44.000");
        assert_eq!(timestamp(999_999), "1970-01-01T00:00:00.000");
        assert_eq!(timestamp(-second / 2), "1970-01-01T00:00:00.000");
        assert_eq!(timestamp(-second * 3 / 2), "1969-12-31T23:59:59.000");
    }

    #[test]
    fn timestamps_are_read_with_fractions_and_offsets() {
        let base = 1_404_901_004 * NS_PER_SECOND;
        for (text, ns) in [
            ("2014-07-09T10:16:44", base),
            ("2014-07-09T10:16:44.5", base + NS_PER_SECOND / 2),
            ("2014-07-09T10:16:44.123456789Z", base + 123_456_789),
            ("2014-07-09T12:16:44+02", base),
            ("2014-07-09T08:46:44-01:30", base),
            ("2014-07-09T08:46:44-0130", base),
        ] {
            assert_eq!(parse_timestamp(text), Some(ns), "{text}");
        }
        for text in [
            "",
            "2014-07-09",
            "2014-02-30T00:00:00",
            "2014-13-01T00:00:00",
            "2014-07-09T24:00:00",
            "2014-07-09T10:16:44.",
            "2014-07-09T10:16:44.1234567890",
            "2014-07-09T10:16:44x",
            "2014-07-09T10:16:44+2",
            "2014-07-09T10:16:44+24",
            "2300-01-01T00:00:00",
            "2014-07-09 10:16:44",
            "é014-07-09T10:16:44",
            "2014-07-09T10:16:44+02:é",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn timespans_use_the_largest_exact_unit() {
        for (text, ns) in [
            ("0s", 0),
            ("1ns", 1),
            ("999ns", 999),
            ("1us", 1000),
            ("999us", 999_000),
            ("1ms", 1_000_000),
            ("1s", NS_PER_SECOND),
            ("-2us", -2000),
            ("90s", 90 * NS_PER_SECOND),
            ("-9223372036854775808ns", i64::MIN),
        ] {
            assert_eq!(timespan(ns), text);
            assert_eq!(parse_timespan(text), Some(ns), "{text}");
        }
        assert_eq!(parse_timespan("2h"), Some(7200 * NS_PER_SECOND));
        assert_eq!(parse_timespan("3min"), Some(180 * NS_PER_SECOND));
        for text in [
            "",
            "s",
            "5",
            "1.5s",
            "+1s",
            "1d",
            "9223372036854775807s",
            "- 1s",
            "1 s",
        ] {
            assert_eq!(parse_timespan(text), None, "{text}");
        }
    }
}
