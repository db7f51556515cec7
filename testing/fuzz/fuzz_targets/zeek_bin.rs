//! Runs the target `zeek_bin`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(zeek_bin);
