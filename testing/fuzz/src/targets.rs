//! The targets, each in a file of its own.

mod broker_bin;
mod broker_json;
mod capnp_event;
mod control;
mod endpoint;
mod envelope;
mod filters;
mod fragments;
mod frames;
mod log_batch;
mod log_file;
mod node_mesh;
mod node_script;
mod node_stream;
mod preamble;
mod topics;
mod value_text;
mod zeek_bin;

pub use broker_bin::broker_bin;
pub use broker_json::broker_json;
pub use capnp_event::capnp_event;
pub use control::control;
pub use endpoint::endpoint;
pub use envelope::envelope;
pub use filters::filters;
pub use fragments::fragments;
pub use frames::frames;
pub use log_batch::log_batch;
pub use log_file::log_file;
pub use node_mesh::node_mesh;
pub use node_script::node_script;
pub use node_stream::node_stream;
pub use preamble::preamble;
pub use topics::topics;
pub use value_text::value_text;
pub use zeek_bin::zeek_bin;

use crate::Target;

/// All targets, by the names of their corpora and programs.
pub const TARGETS: &[(&str, Target)] = &[
    ("broker_bin", broker_bin),
    ("broker_json", broker_json),
    ("capnp_event", capnp_event),
    ("control", control),
    ("endpoint", endpoint),
    ("envelope", envelope),
    ("filters", filters),
    ("fragments", fragments),
    ("frames", frames),
    ("log_batch", log_batch),
    ("log_file", log_file),
    ("node_mesh", node_mesh),
    ("node_script", node_script),
    ("node_stream", node_stream),
    ("preamble", preamble),
    ("topics", topics),
    ("value_text", value_text),
    ("zeek_bin", zeek_bin),
];
