//! One publisher to one subscriber: deliveries per second, and CPU time per delivery.

use std::time::{Duration, Instant};

use super::{Bench, Comparison, Figure, Run, compare};
use crate::Group;
use crate::deployment::{PubSub, Shape, System, Throughput};
use crate::report::{Row, Target};

pub(super) const FIGURE: Figure = Figure {
    name: "publish/subscribe, one to one",
    group: Group::Events,
    ids: &[
        "pubsub_rate_vs_zeromq_proxy",
        "pubsub_rate_vs_nats",
        "pubsub_cpu_vs_zeromq_proxy",
    ],
    extras: &["pubsub_rate_vs_tcp"],
    rivals: true,
    limit: Duration::from_secs(120),
    measure,
};

/// The shape of every one-to-one run.
pub(super) const ONE_TO_ONE: Shape = Shape {
    subscribers: 1,
    payload_bytes: 200,
    warmup: Duration::from_millis(500),
    window: Duration::from_secs(2),
};

const RATE_VS_ZEROMQ: Comparison<Throughput> = Comparison {
    id: "pubsub_rate_vs_zeromq_proxy",
    target: Target::AtLeast(4.0),
    unit: "M msg/s",
    ours: System::Ours,
    rival: System::Zeromq,
    quantity: Throughput::millions_per_second,
};

impl Throughput {
    pub(super) fn millions_per_second(&self) -> f64 {
        self.per_second / 1e6
    }
}

impl Run for Throughput {
    fn lost(&self) -> u64 {
        self.lost
    }
}

fn measure(bench: &Bench, deadline: Instant) -> Vec<Row> {
    let comparisons = [
        RATE_VS_ZEROMQ,
        Comparison {
            id: "pubsub_rate_vs_nats",
            target: Target::AtLeast(1.5),
            rival: System::Nats,
            ..RATE_VS_ZEROMQ
        },
        Comparison {
            id: "pubsub_cpu_vs_zeromq_proxy",
            target: Target::AtMost(0.25),
            unit: "ns CPU/msg",
            quantity: |run| run.cpu_ns,
            ..RATE_VS_ZEROMQ
        },
        Comparison {
            id: "pubsub_rate_vs_tcp",
            target: Target::None,
            rival: System::Tcp,
            ..RATE_VS_ZEROMQ
        },
    ];
    compare(bench, &comparisons, |system| {
        let mut pubsub = PubSub::start(&bench.programs, system, &ONE_TO_ONE, deadline)?;
        pubsub.go()?;
        pubsub.measure(1)
    })
}
