//! Prints a payload for each case of `cases.json`, in hexadecimal, to be kept in `golden/` under
//! the release's number. See README.md.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a program whose result is its output")]

use zeekwire_conformance::{cases, payload, recorded};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for (name, case) in cases::written() {
        println!("{}", recorded::line(&name, &payload::encode(&case)?));
    }
    Ok(())
}
