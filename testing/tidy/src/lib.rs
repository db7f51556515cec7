//! Checks what the compiler does not: layering, homes of `unsafe`, sizes, words, links.
//!
//! Each check is one file with a pure function over text, and `tests/tree.rs` runs every one of
//! them over the whole tree. A check returns what it found; an empty list is a clean tree.

#![forbid(unsafe_code)]

pub mod arrows;
pub mod documents;
pub mod file_head;
pub mod file_length;
pub mod finding;
pub mod function_length;
pub mod layering;
pub mod line_width;
pub mod machine_paths;
pub mod manifests;
pub mod markdown;
pub mod printing;
pub mod sans_io;
pub mod schema_homes;
pub mod source;
pub mod tree;
pub mod unsafe_homes;
pub mod words;

pub use finding::Finding;
