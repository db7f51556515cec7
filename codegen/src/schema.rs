//! `schema/*.capnp` to `crates/schema/src/*_capnp.rs`.
//!
//! It goes in two steps. The `capnp` program parses all schemas into one recorded request,
//! `schema/compiled/schema.cgr`; `capnpc` turns that into Rust and needs no other program. A
//! digest of the schemas lies beside the request, so a check without `capnp` sees that the two
//! belong together.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::artifact::{Artifact, io};

const SCHEMA_DIR: &str = "schema";
const REQUEST: &str = "schema/compiled/schema.cgr";
const DIGEST: &str = "schema/compiled/schema.digest";
const RUST_DIR: &str = "crates/schema/src";
/// The head of a generated file names the versions of both programs.
const VERSION_LINES: &[&str] = &["// capnp binary version:", "// capnpc crate version:"];
/// The root of the crate around the generated modules.
const CRATE_ROOT: &str = include_str!("schema_lib.rs.in");

/// The generated Rust, made from the recorded request, and the crate root that declares it.
pub(crate) fn artifacts(root: &Path) -> Result<Vec<Artifact>, String> {
    let request = root.join(REQUEST);
    let bytes = fs::read(&request).map_err(|e| io(Path::new(REQUEST), &e))?;
    let mut all = rust_from(&bytes)?;
    let modules: Vec<_> = all
        .iter()
        .filter_map(|a| a.path.file_stem()?.to_str())
        .collect();
    let text = CRATE_ROOT.replace("MODULES", &modules.join(" "));
    all.push(Artifact {
        path: Path::new(RUST_DIR).join("lib.rs"),
        text,
        version_lines: &[],
    });
    Ok(all)
}

/// Records the request anew when the schemas have changed since it was made.
pub(crate) fn refresh_request(root: &Path) -> Result<Vec<String>, String> {
    let digest = digest(root)?;
    let recorded = fs::read_to_string(root.join(DIGEST)).unwrap_or_default();
    if digest == recorded && root.join(REQUEST).exists() {
        return Ok(Vec::new());
    }
    let request = compile(root)?.ok_or(
        "the schemas changed, and the program `capnp` that reads them is not on PATH \
         (Debian: package capnproto)",
    )?;
    if let Some(folder) = root.join(REQUEST).parent() {
        fs::create_dir_all(folder).map_err(|e| io(folder, &e))?;
    }
    fs::write(root.join(REQUEST), request).map_err(|e| io(Path::new(REQUEST), &e))?;
    fs::write(root.join(DIGEST), digest).map_err(|e| io(Path::new(DIGEST), &e))?;
    Ok(vec![format!("wrote {REQUEST}"), format!("wrote {DIGEST}")])
}

/// What is wrong with the recorded request.
pub(crate) fn stale_request(root: &Path) -> Result<Vec<String>, String> {
    let Ok(recorded) = fs::read_to_string(root.join(DIGEST)) else {
        return Ok(vec![format!("{DIGEST} is missing")]);
    };
    let digest = digest(root)?;
    let changed: Vec<_> = digest
        .lines()
        .filter(|line| !recorded.lines().any(|old| old == *line))
        .chain(recorded.lines().filter(|old| !names_any(old, &digest)))
        .filter_map(|line| line.split(' ').nth(1))
        .map(|name| format!("{REQUEST} is stale: {SCHEMA_DIR}/{name} changed"))
        .collect();
    if !changed.is_empty() {
        return Ok(changed);
    }
    // The request embeds the version of `capnp`, so compare what both turn into.
    let Some(request) = compile(root)? else {
        return Ok(Vec::new());
    };
    let fresh = rust_from(&request)?;
    let recorded = artifacts(root)?;
    let same = recorded.len() == fresh.len() + 1
        && recorded.iter().zip(&fresh).all(|(a, b)| {
            let body = |text: &str| -> Vec<String> {
                let keep = |line: &&str| !VERSION_LINES.iter().any(|v| line.starts_with(v));
                text.lines().filter(keep).map(str::to_owned).collect()
            };
            a.path == b.path && body(&a.text) == body(&b.text)
        });
    Ok(if same {
        Vec::new()
    } else {
        vec![format!("{REQUEST} is stale")]
    })
}

/// Generated files that no schema stands behind any more.
pub(crate) fn orphans(root: &Path) -> Result<Vec<PathBuf>, String> {
    let expected: Vec<_> = artifacts(root)?.into_iter().map(|a| a.path).collect();
    let mut orphans: Vec<_> = list(&root.join(RUST_DIR), "_capnp.rs")?
        .into_iter()
        .map(|name| Path::new(RUST_DIR).join(name))
        .filter(|path| !expected.contains(path))
        .collect();
    orphans.sort();
    Ok(orphans)
}

fn names_any(recorded: &str, digest: &str) -> bool {
    let name = recorded.split(' ').nth(1);
    digest.lines().any(|line| line.split(' ').nth(1) == name)
}

/// Runs `capnp` inside the schema folder, so that no path of this machine enters the request.
/// `None` when the program is not there.
fn compile(root: &Path) -> Result<Option<Vec<u8>>, String> {
    let folder = root.join(SCHEMA_DIR);
    let made = Command::new("capnp")
        .current_dir(&folder)
        .args(["compile", "-o-"])
        .args(list(&folder, ".capnp")?)
        .output();
    let output = match made {
        Ok(output) => output,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(format!("could not run `capnp`: {e}")),
    };
    if output.status.success() {
        Ok(Some(output.stdout))
    } else {
        Err(format!(
            "`capnp` refuses the schemas:\n{}",
            String::from_utf8_lossy(&output.stderr)
        ))
    }
}

/// Runs `capnpc` in a folder of its own and collects what it wrote.
fn rust_from(request: &[u8]) -> Result<Vec<Artifact>, String> {
    static RUN: AtomicU32 = AtomicU32::new(0);
    let run = RUN.fetch_add(1, Ordering::Relaxed);
    let name = format!("zeekwire-codegen-{}-{run}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    fs::create_dir_all(&folder).map_err(|e| io(&folder, &e))?;
    let made = capnpc::codegen::CodeGenerationCommand::new()
        .output_directory(&folder)
        .run(request)
        .map_err(|e| format!("capnpc refuses {REQUEST}: {e}"))
        .and_then(|()| collect(&folder));
    fs::remove_dir_all(&folder).map_err(|e| io(&folder, &e))?;
    made
}

fn collect(folder: &Path) -> Result<Vec<Artifact>, String> {
    let read = |name: OsString| {
        let text = fs::read_to_string(folder.join(&name)).map_err(|e| io(folder, &e))?;
        let path = Path::new(RUST_DIR).join(name);
        Ok(Artifact {
            path,
            text,
            version_lines: VERSION_LINES,
        })
    };
    list(folder, "_capnp.rs")?.into_iter().map(read).collect()
}

/// The names in `folder` that end with `suffix`, sorted.
fn list(folder: &Path, suffix: &str) -> Result<Vec<OsString>, String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| io(folder, &e))? {
        let name = entry.map_err(|e| io(folder, &e))?.file_name();
        if name.to_string_lossy().ends_with(suffix) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// One line per schema: a hash of its bytes and its name.
fn digest(root: &Path) -> Result<String, String> {
    let folder = root.join(SCHEMA_DIR);
    let mut lines = String::new();
    for name in list(&folder, ".capnp")? {
        let bytes = fs::read(folder.join(&name)).map_err(|e| io(Path::new(&name), &e))?;
        lines.push_str(&format!(
            "{:016x} {}\n",
            fnv1a(&bytes),
            name.to_string_lossy()
        ));
    }
    Ok(lines)
}

/// FNV-1a: it has to notice edits, not adversaries.
fn fnv1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_is_the_published_hash() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn committed_files_are_up_to_date() {
        let root = crate::root();
        assert_eq!(stale_request(&root), Ok(Vec::new()));
        for artifact in artifacts(&root).unwrap() {
            assert_eq!(artifact.fault(&root), Ok(None));
        }
        assert_eq!(orphans(&root), Ok(Vec::new()));
    }
}
