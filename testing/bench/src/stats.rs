//! Medians over runs, percentiles over round trips.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::failure::{Failure, Result};

/// One quantity, measured once per run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// The middle value, or the mean of the two middle ones.
    pub(crate) fn median(&self) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        if sorted.is_empty() {
            None
        } else if sorted.len().is_multiple_of(2) {
            Some(f64::midpoint(sorted[middle - 1], sorted[middle]))
        } else {
            Some(sorted[middle])
        }
    }

    /// The smallest and the largest value.
    pub(crate) fn range(&self) -> Option<(f64, f64)> {
        let smallest = self.0.iter().copied().min_by(f64::total_cmp)?;
        let largest = self.0.iter().copied().max_by(f64::total_cmp)?;
        Some((smallest, largest))
    }

    /// How many runs there were.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

impl Extend<f64> for Samples {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, values: I) {
        self.0.extend(values);
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

/// The durations of one run's round trips, to three significant digits.
#[derive(Debug)]
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    pub(crate) fn new() -> Result<Self> {
        let longest = u64::try_from(LONGEST.as_nanos()).unwrap_or(u64::MAX);
        let histogram = Histogram::new_with_bounds(1, longest, 3)
            .map_err(|error| Failure::new(format!("histogram: {error:?}")))?;
        Ok(Self(histogram))
    }

    /// Takes one round trip; what is longer than ten seconds counts as ten seconds.
    pub(crate) fn take(&mut self, took: Duration) {
        self.0
            .saturating_record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// The duration in nanoseconds that `percent` of all round trips do not exceed.
    pub(crate) fn percentile_ns(&self, percent: f64) -> u64 {
        self.0.value_at_percentile(percent)
    }
}

const LONGEST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn median_of(values: &[f64]) -> Option<f64> {
        values.iter().copied().collect::<Samples>().median()
    }

    #[test]
    fn median_is_the_middle_of_the_sorted_values() {
        assert_eq!(median_of(&[]), None);
        assert_eq!(median_of(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median_of(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn one_outlier_does_not_move_the_median() {
        assert_eq!(median_of(&[1.0, 1.0, 1000.0, 1.0, 1.0]), Some(1.0));
    }

    #[test]
    fn range_spans_all_runs() {
        let samples: Samples = [2.0, -1.0, 5.0].into_iter().collect();
        assert_eq!((samples.range(), samples.count()), (Some((-1.0, 5.0)), 3));
    }

    #[test]
    fn percentiles_are_within_a_thousandth() {
        let mut latencies = Latencies::new().unwrap();
        (1..=20_000).for_each(|us| latencies.take(Duration::from_micros(us)));
        let near = |ns: u64, us: u64| ns.abs_diff(us * 1000) <= us;
        assert!(near(latencies.percentile_ns(50.0), 10_000));
        assert!(near(latencies.percentile_ns(99.0), 19_800));
        assert_eq!(latencies.count(), 20_000);
    }

    #[test]
    fn endless_round_trip_is_counted() {
        let mut latencies = Latencies::new().unwrap();
        latencies.take(Duration::MAX);
        assert_eq!(latencies.count(), 1);
        assert!(latencies.percentile_ns(50.0) >= 9_990_000_000);
    }
}
