//! A forwarder that ends or falls silent while another way is there: how long nothing arrives.

use std::thread;
use std::time::{Duration, Instant};

use super::{Bench, Figure};
use crate::Group;
use crate::deployment::{System, start_relay};
use crate::failure::{Failure, Result};
use crate::payload::now_ns;
use crate::process::Process;
use crate::report::{Outcome, Row, Target};
use crate::stats::Samples;

pub(super) const FIGURE: Figure = Figure {
    name: "another way",
    group: Group::Cluster,
    ids: &[REROUTE, SILENT],
    extras: &[],
    rivals: false,
    limit: Duration::from_secs(150),
    measure,
};

const REROUTE: &str = "reroute_s";
const SILENT: &str = "silent_peer_s";
/// Takes a forwarder out.
type Cut = fn(&mut Process) -> Result<()>;

/// Messages flow at least for so long before the cut.
const SETTLE: Duration = Duration::from_millis(500);
/// The runs are spread over so much more: a peer may fall silent at any time between two of its
/// heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(3);

fn measure(bench: &Bench, deadline: Instant) -> Vec<Row> {
    let cuts: [(_, _, Cut); 2] = [
        (REROUTE, 0.5, Process::kill),
        (SILENT, 5.0, |forwarder| forwarder.pause()),
    ];
    let wanted = cuts.into_iter().filter(|(id, ..)| bench.wants(id));
    let row = |(id, most, cut): (&str, f64, Cut)| Row {
        id: id.to_owned(),
        target: Target::AtMost(most),
        unit: "s",
        outcome: outages(bench, cut, deadline).unwrap_or_else(Outcome::Failed),
    };
    wanted.map(row).collect()
}

fn outages(bench: &Bench, cut: Cut, deadline: Instant) -> Result<Outcome> {
    let runs = u32::try_from(bench.runs).unwrap_or(u32::MAX);
    let outages: Vec<Outage> = (0..runs)
        .map(|run| Detour::start(bench, deadline)?.outage(SETTLE + HEARTBEAT * run / runs, cut))
        .collect::<Result<_>>()?;
    let lost: u64 = outages.iter().map(|outage| outage.lost).sum();
    let seconds: Samples = outages.iter().map(|outage| outage.lasted_s).collect();
    let worst = seconds.range().map(|(_, worst)| worst);
    let median = seconds.median().unwrap_or_default();
    let note =
        format!("worst of {runs} runs, median {median:.3} s, lost {lost} messages of 1,000/s");
    Ok(Outcome::single(&worst.into_iter().collect(), note))
}

/// A sender and a receiver with one forwarder between them, and two others on a longer way.
struct Detour {
    // Ended in this order: who sends goes last.
    witness: Process,
    direct: Process,
    longer: [Process; 2],
    _beacon: Process,
}

struct Outage {
    lasted_s: f64,
    lost: u64,
}

impl Detour {
    fn start(bench: &Bench, deadline: Instant) -> Result<Self> {
        let programs = &bench.programs;
        let (direct, near) = start_relay(programs, System::Relayed, "", deadline)?;
        let (first, far) = start_relay(programs, System::Relayed, "", deadline)?;
        let (second, farther) = start_relay(programs, System::Relayed, &far, deadline)?;
        let start = |role: &str, addresses: [&str; 2]| {
            let mut command = programs.role(System::Relayed, role);
            command.args(["--address", &addresses.join(",")]);
            let mut process = Process::start(role, &mut command, deadline)?;
            process.expect("ready")?;
            Ok::<_, Failure>(process)
        };
        let mut witness = start("witness", [&near, &farther])?;
        let beacon = start("beacon", [&near, &far])?;
        witness.expect("flowing")?;
        Ok(Self {
            witness,
            direct,
            longer: [first, second],
            _beacon: beacon,
        })
    }

    /// From the cut to the arrival of the first message that was sent after it.
    #[expect(clippy::cast_precision_loss, reason = "an outage takes seconds")]
    fn outage(mut self, settle: Duration, cut: Cut) -> Result<Outage> {
        let before = (self.direct.run_time()?, self.longer[0].run_time()?);
        thread::sleep(settle);
        let direct = self.direct.run_time()?.saturating_sub(before.0);
        let longer = self.longer[0].run_time()?.saturating_sub(before.1);
        if direct < longer {
            return Err(Failure::new("messages took the longer way from the start"));
        }
        let began = now_ns();
        cut(&mut self.direct)?;
        self.witness.tell(&format!("after sent_ns={}", now_ns()))?;
        let again = self.witness.expect("again")?;
        if again.value::<u64>("late")? > 0 {
            return Err(Failure::new("messages came twice or out of order"));
        }
        let at: u64 = again.value("at_ns")?;
        Ok(Outage {
            lasted_s: at.saturating_sub(began) as f64 / 1e9,
            lost: again.value("lost")?,
        })
    }
}
