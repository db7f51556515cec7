//! One publisher, one forwarder and one subscriber, beside a proxy that does the same.

use std::time::{Duration, Instant};

use super::formats::allocations;
use super::pubsub::ONE_TO_ONE;
use super::{Bench, Comparison, Figure, compare};
use crate::Group;
use crate::deployment::{PubSub, RoundTripTimes, System, Throughput, round_trips};
use crate::report::{Outcome, Row, Target};

pub(super) const FIGURE: Figure = Figure {
    name: "one forwarder",
    group: Group::Cluster,
    ids: &[RATE, CPU, RTT, ALLOCATIONS],
    extras: &[FORWARDER_CPU, LOSSLESS_RATE],
    rivals: true,
    limit: Duration::from_secs(150),
    measure,
};

const RATE: &str = "relayed_rate_vs_zeromq_proxy";
const CPU: &str = "relayed_cpu_vs_zeromq_proxy";
const FORWARDER_CPU: &str = "forwarder_cpu_vs_zeromq_proxy";
const LOSSLESS_RATE: &str = "relayed_lossless_rate_vs_zeromq_proxy";
const RTT: &str = "relayed_rtt_p50_vs_zeromq_proxy";
const ALLOCATIONS: &str = "relayed_allocs";

const RATE_VS_ZEROMQ: Comparison<Throughput> = Comparison {
    id: RATE,
    target: Target::AtLeast(3.0),
    unit: "M msg/s",
    ours: System::Relayed,
    rival: System::Zeromq,
    quantity: Throughput::millions_per_second,
};

fn measure(bench: &Bench, deadline: Instant) -> Vec<Row> {
    let comparisons = [
        RATE_VS_ZEROMQ,
        Comparison {
            id: CPU,
            target: Target::AtMost(0.4),
            unit: "ns CPU/msg",
            quantity: |run| run.cpu_ns,
            ..RATE_VS_ZEROMQ
        },
        Comparison {
            id: FORWARDER_CPU,
            target: Target::None,
            unit: "ns CPU/msg",
            quantity: |run| run.server_cpu_ns,
            ..RATE_VS_ZEROMQ
        },
        Comparison {
            id: LOSSLESS_RATE,
            target: Target::None,
            ours: System::RelayedLossless,
            ..RATE_VS_ZEROMQ
        },
    ];
    let mut rows = compare(bench, &comparisons, |system| {
        let mut pubsub = PubSub::start(&bench.programs, system, &ONE_TO_ONE, deadline)?;
        pubsub.go()?;
        pubsub.measure(1)
    });
    let round_trip = Comparison::<RoundTripTimes> {
        id: RTT,
        target: Target::AtMost(0.7),
        unit: "us",
        ours: System::Relayed,
        rival: System::Zeromq,
        quantity: |run| run.p50_ns / 1e3,
    };
    rows.extend(compare(bench, &[round_trip], |system| {
        round_trips(&bench.programs, system, &[], deadline)
    }));
    if bench.wants(ALLOCATIONS) && !bench.rivals_alone() {
        rows.push(allocations_row(bench, deadline));
    }
    rows
}

fn allocations_row(bench: &Bench, deadline: Instant) -> Row {
    let outcome = allocations(bench, "relayed", deadline).map_or_else(Outcome::Failed, |each| {
        let note = "on the forwarder's IO thread";
        Outcome::single(&[each].into_iter().collect(), note)
    });
    Row {
        id: ALLOCATIONS.to_owned(),
        // A hundredth of an allocation: buffers for many messages.
        target: Target::AtMost(0.01),
        unit: "allocations",
        outcome,
    }
}
