//! Runs the target `fragments`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(fragments);
