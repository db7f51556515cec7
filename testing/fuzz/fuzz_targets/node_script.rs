//! Runs the target `node_script`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(node_script);
