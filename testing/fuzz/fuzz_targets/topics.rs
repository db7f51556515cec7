//! Runs the target `topics`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(topics);
