//! Finding the targets of topics that were never seen before, among few filters and among many.

use std::hint::black_box;
use std::time::{Duration, Instant};

use zeekwire_core::topics::TopicTable;
use zeekwire_types::TopicFilter;

use super::{Bench, Figure, paired};
use crate::Group;
use crate::failure::{Failure, Result};
use crate::report::{Row, Target};

pub(super) const FIGURE: Figure = Figure {
    name: "topic matching",
    group: Group::Events,
    ids: &["match_10000_vs_10"],
    extras: &[],
    rivals: false,
    limit: Duration::from_secs(60),
    measure,
};

/// Topics per run. None comes twice, so none is answered from the cache.
const TOPIC_COUNT: usize = 100_000;
/// Subscribers that the filters are spread over.
const KEY_COUNT: usize = 64;

fn measure(bench: &Bench, _deadline: Instant) -> Vec<Row> {
    let (many, few) = (Case::new(10_000), Case::new(10));
    let outcome = paired(bench.runs, || many.run(), || few.run());
    vec![Row {
        id: FIGURE.ids[0].to_owned(),
        target: Target::AtMost(2.0),
        unit: "ns/topic",
        outcome,
    }]
}

/// Filters, and topics of which every other one matches one of them.
struct Case {
    filters: Vec<TopicFilter>,
    topics: Vec<Vec<u8>>,
}

impl Case {
    fn new(filter_count: usize) -> Self {
        let filter =
            |number| TopicFilter::new(pattern(number)).expect("it is short and has a star");
        let filters = (0..filter_count).map(filter).collect();
        let topics = (0..TOPIC_COUNT)
            .map(|number| topic(number, filter_count))
            .collect();
        Self { filters, topics }
    }

    /// Nanoseconds for each topic, the cache being full of others at first.
    #[expect(clippy::cast_precision_loss, reason = "a run takes seconds, not days")]
    fn run(&self) -> Result<f64> {
        let mut table = TopicTable::new(0x2545_f491_4f6c_dd1d);
        for (number, filter) in self.filters.iter().enumerate() {
            table.insert(filter, number % KEY_COUNT);
        }
        for number in 0..10_000 {
            table.targets(format!("seen/before/{number}").as_bytes());
        }
        let mut found = 0;
        let start = Instant::now();
        for topic in &self.topics {
            found += black_box(table.targets(black_box(topic))).len();
        }
        let took = start.elapsed();
        if found < self.topics.len() / 2 {
            return Err(Failure::new(format!("only {found} targets were found")));
        }
        Ok(took.as_nanos() as f64 / self.topics.len() as f64)
    }
}

/// The filter of that number: of a hundred, ninety are prefixes, nine have an inner star, and one
/// has no literal prefix. Ten filters are nine prefixes and one with an inner star.
fn pattern(number: usize) -> String {
    match number % 100 {
        99 => format!("*/report-{number}"),
        kind if kind % 10 == 9 => format!("zeek/cluster/*/task-{number}"),
        kind if kind % 2 == 0 => format!("zeek/cluster/node/worker-{number}/*"),
        _ => format!("zeek/intel/feed-{number}/*"),
    }
}

/// A topic that no other number gives; even numbers match a filter below `filter_count`.
fn topic(number: usize, filter_count: usize) -> Vec<u8> {
    // A multiplication by an odd constant visits the filters in no order that prefetching knows.
    let scattered = number.wrapping_mul(0x9e37_79b1) >> 4;
    let filter = scattered % filter_count;
    let filter = if number.is_multiple_of(2) {
        filter
    } else {
        filter + 1_000_000
    };
    pattern(filter)
        .replace('*', &format!("item-{number}"))
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_have_the_promised_mix() {
        let kinds = (0..10_000).map(pattern).fold([0; 3], |mut kinds, pattern| {
            let kind = if pattern.starts_with('*') {
                2
            } else {
                usize::from(!pattern.ends_with('*'))
            };
            kinds[kind] += 1;
            kinds
        });
        assert_eq!(kinds, [9000, 900, 100]);
    }

    #[test]
    fn half_of_the_topics_match_and_none_repeats() {
        for filter_count in [10, 10_000] {
            let case = Case::new(filter_count);
            let mut table = TopicTable::new(1);
            for filter in &case.filters {
                table.insert(filter, 0);
            }
            let hits = |topic: &Vec<u8>| !table.targets(topic).is_empty();
            assert_eq!(
                case.topics.iter().map(hits).filter(|hit| *hit).count(),
                TOPIC_COUNT / 2
            );
            let mut topics = case.topics;
            topics.sort();
            topics.dedup();
            assert_eq!(topics.len(), TOPIC_COUNT);
        }
    }
}
