//! Only the program prints: a library in a host process has no right to its standard streams.

use crate::finding::Finding;
use crate::source::{line_of, shipped_code_of, words};
use crate::tree::{is_beside_the_crate, is_shipped};

const PRINTER: &str = "crates/cli/";
const MACROS: [&str; 4] = ["println", "print", "eprintln", "eprint"];
const STREAMS: [&str; 2] = ["io::stdout", "io::stderr"];

/// Finds prints in shipped code outside the program and outside tests and examples.
#[must_use]
pub fn check(file: &str, text: &str) -> Vec<Finding> {
    if !is_shipped(file) || file.starts_with(PRINTER) || is_beside_the_crate(file) {
        return Vec::new();
    }
    let code = shipped_code_of(text);
    let macros = MACROS
        .iter()
        .flat_map(|name| words(&code, name).filter(|at| code[at + name.len()..].starts_with('!')));
    let streams = STREAMS.iter().flat_map(|name| words(&code, name));
    let message = "only crates/cli prints: return it, count it or trace it";
    macros
        .chain(streams)
        .map(|at| Finding::new(file, line_of(&code, at), message))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn print_in_a_library_is_refused() {
        for line in [
            "println!()",
            "eprintln!(\"a\")",
            "std::io::stdout().lock()",
            "print! { }",
        ] {
            let text = format!("fn a() {{\n    {line};\n}}");
            assert_eq!(check("crates/core/src/a.rs", &text).len(), 1, "of {line:?}");
            assert_eq!(check("crates/core/src/a.rs", &text)[0].line, 2);
        }
    }

    #[test]
    fn program_tests_and_documentation_may_print() {
        let print = "fn a() { println!(); }";
        for file in [
            "crates/cli/src/a.rs",
            "crates/core/tests/a.rs",
            "crates/core/examples/a.rs",
        ] {
            assert!(check(file, print).is_empty());
        }
        let test = format!("#[cfg(test)]\nmod tests {{ {print} }}\n/// println!()\nfn a() {{}}");
        assert!(check("crates/core/src/a.rs", &test).is_empty());
    }
}
