//! Exchanges every case with a program in another language, in both directions.
//!
//! `zeekwire-conformance COMMAND...`: the command must understand `read CASES PAYLOAD_DIR`, which
//! prints what the payloads hold, and `write CASES PAYLOAD_DIR`, which writes payloads.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a program whose report is its output")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

use serde_json::Value as Json;
use zeekwire_conformance::cases::{self, Cases};
use zeekwire_conformance::{marks, payload};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let command: Vec<String> = env::args().skip(1).collect();
    if command.is_empty() {
        return Err("name the command to exchange the cases with".into());
    }
    let folder = tempfile::tempdir()?;
    let cases = cases::all();
    fs::write(folder.path().join("cases.json"), cases::describe(&cases))?;

    let mut failed = they_read(&command, &cases, folder.path(), Encoder::Stream)?;
    failed.extend(they_read(&command, &cases, folder.path(), Encoder::Whole)?);
    failed.extend(they_write(&command, &cases, folder.path())?);
    for failure in &failed {
        println!("{failure}");
    }
    let passed = 3 * cases.len() - failed.len();
    println!("conformance: {passed} passed, {} failed", failed.len());
    Ok(if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Which of Rust's encoders writes.
#[derive(Clone, Copy, Debug)]
enum Encoder {
    /// Value by value, with marks.
    Stream,
    /// The whole event, without marks.
    Whole,
}

/// Rust writes, they read. Gives one line per case that did not arrive as it left.
fn they_read(
    command: &[String],
    cases: &Cases,
    at: &Path,
    encoder: Encoder,
) -> Result<Vec<String>, Box<dyn Error>> {
    let payloads = at.join(format!("from-rust-{encoder:?}"));
    fs::create_dir(&payloads)?;
    let mut expected = BTreeMap::new();
    for (name, case) in cases {
        let (bytes, described) = match encoder {
            Encoder::Stream => (payload::encode(case)?, case.description.clone()),
            Encoder::Whole => {
                let described = marks::without(&case.description);
                (payload::encode_event(&case.event)?, described)
            }
        };
        fs::write(payloads.join(name), bytes)?;
        expected.insert(name.as_str(), described);
    }
    let found: Json = serde_json::from_slice(&run(command, "read", at, &payloads)?)?;
    Ok(differences("they read", &expected, |name| {
        Ok(found[name].clone())
    }))
}

/// They write, Rust reads. Gives one line per case that did not arrive as it left.
fn they_write(command: &[String], cases: &Cases, at: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let payloads = at.join("to-rust");
    fs::create_dir(&payloads)?;
    run(command, "write", at, &payloads)?;
    let read = |name: &str| {
        let bytes = fs::read(payloads.join(name)).map_err(|error| error.to_string())?;
        payload::describe(&bytes).map_err(|error| error.to_string())
    };
    let expected = cases.iter();
    let expected = expected.map(|(name, case)| (name.as_str(), case.description.clone()));
    Ok(differences("they wrote", &expected.collect(), read))
}

fn differences(
    what: &str,
    expected: &BTreeMap<&str, Json>,
    found: impl Fn(&str) -> Result<Json, String>,
) -> Vec<String> {
    let difference = |(name, described): (&&str, &Json)| match found(name) {
        Ok(found) if found == *described => None,
        Ok(found) => Some(format!("{name}: of {described} {what} {found}")),
        Err(error) => Some(format!(
            "{name}: of {described} {what} what Rust refused: {error}"
        )),
    };
    expected.iter().filter_map(difference).collect()
}

fn run(
    command: &[String],
    verb: &str,
    at: &Path,
    payloads: &Path,
) -> Result<Vec<u8>, Box<dyn Error>> {
    let output = Command::new(&command[0])
        .args(&command[1..])
        .arg(verb)
        .arg(at.join("cases.json"))
        .arg(payloads)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("`{} {verb}` failed: {}", command.join(" "), output.status).into());
    }
    Ok(output.stdout)
}
