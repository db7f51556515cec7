//! Runs the target `log_batch`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(log_batch);
