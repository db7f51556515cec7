//! Runs the target `node_stream`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(node_stream);
