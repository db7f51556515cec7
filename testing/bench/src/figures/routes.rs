//! What a change of a link costs fifty members, and what they tell each other when a link comes up.

use std::time::{Duration, Instant};

use super::{Bench, Figure};
use crate::Group;
use crate::failure::{Failure, Result};
use crate::mesh::{Mesh, Random};
use crate::process::thread_run_time;
use crate::report::{Outcome, Row, Target};
use crate::stats::Samples;

pub(super) const FIGURE: Figure = Figure {
    name: "routes of fifty members",
    group: Group::Cluster,
    ids: &[UPDATE, RESYNC],
    extras: &[UPDATE_AND_USE],
    rivals: false,
    limit: Duration::from_secs(90),
    measure,
};

const UPDATE: &str = "route_update_50_ms";
const UPDATE_AND_USE: &str = "route_update_and_use_50_ms";
const RESYNC: &str = "resync_50_kib";

const MEMBER_COUNT: usize = 50;
/// Four links of each member on average.
const LINK_COUNT: usize = 100;
const FILTER_COUNT: usize = 100;
/// Links that go down and come up again in each run.
const CHANGE_COUNT: u32 = 20;

fn measure(bench: &Bench, _deadline: Instant) -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, target, used) in [
        (UPDATE, Target::AtMost(20.0), false),
        (UPDATE_AND_USE, Target::None, true),
    ] {
        if bench.wants(id) {
            rows.push(Row {
                id: id.to_owned(),
                target,
                unit: "ms CPU",
                outcome: updates(bench.runs, used).unwrap_or_else(Outcome::Failed),
            });
        }
    }
    if bench.wants(RESYNC) {
        rows.push(Row {
            id: RESYNC.to_owned(),
            target: Target::AtMost(1024.0),
            unit: "KiB",
            outcome: resync().unwrap_or_else(Outcome::Failed),
        });
    }
    rows
}

/// The dearer of the two changes, each averaged over a run. Where `used`, every member publishes
/// a message for all others after each change, so that every tree is found anew at every member;
/// what the same messages cost without a change is taken off.
fn updates(runs: usize, used: bool) -> Result<Outcome> {
    let (mut downs, mut ups) = (Samples::default(), Samples::default());
    let mut seed = 0x5eed;
    for _ in 0..runs {
        seed += 1;
        let (down, up) = update(seed, used)?;
        downs.extend([down]);
        ups.extend([up]);
    }
    let [down, up] = [&downs, &ups].map(|samples| samples.median().unwrap_or_default());
    let dearer = if down > up { &downs } else { &ups };
    let note = format!("{runs} meshes; down {down:.2} ms, up {up:.2} ms");
    Ok(Outcome::single(dearer, note))
}

/// CPU time in milliseconds until all absorbed that a link went down, and that it came up.
fn update(seed: u64, used: bool) -> Result<(f64, f64)> {
    let mut mesh = Mesh::random(MEMBER_COUNT, FILTER_COUNT, LINK_COUNT, seed)?;
    let mut random = Random(seed);
    let (mut down, mut up, mut idle) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut links: Vec<usize> = (0..LINK_COUNT).collect();
    for _ in 0..CHANGE_COUNT {
        let place = random.below(links.len());
        let pair = mesh.ends(links[place]);
        let wire = links[place];
        down += cpu(&mut mesh, used, |mesh| mesh.cut(wire))?;
        check(
            mesh.agrees(pair, false),
            "a member missed that a link went down",
        )?;
        up += cpu(&mut mesh, used, |mesh| {
            links[place] = mesh.connect(pair[0], pair[1]);
        })?;
        check(
            mesh.agrees(pair, true),
            "a member missed that a link came up",
        )?;
        idle += cpu(&mut mesh, used, |_| {})?;
    }
    let each = |time: Duration| time.saturating_sub(idle).as_secs_f64() * 1e3;
    let count = f64::from(CHANGE_COUNT);
    Ok((each(down) / count, each(up) / count))
}

fn cpu(mesh: &mut Mesh, used: bool, change: impl FnOnce(&mut Mesh)) -> Result<Duration> {
    let before = thread_run_time()?;
    change(mesh);
    mesh.settle()?;
    if used {
        let delivered = mesh.publish_all()?;
        check(
            delivered == MEMBER_COUNT * (MEMBER_COUNT - 1),
            "a message was lost",
        )?;
    }
    Ok(thread_run_time()?.saturating_sub(before))
}

/// The most that any link carried in any of three cases.
fn resync() -> Result<Outcome> {
    let newcomer = newcomer_bytes()?;
    let halves = halves_bytes()?;
    let known = known_bytes()?;
    let kib = [newcomer, halves, known].map(kib);
    let most = kib.into_iter().fold(0.0, f64::max);
    let note = format!(
        "newcomer {:.0}, two halves {:.0}, all known {:.1}",
        kib[0], kib[1], kib[2]
    );
    Ok(Outcome::single(&[most].into_iter().collect(), note))
}

/// The last member joins by one link, and knows nothing before.
fn newcomer_bytes() -> Result<usize> {
    let mut mesh = Mesh::new(MEMBER_COUNT, FILTER_COUNT)?;
    let others: Vec<usize> = (1..MEMBER_COUNT).collect();
    mesh.join_randomly(&others, LINK_COUNT - 1, SEED);
    mesh.settle()?;
    most_carried(&mut mesh, 0, 1)
}

/// Two halves that do not know each other become one.
fn halves_bytes() -> Result<usize> {
    let mut mesh = Mesh::new(MEMBER_COUNT, FILTER_COUNT)?;
    let all: Vec<usize> = (0..MEMBER_COUNT).collect();
    for half in all.chunks(MEMBER_COUNT / 2) {
        mesh.join_randomly(half, LINK_COUNT / 2, SEED);
    }
    mesh.settle()?;
    most_carried(&mut mesh, 0, MEMBER_COUNT / 2)
}

/// Two members get a link that both know all.
fn known_bytes() -> Result<usize> {
    let mut mesh = Mesh::random(MEMBER_COUNT, FILTER_COUNT, LINK_COUNT, SEED)?;
    let [one, other] = mesh.ends(0);
    mesh.cut(0);
    mesh.settle()?;
    most_carried(&mut mesh, one, other)
}

/// The most that any wire carries when these two are joined.
fn most_carried(mesh: &mut Mesh, one: usize, other: usize) -> Result<usize> {
    let before: Vec<usize> = (0..mesh.wire_count())
        .map(|wire| mesh.carried_bytes(wire))
        .collect();
    let new = mesh.connect(one, other);
    mesh.settle()?;
    check(
        mesh.is_whole(FILTER_COUNT),
        "a member lacks filters of another",
    )?;
    let grown = before
        .iter()
        .enumerate()
        .map(|(wire, before)| mesh.carried_bytes(wire) - before);
    Ok(grown
        .chain([mesh.carried_bytes(new)])
        .max()
        .unwrap_or_default())
}

fn check(holds: bool, otherwise: &str) -> Result<()> {
    if holds {
        Ok(())
    } else {
        Err(Failure::new(otherwise))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "links carry far less than 2^52 bytes"
)]
fn kib(bytes: usize) -> f64 {
    bytes as f64 / 1024.0
}

const SEED: u64 = 0x5eed;
