//! Whole clusters on a virtual clock, from a seed.
//!
//! Production nodes, up to 64 of them, are driven over simulated connections that delay, cut,
//! fall silent and break, while hosts crash, stop, and consume slowly. A seed makes a plan, the
//! plan makes a run, and what must hold of every run is checked while it goes on and at its end.
//! The same seed gives the same run on every machine.

#![forbid(unsafe_code)]

mod asking;
mod checks;
mod driver;
mod faults;
mod history;
mod host;
mod pipe;
mod plan;
mod rng;
pub mod run;
mod scenario;
mod schedule;
mod shrink;
mod step;
mod topics;
mod topology;
mod trace;
mod truth;
mod variants;
mod wire;
mod workload;
mod world;

pub use scenario::Scenario;
