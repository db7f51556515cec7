//! Calendar times: in UTC for JSON, local for headers and for the names of rotated files.

use std::fmt;

use jiff::Timestamp;
use jiff::Zoned;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use crate::number::push_count;
use crate::number::push_int;

/// How Zeek writes the times of opening and closing, and those in the names of rotated files.
pub const STAMP_FORMAT: &str = "%Y-%m-%d-%H-%M-%S";

const DAY: i64 = 86_400;
/// Days in 400 years.
const ERA_DAYS: i64 = 146_097;

/// The time zone of headers and file names.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of the system, as the environment variable `TZ` or the system's settings say.
    #[must_use]
    pub fn system() -> Self {
        Self(TimeZone::system())
    }

    /// Coordinated Universal Time.
    #[must_use]
    pub const fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// A zone by its name, such as `Europe/Berlin`; `None` where the system does not know it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// The local time in the form of header lines: `2026-11-20-08-28-00`. `time` is in seconds
    /// since the Unix epoch.
    #[must_use]
    pub fn stamp(&self, time: f64) -> String {
        self.format(STAMP_FORMAT, time)
            .unwrap_or_else(|_| "1970-01-01-00-00-00".to_owned())
    }

    /// The local time in the form that `format` describes, as in C's `strftime`.
    ///
    /// # Errors
    /// [`FormatError`] when the format asks for what cannot be told.
    pub fn format(&self, format: &str, time: f64) -> Result<String, FormatError> {
        strtime::format(format, &self.at(time)).map_err(|error| FormatError {
            format: format.to_owned(),
            reason: error.to_string(),
        })
    }

    /// When the local day began that `time` is in.
    pub(crate) fn start_of_day(&self, time: f64) -> f64 {
        let day = self.at(time).start_of_day();
        day.map_or(time, |day| day.timestamp().as_second() as f64)
    }

    /// The time that a stamp of [`Zone::stamp`] says.
    pub(crate) fn parse_stamp(&self, stamp: &str) -> Option<f64> {
        let parsed = strtime::parse(STAMP_FORMAT, stamp)
            .ok()?
            .to_datetime()
            .ok()?;
        let zoned = parsed.to_zoned(self.0.clone()).ok()?;
        Some(zoned.timestamp().as_second() as f64)
    }

    fn at(&self, time: f64) -> Zoned {
        let timestamp = Timestamp::from_second(crate::formatter::whole(time));
        timestamp
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_zoned(self.0.clone())
    }
}

/// A format that describes no time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FormatError {
    format: String,
    reason: String,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the format of times {:?} cannot be used: {}",
            self.format, self.reason
        )
    }
}

impl std::error::Error for FormatError {}

/// Appends a time as JSON's `TS_ISO8601` has it, with its quotes.
///
/// The fraction is rounded by itself, so one close to a second becomes `.1000000`, and a year is
/// as long as it needs to be: both as in Zeek.
pub(crate) fn push_iso8601(out: &mut Vec<u8>, time: f64) {
    let seconds = crate::formatter::whole(time.floor());
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let year_fits = i32::try_from(year - 1900).is_ok();
    if !year_fits {
        out.extend_from_slice(b"\"2000-01-01T00:00:00.000000\"");
        return;
    }
    let second = seconds.rem_euclid(DAY).unsigned_abs();
    out.push(b'"');
    push_int(out, year);
    let parts = [
        (b'-', month),
        (b'-', day),
        (b'T', second / 3600),
        (b':', second / 60 % 60),
    ];
    for (before, number) in parts {
        out.push(before);
        push_two(out, number);
    }
    out.push(b':');
    push_two(out, second % 60);
    out.push(b'.');
    push_fraction(out, time);
    out.extend_from_slice(b"Z\"");
}

fn push_fraction(out: &mut Vec<u8>, time: f64) {
    let fraction = time.fract();
    let fraction = if fraction < 0.0 {
        fraction + 1.0
    } else {
        fraction.abs()
    };
    let micros = crate::formatter::whole((fraction * 1e6).round_ties_even()).unsigned_abs();
    let mut limit = 100_000;
    while limit > 1 && micros < limit {
        out.push(b'0');
        limit /= 10;
    }
    push_count(out, micros);
}

fn push_two(out: &mut Vec<u8>, number: u64) {
    if number < 10 {
        out.push(b'0');
    }
    push_count(out, number);
}

/// The time that a text of [`push_iso8601`] says, without quotes; `None` for any other text.
pub(crate) fn parse_iso8601(text: &[u8]) -> Option<f64> {
    /// Of what follows the year.
    const REST_BYTES: usize = "-01-20T00:00:00.000000Z".len();
    let (year, rest) = text.split_at_checked(text.len().checked_sub(REST_BYTES)?)?;
    let year: i64 = std::str::from_utf8(year).ok()?.parse().ok()?;
    let number = |place: usize, digits: usize| -> Option<i64> {
        std::str::from_utf8(&rest[place..place + digits])
            .ok()?
            .parse()
            .ok()
    };
    let days = days(
        i32::try_from(year).ok()?.into(),
        number(1, 2)?,
        number(4, 2)?,
    );
    let second = number(7, 2)? * 3600 + number(10, 2)? * 60 + number(13, 2)?;
    let time = (days * DAY + second) as f64 + number(16, 6)? as f64 / 1e6;
    // Whatever is not as it would be written, such as a 30th of February, is no such text.
    let mut again = Vec::with_capacity(text.len() + 2);
    push_iso8601(&mut again, time);
    (again[1..again.len() - 1] == *text).then_some(time)
}

/// Days from 1970-01-01 to that day; the inverse of [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let era = year.div_euclid(400);
    let year = year.rem_euclid(400);
    let day = year * 365 + year / 4 - year / 100 + (153 * month + 2) / 5 + day - 1;
    era * ERA_DAYS + day - 719_468
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar without end.
fn civil(days: i64) -> (i64, u64, u64) {
    // Years begin in March here, so that the day that is sometimes there is the last one.
    let days = days + 719_468;
    let era = days.div_euclid(ERA_DAYS);
    let day = days.rem_euclid(ERA_DAYS).unsigned_abs();
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year.cast_signed() + next, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(time: f64) -> String {
        let mut out = Vec::new();
        push_iso8601(&mut out, time);
        String::from_utf8(out).unwrap().trim_matches('"').to_owned()
    }

    #[test]
    fn iso_times_are_those_of_the_c_library() {
        for (time, text) in [
            (0.0, "1970-01-01T00:00:00.000000Z"),
            (1_768_867_201.25, "2026-01-20T00:00:01.250000Z"),
            (951_782_400.0, "2000-02-29T00:00:00.000000Z"),
            (-0.5, "1969-12-31T23:59:59.500000Z"),
            (-1.0, "1969-12-31T23:59:59.000000Z"),
            (0.000_000_5, "1970-01-01T00:00:00.000000Z"),
            (0.000_001_5, "1970-01-01T00:00:00.000002Z"),
            (1.999_999_9, "1970-01-01T00:00:01.1000000Z"),
            (-62_000_000_000.0, "5-04-19T09:46:40.000000Z"),
            (-62_201_779_201.0, "-2-11-26T23:59:59.000000Z"),
            (253_402_300_800.0, "10000-01-01T00:00:00.000000Z"),
            (67_768_036_191_676_800.0, "2000-01-01T00:00:00.000000"),
            (f64::NAN, "2000-01-01T00:00:00.000000"),
            (f64::INFINITY, "2000-01-01T00:00:00.000000"),
        ] {
            assert_eq!(iso(time), text, "of {time}");
            let again = parse_iso8601(text.as_bytes());
            let is_exact = (time * 64.0).fract() == 0.0 && text.ends_with('Z');
            assert!(!is_exact || again == Some(time), "of {text}: {again:?}");
        }
    }

    #[test]
    fn stamps_are_local_and_can_be_read_again() {
        let utc = Zone::utc();
        assert_eq!(utc.stamp(1_795_163_280.9), "2026-11-20-08-28-00");
        assert_eq!(
            utc.parse_stamp("2026-11-20-08-28-00"),
            Some(1_795_163_280.0)
        );
        assert_eq!(utc.parse_stamp("2026-11-20"), None);
        if let Some(berlin) = Zone::named("Europe/Berlin") {
            assert_eq!(berlin.stamp(1_795_163_280.0), "2026-11-20-09-28-00");
            assert_eq!(
                berlin.parse_stamp("2026-11-20-09-28-00"),
                Some(1_795_163_280.0)
            );
            assert_eq!(berlin.start_of_day(1_795_163_280.0), 1_795_129_200.0);
        }
    }

    #[test]
    fn format_that_says_nothing_is_refused() {
        let error = Zone::utc().format("%~!", 0.0).unwrap_err();
        assert!(error.to_string().contains("\"%~!\""), "{error}");
    }
}
