//! `unsafe` lives in few places, and every other crate forbids it.

use crate::finding::Finding;
use crate::source::{code_of, line_of, words};

/// Folders that may hold `unsafe`, and why.
pub const HOMES: [(&str, &str); 5] = [
    (
        "crates/buffer/",
        "aligned memory for receiving and for building",
    ),
    ("crates/capi/", "the pointers that C gives and takes"),
    ("crates/zeekwire/tests/allocs.rs", "a counting allocator"),
    (
        "testing/bench/",
        "a counting allocator, and rivals with a C interface",
    ),
    (
        "testing/fuzz/",
        "the fuzzer's entry point is a symbol without a mangled name",
    ),
];

const FORBIDS: &str = "#![forbid(unsafe_code)]";

/// Finds `unsafe` outside its homes, and crates that do not forbid it.
#[must_use]
pub fn check(file: &str, text: &str) -> Vec<Finding> {
    if HOMES.iter().any(|(home, _)| file.starts_with(home)) {
        return Vec::new();
    }
    let code = code_of(text);
    let mut found: Vec<_> = words(&code, "unsafe")
        .map(|at| Finding::new(file, line_of(&code, at), "`unsafe` outside its homes"))
        .collect();
    if is_crate_root(file) && !code.contains(FORBIDS) {
        found.push(Finding::new(
            file,
            0,
            format!("the crate must say `{FORBIDS}`"),
        ));
    }
    found
}

fn is_crate_root(file: &str) -> bool {
    ["/src/lib.rs", "/src/main.rs"]
        .iter()
        .any(|root| file.ends_with(root))
        || file.contains("/src/bin/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_outside_its_homes_is_refused() {
        let text = "//! Head.\n#![forbid(unsafe_code)]\nfn a() { unsafe { b() } }\n";
        assert_eq!(check("crates/core/src/lib.rs", text)[0].line, 3);
        assert!(check("crates/buffer/src/pool.rs", text).is_empty());
        assert!(
            check(
                "crates/core/src/a.rs",
                "// unsafe\nconst A: &str = \"unsafe\";"
            )
            .is_empty()
        );
    }

    #[test]
    fn crate_that_does_not_forbid_unsafe_is_refused() {
        for root in [
            "crates/core/src/lib.rs",
            "crates/cli/src/main.rs",
            "crates/a/src/bin/b.rs",
        ] {
            assert_eq!(check(root, "//! #![forbid(unsafe_code)]\n").len(), 1);
        }
        assert!(check("crates/core/src/session.rs", "//! Head.\n").is_empty());
    }
}
