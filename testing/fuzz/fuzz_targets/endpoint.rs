//! Runs the target `endpoint`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(endpoint);
