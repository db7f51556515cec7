//! Runs the target `value_text`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(value_text);
