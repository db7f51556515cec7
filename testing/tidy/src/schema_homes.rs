//! Cap'n Proto stays in few places: everything else speaks in the project's own types, so that the
//! wire format can change without the rest.

use crate::finding::Finding;
use crate::source::{line_of, shipped_code_of, words};
use crate::tree::{is_beside_the_crate, is_shipped};

/// Crates that may name Cap'n Proto anywhere. In all others only modules called `wire` may.
const HOMES: [&str; 3] = ["crates/buffer/", "crates/schema/", "crates/serializer/"];

/// Finds Cap'n Proto outside its homes in shipped code.
#[must_use]
pub fn check(file: &str, text: &str) -> Vec<Finding> {
    let at_home = HOMES.iter().any(|home| file.starts_with(home)) || is_wire(file);
    if !is_shipped(file) || at_home || is_beside_the_crate(file) {
        return Vec::new();
    }
    let code = shipped_code_of(text);
    let uses = ["capnp", "zeekwire_schema"].into_iter().flat_map(|name| {
        words(&code, name)
            .filter(|at| code[at + name.len()..].starts_with("::"))
            .collect::<Vec<_>>()
    });
    uses.map(|at| Finding::new(file, line_of(&code, at), "only a `wire` module may name it"))
        .collect()
}

fn is_wire(file: &str) -> bool {
    file.ends_with("/wire.rs") || file.split('/').any(|part| part == "wire")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capnp_outside_its_homes_is_refused() {
        for line in [
            "use capnp::message;",
            "fn a() { zeekwire_schema::link_capnp::b(); }",
        ] {
            assert_eq!(
                check("crates/core/src/node.rs", line).len(),
                1,
                "of {line:?}"
            );
            for file in ["crates/core/src/wire/frame.rs", "crates/store/src/wire.rs"] {
                assert!(check(file, line).is_empty());
            }
            assert!(check("crates/serializer/src/capnp_v1.rs", line).is_empty());
        }
        assert!(
            check(
                "crates/core/src/node.rs",
                "// capnp::message\nlet capnp = 1;"
            )
            .is_empty()
        );
    }
}
