//! Runs the target `control`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(control);
