//! The same events, read and written by several implementations of Cap'n Proto.
//!
//! `cases.json` describes events in a form that no implementation prefers. Rust writes each as
//! `capnp-v1`, another language reads it and must find what was described; then the other way
//! round. `testing/conformance/run` does it for Python and C++; Rust's own part is a plain test.

#![forbid(unsafe_code)]

pub mod cases;
pub mod frames;
pub mod link;
pub mod marks;
pub mod neutral;
pub mod payload;
pub mod random;
pub mod recorded;
