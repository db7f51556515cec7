//! How long it takes to find the targets of a topic: with 10 filters and with 10,000, for topics
//! never seen before, and for topics that the cache knows.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::hint::black_box;
use std::time::Instant;

use zeekwire_core::topics::{FilterIndex, TopicTable};
use zeekwire_types::TopicFilter;

fn main() {
    println!(
        "{:44} {:>8} {:>8} {:>6}",
        "ns per topic, with filters:", 10, 10_000, "ratio"
    );
    for (name, matching) in [
        ("all topics match", 100),
        ("half of the topics match", 50),
        ("no topic matches", 0),
    ] {
        let small = Case::new(10, matching);
        let large = Case::new(10_000, matching);
        report(
            &format!("index, {name}"),
            || small.index_ns(),
            || large.index_ns(),
        );
        report(
            &format!("table, cold, {name}"),
            || small.table_ns(),
            || large.table_ns(),
        );
    }
    let large = Case::new(10_000, 50);
    let small = Case {
        topics: Topics::new(10_000, 50),
        ..Case::new(10, 50)
    };
    report(
        "index, the same topics",
        || small.index_ns(),
        || large.index_ns(),
    );
    report(
        "table, cold, the same topics",
        || small.table_ns(),
        || large.table_ns(),
    );
    report(
        "table, hot, 100 topics",
        || small.hot_ns(100),
        || large.hot_ns(100),
    );
    report(
        "table, hot, 1 topic",
        || small.hot_ns(1),
        || large.hot_ns(1),
    );
}

/// Filters and topics for them.
struct Case {
    filters: Vec<TopicFilter>,
    index: FilterIndex<u32>,
    topics: Topics,
}

/// Topics, one after the other in memory, as they would come from a socket.
struct Topics {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Case {
    fn new(filters: usize, matching_percent: usize) -> Self {
        let filters: Vec<_> = (0..filters)
            .map(|number| TopicFilter::new(filter(number)).expect("short"))
            .collect();
        let mut index = FilterIndex::new(1);
        for (key, filter) in (0..).zip(&filters) {
            index.insert(filter, key % 64);
        }
        let topics = Topics::new(filters.len(), matching_percent);
        Self {
            filters,
            index,
            topics,
        }
    }

    /// Nanoseconds for each topic, without a cache.
    fn index_ns(&self) -> f64 {
        let mut keys = Vec::new();
        let start = Instant::now();
        for topic in self.topics.iter() {
            self.index.matches(black_box(topic), &mut keys);
            black_box(&keys);
        }
        start.elapsed().as_secs_f64() * 1e9 / self.topics.ends.len() as f64
    }

    fn table(&self) -> TopicTable<u32> {
        let mut table = TopicTable::new(1);
        for (key, filter) in (0..).zip(&self.filters) {
            table.insert(filter, key % 64);
        }
        table
    }

    /// Nanoseconds for each topic when none was seen before, with the cache full of others.
    fn table_ns(&self) -> f64 {
        let mut table = self.table();
        for number in 0..50_000 {
            table.targets(format!("other/topic/to/fill/the/cache/{number}").as_bytes());
        }
        let start = Instant::now();
        for topic in self.topics.iter() {
            black_box(table.targets(black_box(topic)));
        }
        start.elapsed().as_secs_f64() * 1e9 / self.topics.ends.len() as f64
    }

    /// Nanoseconds for each topic when the same few come again and again.
    fn hot_ns(&self, topics: usize) -> f64 {
        const ROUNDS: usize = 300_000;
        let mut table = self.table();
        let topics: Vec<&[u8]> = self.topics.iter().take(topics).collect();
        for _ in 0..50 {
            for topic in &topics {
                table.targets(topic);
            }
        }
        let start = Instant::now();
        for topic in topics.iter().cycle().take(ROUNDS) {
            black_box(table.targets(black_box(topic)));
        }
        start.elapsed().as_secs_f64() * 1e9 / ROUNDS as f64
    }
}

impl Topics {
    fn new(filters: usize, matching_percent: usize) -> Self {
        const COUNT: usize = 100_000;
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        let mut random = 1_u64;
        for number in 0..COUNT {
            random = random
                .wrapping_mul(0x5851_f42d_4c95_7f2d)
                .wrapping_add(0x1405_7b7e_f767_814f);
            let high = usize::try_from(random >> 33).expect("31 bits");
            let filter = filter(high % filters);
            let rest = format!("t{number}");
            if number * 37 % 100 < matching_percent {
                bytes.extend(filter.replace('*', &rest).bytes());
            } else {
                // As filters of the same kinds, but of numbers that nobody has.
                bytes.extend(
                    self::filter(high % filters + 1_000_000)
                        .replace('*', &rest)
                        .bytes(),
                );
            }
            ends.push(bytes.len());
        }
        Self { bytes, ends }
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts
            .zip(&self.ends)
            .map(|(start, end)| &self.bytes[*start..*end])
    }
}

/// 90 % prefixes, 9 % with inner stars, 1 % without literal prefix; of ten filters, one is of the
/// second kind and none of the third.
fn filter(number: usize) -> String {
    let uuid = |number: usize| {
        let mixed = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let word = |shift: u32| mixed.rotate_left(shift) & 0xffff;
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            mixed >> 32,
            word(16),
            word(32),
            word(48),
            mixed & 0xffff_ffff_ffff
        )
    };
    match number % 100 {
        99 if number % 200 == 99 => format!("*foo{number}*"),
        99 => format!("*/bar{number}"),
        kind if kind % 10 == 9 => format!("zeek/*/x{number}"),
        kind => match kind % 3 {
            0 => format!("zeek/cluster/node/worker-{number}/*"),
            1 => format!("zeek.cluster.nodeid.{}.*", uuid(number)),
            _ => format!("zeek/table/{number}/*"),
        },
    }
}

/// Prints the medians of interleaved runs and their ratio.
fn report(name: &str, mut small: impl FnMut() -> f64, mut large: impl FnMut() -> f64) {
    let mut runs: Vec<(f64, f64)> = (0..9).map(|_| (small(), large())).collect();
    let mut median = |of: fn(&(f64, f64)) -> f64| {
        runs.sort_by(|left, right| of(left).total_cmp(&of(right)));
        of(&runs[runs.len() / 2])
    };
    let (small, large) = (median(|run| run.0), median(|run| run.1));
    println!("{name:44} {small:8.1} {large:8.1} {:6.2}", large / small);
}
