//! One publisher to eight subscribers, each a process with a link of its own.

use std::time::{Duration, Instant};

use super::pubsub::ONE_TO_ONE;
use super::{Bench, Comparison, Figure, compare};
use crate::Group;
use crate::deployment::{PubSub, Shape, System, Throughput};
use crate::report::{Row, Target};

pub(super) const FIGURE: Figure = Figure {
    name: "fan-out to eight subscribers",
    group: Group::Events,
    ids: &["fanout8_rate_vs_zeromq_proxy"],
    extras: &["fanout8_rate_vs_nats"],
    rivals: true,
    limit: Duration::from_secs(120),
    measure,
};

const ONE_TO_EIGHT: Shape = Shape {
    subscribers: 8,
    ..ONE_TO_ONE
};

fn measure(bench: &Bench, deadline: Instant) -> Vec<Row> {
    let vs_zeromq = Comparison {
        id: "fanout8_rate_vs_zeromq_proxy",
        target: Target::AtLeast(4.0),
        unit: "M msg/s",
        ours: System::Ours,
        rival: System::Zeromq,
        quantity: Throughput::millions_per_second,
    };
    let vs_nats = Comparison {
        id: "fanout8_rate_vs_nats",
        target: Target::None,
        rival: System::Nats,
        ..vs_zeromq
    };
    compare(bench, &[vs_zeromq, vs_nats], |system| {
        let mut pubsub = PubSub::start(&bench.programs, system, &ONE_TO_EIGHT, deadline)?;
        pubsub.go()?;
        pubsub.measure(ONE_TO_EIGHT.subscribers)
    })
}
