//! Runs the target `log_file`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(log_file);
