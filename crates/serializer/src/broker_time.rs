//! Between Zeek's times, doubles of seconds, and Broker's, whole nanoseconds in 64 bits.

use zeekwire_types::Value;

use crate::error::EncodeFault;

const NS_PER_SECOND: f64 = 1e9;
/// The first number of nanoseconds that 64 bits do not hold: 2^63.
const NS_END: f64 = 9_223_372_036_854_775_808.0;

/// Nanoseconds of a time or interval, cut off towards zero as Zeek does.
pub(crate) fn to_ns(seconds: f64) -> Result<i64, EncodeFault> {
    let ns = seconds * NS_PER_SECOND;
    if !(-NS_END..NS_END).contains(&ns) {
        return Err(EncodeFault::TimeOutOfRange);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range was checked; Zeek cuts off"
    )]
    Ok(ns as i64)
}

/// Seconds that become `ns` again.
///
/// Zeek divides, and the quotient often comes back one lower. So if the nearest double does not
/// become `ns` again and one next to it does, this is that one. Where doubles are too far apart
/// for that, it is one that keeps the multiple of `grain_ns` below, or else the nearest. Two steps
/// suffice: quotient and product are each off by half a step of a double at most.
pub(crate) fn from_ns(ns: i64, grain_ns: i64) -> f64 {
    let nearest = ns as f64 / NS_PER_SECOND;
    let (above, below) = (nearest.next_up(), nearest.next_down());
    let candidates = [nearest, above, below, above.next_up(), below.next_down()];
    let keeps = |grain: i64| {
        let wanted = ns / grain;
        let back = move |x: &f64| to_ns(*x).is_ok_and(|back| back / grain == wanted);
        candidates.into_iter().find(back)
    };
    keeps(1).or_else(|| keeps(grain_ns)).unwrap_or(nearest)
}

/// The time that a timestamp stands for.
pub(crate) fn time(ns: i64, grain_ns: i64) -> Value {
    Value::Time(from_ns(ns, grain_ns))
}

/// The interval that a timespan stands for.
pub(crate) fn interval(ns: i64) -> Value {
    Value::Interval(from_ns(ns, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_of_nanoseconds_survive_a_round_trip() {
        for ns in (-1_000_000..1_000_000).chain([i64::MIN, 86_400_000_000_001, 1_234_567_890]) {
            assert_eq!(to_ns(from_ns(ns, 1)), Ok(ns));
        }
        assert_eq!(to_ns(1768867200.123457), Ok(0x188c_4758_be32_ce00));
    }

    #[test]
    fn milliseconds_survive_at_todays_times() {
        for ms in 1_768_867_200_000..1_768_867_203_000_i64 {
            let back = to_ns(from_ns(ms * 1_000_000, 1_000_000)).unwrap();
            assert_eq!(back / 1_000_000, ms);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for seconds in [f64::NAN, f64::INFINITY, 1e10, -1e10, 9_223_372_036.854_776] {
            assert_eq!(
                to_ns(seconds),
                Err(EncodeFault::TimeOutOfRange),
                "{seconds}"
            );
        }
        assert_eq!(to_ns(-9_223_372_036.854_776), Ok(i64::MIN));
    }
}
