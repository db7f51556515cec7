//! Two nodes driven against each other with a virtual clock over links that delay, cut, stall and
//! corrupt, from a seed.
//!
//! A failing property prints the seed that shows it again: `PAIR_SEED=7 cargo test ...`.

mod check;
mod corruption;
mod credit;
mod delivery;
mod direct;
mod forwarding;
mod handshake;
mod joining;
mod liveness;
mod names;
mod passing;
mod pipe;
mod policies;
mod reconnect;
mod relaying;
mod rng;
mod routing;
mod sharing;
mod side;
mod stranger;
mod world;
