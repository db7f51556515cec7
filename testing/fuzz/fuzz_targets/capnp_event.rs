//! Runs the target `capnp_event`.
#![cfg_attr(fuzzing, no_main)]
zeekwire_fuzz::entry!(capnp_event);
