//! Runs the target `filters`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(filters);
