//! Runs the target `frames`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(frames);
