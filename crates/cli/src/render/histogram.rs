//! Latencies: recorded with bounded memory, shown as percentiles and bars.

use std::fmt::Write;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::number::nanoseconds;

/// Longest latency that is told apart; what is longer counts as this.
const NS_MAX: u64 = 60_000_000_000;
/// Bars of a chart, and the width of the longest.
const BAR_COUNT: u64 = 10;
const BAR_WIDTH: u64 = 40;

/// Spans of time, in nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct Latencies {
    histogram: Histogram<u64>,
}

/// The usual points of a distribution, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) count: u64,
    pub(crate) min_ns: u64,
    pub(crate) p50_ns: u64,
    pub(crate) p90_ns: u64,
    pub(crate) p99_ns: u64,
    pub(crate) max_ns: u64,
}

impl Latencies {
    pub(crate) fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, NS_MAX, 3);
        Self {
            histogram: histogram.expect("the bounds are constants that are allowed"),
        }
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        let ns = u64::try_from(latency.as_nanos()).unwrap_or(NS_MAX);
        self.histogram.saturating_record(ns.clamp(1, NS_MAX));
    }

    pub(crate) fn clear(&mut self) {
        self.histogram.reset();
    }

    pub(crate) fn percentiles(&self) -> Percentiles {
        let histogram = &self.histogram;
        if histogram.is_empty() {
            return Percentiles::default();
        }
        Percentiles {
            count: histogram.len(),
            min_ns: histogram.min(),
            p50_ns: histogram.value_at_quantile(0.5),
            p90_ns: histogram.value_at_quantile(0.9),
            p99_ns: histogram.value_at_quantile(0.99),
            max_ns: histogram.max(),
        }
    }

    /// Bars over equal steps from the shortest to the 99th percentile, and one for the rest.
    pub(crate) fn bars(&self) -> String {
        let Percentiles {
            min_ns,
            p99_ns,
            max_ns,
            ..
        } = self.percentiles();
        let step = ((p99_ns - min_ns) / BAR_COUNT).max(1);
        let mut counts: Vec<(String, u64)> = (1..=BAR_COUNT)
            .map(|i| (min_ns + i * step).min(max_ns))
            .chain([max_ns])
            .map(|to| (format!("to {}", nanoseconds(to)), 0))
            .collect();
        for point in self.histogram.iter_recorded() {
            // A point's value stands for the longest latency that shares its place.
            let steps = point.value_iterated_to().saturating_sub(min_ns) / step;
            let bar = usize::try_from(steps.min(BAR_COUNT)).unwrap_or(0);
            counts[bar].1 += point.count_at_value();
        }
        while counts.len() > 1 && counts.last().is_some_and(|(_, count)| *count == 0) {
            counts.pop();
        }
        // Steps below what a label shows are one bar.
        counts.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            kept.1 += if is_same { next.1 } else { 0 };
            is_same
        });
        let most = counts
            .iter()
            .map(|(_, count)| *count)
            .max()
            .unwrap_or(1)
            .max(1);
        let mut text = String::new();
        for (label, count) in counts {
            let width = (count * BAR_WIDTH).div_ceil(most);
            let bar = "#".repeat(usize::try_from(width).unwrap_or(0));
            writeln!(text, "  {label:>12}  {bar:<40} {count}")
                .expect("a string takes every character");
        }
        text.truncate(text.trim_end().len());
        text
    }
}

impl Percentiles {
    /// On one line.
    pub(crate) fn line(&self) -> String {
        if self.count == 0 {
            return "p50 -  p90 -  p99 -  max -".to_owned();
        }
        format!(
            "p50 {}  p90 {}  p99 {}  max {}",
            nanoseconds(self.p50_ns),
            nanoseconds(self.p90_ns),
            nanoseconds(self.p99_ns),
            nanoseconds(self.max_ns)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_latency_is_in_one_bar() {
        let close = (1_000_000..1_000_400).step_by(10).collect();
        for latencies_us in [
            vec![5],
            vec![5; 100],
            vec![1, 2, 3, 4, 1000],
            (1..500).collect(),
            close,
        ] {
            let mut latencies = Latencies::new();
            for us in &latencies_us {
                latencies.record(Duration::from_micros(*us));
            }
            let bars = latencies.bars();
            let shown: usize = bars
                .lines()
                .map(|line| {
                    line.split_whitespace()
                        .last()
                        .unwrap()
                        .parse::<usize>()
                        .unwrap()
                })
                .sum();
            assert_eq!(shown, latencies_us.len(), "{bars}");
            let mut labels: Vec<&str> = bars.lines().map(|line| &line[..14]).collect();
            let bar_count = labels.len();
            labels.dedup();
            assert_eq!(labels.len(), bar_count, "a label is there twice:\n{bars}");
            assert!(
                bars.lines().all(|line| line.chars().count() <= 79),
                "{bars}"
            );
        }
    }

    #[test]
    fn percentiles_of_nothing_are_zero() {
        assert_eq!(Latencies::new().percentiles(), Percentiles::default());
    }
}
