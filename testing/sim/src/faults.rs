//! What goes wrong in a plan, and how it is mended.

use std::time::Duration;

use zeekwire_types::{Instant, Role};

use crate::plan::{HostPlan, Plan};
use crate::rng::Rng;
use crate::scenario::Trouble;
use crate::step::{Consumer, Step};

/// Adds one fault that begins at `at` and is mended by `until`, as one group of steps.
pub(crate) fn add(plan: &mut Plan, rng: &mut Rng, trouble: Trouble, at: Instant, until: Instant) {
    let left = u64::try_from(until.since(at).as_millis())
        .unwrap_or(u64::MAX)
        .max(1);
    let mended = |rng: &mut Rng, most_ms: u64| at + rng.millis(0..=most_ms.min(left));
    let count = plan.hosts.len();
    let host = rng.size(0..=count - 1);
    let steps = match trouble {
        Trouble::Reset => {
            let (a, b) = pair(plan, rng);
            vec![(at, Step::Reset { a, b })]
        }
        Trouble::Silence => {
            let end = mended(rng, 12_000);
            silence(plan, rng, at, end)
        }
        Trouble::Partition => {
            let inside: Vec<usize> = (0..count).filter(|_| rng.one_in(2)).collect();
            let end = mended(rng, 12_000);
            vec![(at, Step::Partition { inside }), (end, Step::Heal)]
        }
        Trouble::Crash => {
            let silently = rng.one_in(3);
            let keep = !rng.one_in(3);
            let most = if rng.one_in(2) { 1_000 } else { 9_000 };
            let back = mended(rng, most);
            vec![
                (at, Step::Crash { host, silently }),
                (back, Step::Restart { host, keep }),
            ]
        }
        Trouble::Freeze => {
            let most = *rng.pick(&[50, 1_500, 12_000]);
            let time = mended(rng, most).since(at);
            vec![(at, Step::Freeze { host, time })]
        }
        Trouble::Consumer => {
            let rate = *rng.pick(&[0, 1_000, 100_000, 5_000_000]);
            let consumer = match rng.one_in(2) {
                true => Consumer::Holding(rate),
                false => Consumer::Dropping(rate, rng.size(1_000..=500_000)),
            };
            let prompt = Step::Consume {
                host,
                consumer: Consumer::Prompt,
            };
            vec![
                (at, Step::Consume { host, consumer }),
                (mended(rng, 9_000), prompt),
            ]
        }
        Trouble::Clock | Trouble::ClockBack => {
            let far = *rng.pick(&[10, 3_600_000, 86_400_000]);
            let ms = i64::try_from(rng.within(0..=far)).unwrap_or(0);
            let ms = if trouble == Trouble::Clock { ms } else { -ms };
            vec![(at, Step::JumpClock { host, ms })]
        }
        Trouble::Move => match client(plan, rng) {
            Some(host) => vec![(at, Step::Move { host })],
            None => return,
        },
    };
    plan.add(steps);
}

fn silence(plan: &Plan, rng: &mut Rng, at: Instant, end: Instant) -> Vec<(Instant, Step)> {
    let (a, b) = pair(plan, rng);
    let ways = match rng.within(0..=3) {
        0 => vec![(a, b)],
        1 => vec![(b, a)],
        _ => vec![(a, b), (b, a)],
    };
    // Bytes that were held back come late, but they come.
    let later = end + Duration::from_micros(1);
    let blocks = ways.iter().map(|(from, to)| {
        (
            at,
            Step::Block {
                from: *from,
                to: *to,
            },
        )
    });
    let mended = ways.iter().map(|(from, to)| {
        (
            later,
            Step::Unblock {
                from: *from,
                to: *to,
            },
        )
    });
    blocks.chain(mended).collect()
}

/// Two hosts of which one connects to the other.
fn pair(plan: &Plan, rng: &mut Rng) -> (usize, usize) {
    let dials: Vec<(usize, usize)> = (0..)
        .zip(&plan.hosts)
        .flat_map(|(host, of)| of.dials.iter().flatten().map(move |to| (host, *to)))
        .collect();
    *rng.pick(&dials)
}

fn client(plan: &Plan, rng: &mut Rng) -> Option<usize> {
    let is_client = |(_, host): &(usize, &HostPlan)| host.role == Role::Client;
    let clients: Vec<usize> = (0..)
        .zip(&plan.hosts)
        .filter(is_client)
        .map(|(host, _)| host)
        .collect();
    (!clients.is_empty()).then(|| *rng.pick(&clients))
}
