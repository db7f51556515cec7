//! Runs the target `broker_bin`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(broker_bin);
