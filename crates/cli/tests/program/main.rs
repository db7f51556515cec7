//! The program, as a person runs it: real processes, their output and their exit codes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bench;
mod config;
mod decode;
mod demo;
mod errors;
mod generate;
mod layout;
mod links;
mod pipes;
mod process;
mod readme;
mod status;
