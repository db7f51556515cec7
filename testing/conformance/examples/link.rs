//! Exchanges what links say with a program in another language, in both directions.
//!
//! `link COMMAND...`: the command must understand `read CASES FOLDER` and `write CASES FOLDER`.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a program whose report is its output")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use serde_json::{Map, Value as Json};
use zeekwire_conformance::link;
use zeekwire_core::wire::Control;

const ENVELOPE: &str = "envelope";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let command: Vec<String> = std::env::args().skip(1).collect();
    let (program, arguments) = command.split_first().ok_or("name the command")?;
    let folder = tempfile::tempdir()?;
    let at = folder.path();
    let controls = link::controls();
    let (envelope, described) = link::envelope();
    let mut cases = Map::new();
    cases.insert(ENVELOPE.to_owned(), described);
    fs::write(at.join(ENVELOPE), &envelope)?;
    for case in &controls {
        cases.insert(case.name.to_owned(), case.described.clone());
        fs::write(at.join(case.name), link::encode(&case.control))?;
    }
    let cases = Json::Object(cases);
    fs::write(at.join("cases.json"), cases.to_string())?;
    let run = |verb: &str, folder: &Path| -> Result<Vec<u8>, Box<dyn Error>> {
        let mut command = Command::new(program);
        let command = command.args(arguments).arg(verb);
        let command = command.arg(at.join("cases.json")).arg(folder);
        let output = command.stderr(Stdio::inherit()).output()?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(format!("`{verb}` failed: {}", output.status).into()),
        }
    };
    let mut failures = Vec::new();
    let found = link::integers_as_text(serde_json::from_slice(&run("read", at)?)?);
    for (name, described) in cases.as_object().into_iter().flatten() {
        if found[name] != *described {
            failures.push(format!("{name}: of {described} they read {}", found[name]));
        }
    }
    let theirs = at.join("theirs");
    fs::create_dir(&theirs)?;
    run("write", &theirs)?;
    if let Err(why) = link::check_envelope(&fs::read(theirs.join(ENVELOPE))?) {
        failures.push(format!("{ENVELOPE}: {why}"));
    }
    for case in &controls {
        let read = Control::decode(&fs::read(theirs.join(case.name))?);
        if read.as_ref() != Ok(&case.control) {
            failures.push(format!("{}: they wrote {read:?}", case.name));
        }
    }
    failures.iter().for_each(|failure| println!("{failure}"));
    let passed = 2 * (controls.len() + 1) - failures.len();
    println!("conformance: {passed} passed, {} failed", failures.len());
    Ok(if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
