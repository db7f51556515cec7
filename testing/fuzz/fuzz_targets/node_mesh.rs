//! Runs the target `node_mesh`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(node_mesh);
