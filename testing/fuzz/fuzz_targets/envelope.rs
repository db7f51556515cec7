//! Runs the target `envelope`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(envelope);
