//! Runs the target `preamble`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(preamble);
