//! Prints bytes of a link of every kind, in hexadecimal, to be kept in `frames/` under the
//! release's number. See README.md.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a program whose result is its output")]

use zeekwire_conformance::{frames, recorded};

fn main() {
    for (name, bytes) in frames::written() {
        println!("{}", recorded::line(&name, &bytes));
    }
}
