//! Output that nobody reads any more ends the program quietly.

use std::process::Command;

use crate::process::{Finished, PROGRAM, Place, Running};

fn shell(place: &Place, script: &str) -> Running {
    let script = script.replace("zeekwire", PROGRAM);
    let mut command: Command = place.command("sh");
    Running::spawn(command.args(["-c", &script]))
}

#[track_caller]
fn is_quiet(finished: &Finished) {
    for word in ["panic", "error", "Broken pipe"] {
        assert!(!finished.stderr.contains(word), "{finished:?}");
    }
}

#[test]
fn subscriber_ends_when_its_reader_does_without_another_event() {
    let place = Place::new();
    let endpoint = place.ipc("sub.sock");
    let mut sub = shell(
        &place,
        &format!("zeekwire sub '*' --listen {endpoint} | head -n 1"),
    );
    sub.endpoint();
    place.run(&["pub", "t", "A::b", "-c", &endpoint]).expect(0);
    let finished = sub.wait().expect(0);
    assert!(finished.stdout.ends_with("A::b()\n"), "{finished:?}");
    is_quiet(&finished);
}

#[test]
fn subscriber_ends_when_its_reader_does_within_a_flood() {
    let place = Place::new();
    let endpoint = place.ipc("sub.sock");
    let mut sub = shell(
        &place,
        &format!("zeekwire sub '*' --listen {endpoint} | head -n 1"),
    );
    sub.endpoint();
    // The publisher may lose its only subscriber at any moment.
    let _any = place.run(&["pub", "t", "A::b", "-c", &endpoint, "-r", "20000"]);
    is_quiet(&sub.wait().expect(0));
}

#[test]
fn closed_output_is_no_error() {
    let place = Place::new();
    for command in [
        "config example",
        "generate completions bash",
        "--help",
        "demo --help",
    ] {
        let finished = shell(&place, &format!("zeekwire {command} | true"))
            .wait()
            .expect(0);
        is_quiet(&finished);
    }
}

#[test]
fn full_disk_is_told() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let place = Place::new();
    let finished = shell(&place, "zeekwire config example >/dev/full")
        .wait()
        .expect(1);
    assert!(
        finished.stderr.contains("cannot write to standard output"),
        "{finished:?}"
    );
}
