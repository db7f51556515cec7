//! Writes every generated file of the project; with `--check`, names those that are stale.
//!
//! Each generator turns its sources into [`Artifact`]s. `main` writes them or compares them, so a
//! new generator is one module and one line in [`artifacts`].

#![forbid(unsafe_code)]

mod artifact;
mod c_header;
mod limits;
mod schema;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use artifact::Artifact;

fn main() -> ExitCode {
    let check = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return fail("usage: zeekwire-codegen [--check]"),
    };
    let outcome = if check {
        check_all(&root())
    } else {
        write_all(&root())
    };
    match outcome {
        Ok(report) => {
            report.iter().for_each(|line| say(line));
            ExitCode::SUCCESS
        }
        Err(problem) => fail(&problem),
    }
}

/// All that can be generated without outside programs, from the files under `root`.
fn artifacts(root: &Path) -> Result<Vec<Artifact>, String> {
    let mut all = schema::artifacts(root)?;
    all.push(limits::artifact(root)?);
    all.push(c_header::artifact(root)?);
    Ok(all)
}

fn write_all(root: &Path) -> Result<Vec<String>, String> {
    let mut written = schema::refresh_request(root)?;
    for artifact in artifacts(root)? {
        if artifact.write(root)? {
            written.push(format!("wrote {}", artifact.path.display()));
        }
    }
    for orphan in schema::orphans(root)? {
        std::fs::remove_file(root.join(&orphan)).map_err(|e| artifact::io(&orphan, &e))?;
        written.push(format!(
            "removed {}, whose schema is gone",
            orphan.display()
        ));
    }
    Ok(written)
}

fn check_all(root: &Path) -> Result<Vec<String>, String> {
    let mut stale = schema::stale_request(root)?;
    for artifact in artifacts(root)? {
        stale.extend(artifact.fault(root)?);
    }
    for orphan in schema::orphans(root)? {
        stale.push(format!("{} has no schema any more", orphan.display()));
    }
    if stale.is_empty() {
        return Ok(vec!["every generated file is up to date".to_owned()]);
    }
    stale.push("run `cargo run -p zeekwire-codegen` and commit what it writes".to_owned());
    Err(stale.join("\n"))
}

/// The project's root: the parent of this crate.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_path_buf)
}

#[expect(
    clippy::print_stdout,
    reason = "a developer's program reports what it did"
)]
fn say(line: &str) {
    println!("{line}");
}

#[expect(
    clippy::print_stderr,
    reason = "a developer's program reports what is wrong"
)]
fn fail(problem: &str) -> ExitCode {
    eprintln!("{problem}");
    ExitCode::FAILURE
}
