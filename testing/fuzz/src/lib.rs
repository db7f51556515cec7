//! Fuzz targets for everything that reads bytes from elsewhere.
//!
//! A target is a function that takes any bytes and panics when a promise is broken. The fuzzer
//! calls it with bytes that it invents; the tests call it with those of `corpus/`, and with many
//! damaged copies of them.

#![forbid(unsafe_code)]

mod input;
mod mesh;
mod oracle;
mod peer;
pub mod targets;

use std::path::PathBuf;

pub use targets::TARGETS;

/// The body of a target: it panics when a promise is broken.
pub type Target = fn(&[u8]);

/// Runs a target on the files named on the command line: how an input is looked at without the
/// fuzzer.
///
/// # Panics
/// When a file cannot be read, and when the target does.
pub fn replay(target: Target) {
    for path in std::env::args_os().skip(1).map(PathBuf::from) {
        let data = std::fs::read(&path);
        target(&data.unwrap_or_else(|error| panic!("{}: {error}", path.display())));
        println!("{}: fine", path.display());
    }
}

/// The entry point of a target: for the fuzzer, or, without it, for [`replay`].
#[macro_export]
macro_rules! entry {
    ($name:ident) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::targets::$name(data));

        #[cfg(not(fuzzing))]
        fn main() {
            $crate::replay($crate::targets::$name);
        }
    };
}
