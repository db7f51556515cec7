//! Seeded randomness, and running a property over many seeds.

use std::ops::RangeInclusive;

/// SplitMix64 (Steele, Lea, Flood, 2014).
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(1))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        let (low, high) = range.into_inner();
        low + self.next() % (high - low + 1)
    }

    pub(crate) fn size(&mut self, range: RangeInclusive<usize>) -> usize {
        let (low, high) = range.into_inner();
        usize::try_from(self.within(low as u64..=high as u64)).expect("a size")
    }

    /// At most `most`.
    pub(crate) fn size32(&mut self, most: u32) -> u32 {
        u32::try_from(self.within(0..=most.into())).expect("at most `most`")
    }

    /// True once in `many` times.
    pub(crate) fn one_in(&mut self, many: u64) -> bool {
        self.next().is_multiple_of(many)
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.size(0..=from.len() - 1)]
    }
}

/// Runs a property for `count` seeds, `PAIR_TIMES` as many, or the one in `PAIR_SEED`.
pub(crate) fn for_seeds(name: &str, count: u64, property: impl Fn(u64)) {
    let number = |name| {
        let text = std::env::var(name).ok();
        text.map(|text| text.parse::<u64>().expect("a number of seeds, or a seed"))
    };
    let seeds = match number("PAIR_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..count * number("PAIR_TIMES").unwrap_or(1),
    };
    for seed in seeds {
        let replay = Replay { name, seed };
        property(seed);
        drop(replay);
    }
}

/// Says how to see a failure again.
struct Replay<'a> {
    name: &'a str,
    seed: u64,
}

impl Drop for Replay<'_> {
    #[expect(clippy::print_stdout, reason = "the harness shows it with the failure")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { name, seed } = self;
            println!("replay: PAIR_SEED={seed} cargo test -p zeekwire-core --test pair {name}");
        }
    }
}
