//! Round trips of one message at a time.

use std::time::{Duration, Instant};

use super::{Bench, Comparison, Figure, Run, compare};
use crate::Group;
use crate::deployment::{RoundTripTimes, System, round_trips};
use crate::report::{Row, Target};

pub(super) const FIGURE: Figure = Figure {
    name: "round trips",
    group: Group::Events,
    ids: &["rtt_p50_vs_tcp", "rtt_p99_vs_tcp", "rtt_io_p50_vs_tcp"],
    extras: &["rtt_p50_vs_zeromq_proxy", "rtt_p50_vs_nats"],
    rivals: true,
    limit: Duration::from_secs(120),
    measure,
};

const P50_VS_TCP: Comparison<RoundTripTimes> = Comparison {
    id: "rtt_p50_vs_tcp",
    target: Target::AtMost(2.5),
    unit: "us",
    ours: System::Ours,
    rival: System::Tcp,
    quantity: |run| run.p50_ns / 1e3,
};

impl Run for RoundTripTimes {
    fn lost(&self) -> u64 {
        // A round trip that is lost never ends, and so fails its run.
        0
    }
}

fn measure(bench: &Bench, deadline: Instant) -> Vec<Row> {
    let comparisons = [
        P50_VS_TCP,
        Comparison {
            id: "rtt_p99_vs_tcp",
            target: Target::AtMost(3.0),
            quantity: |run| run.p99_ns / 1e3,
            ..P50_VS_TCP
        },
        Comparison {
            id: "rtt_io_p50_vs_tcp",
            target: Target::AtMost(1.4),
            ours: System::OursIo,
            ..P50_VS_TCP
        },
        Comparison {
            id: "rtt_p50_vs_zeromq_proxy",
            target: Target::None,
            rival: System::Zeromq,
            ..P50_VS_TCP
        },
        Comparison {
            id: "rtt_p50_vs_nats",
            target: Target::None,
            rival: System::Nats,
            ..P50_VS_TCP
        },
    ];
    compare(bench, &comparisons, |system| {
        round_trips(&bench.programs, system, &[], deadline)
    })
}
