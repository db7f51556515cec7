//! Runs the target `broker_json`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(broker_json);
