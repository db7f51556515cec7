//! Code generated from `schema/*.capnp` by `zeekwire-codegen`; nothing here is written by hand.
//!
//! Only the serializer and the `wire` modules of core, store and logging use it.

#![forbid(unsafe_code)]

macro_rules! generated {
    ($($name:ident)*) => {$(
        #[allow(missing_docs, reason = "the schema holds the documentation")]
        #[allow(clippy::all, clippy::unwrap_used, reason = "generated")]
        #[allow(clippy::cast_possible_truncation, clippy::use_self, reason = "generated")]
        #[allow(clippy::allow_attributes_without_reason, reason = "generated")]
        #[allow(unused_qualifications, elided_lifetimes_in_paths, reason = "generated")]
        #[allow(unreachable_pub, reason = "generated")]
        #[rustfmt::skip]
        pub mod $name;
    )*};
}

generated! { event_capnp link_capnp log_capnp value_capnp }
