//! What is typed wrong is told with a way out, and exit code 2; what fails, with exit code 1.

use crate::process::Place;

#[track_caller]
fn check(args: &[&str], code: i32, parts: &[&str]) {
    let finished = Place::new().run(args).expect(code);
    assert_eq!(finished.stdout, "", "{args:?}");
    assert!(
        finished.stderr.starts_with("error: "),
        "{args:?}: {}",
        finished.stderr
    );
    for part in parts {
        assert!(
            finished.stderr.contains(part),
            "{args:?}: no {part:?} in {}",
            finished.stderr
        );
    }
}

#[test]
fn unknown_commands_and_flags_are_usage_errors() {
    check(&["frob"], 2, &["frob", "--help"]);
    check(&["statsu"], 2, &["'status'"]);
    check(&["pub"], 2, &["<TOPIC>", "<EVENT>"]);
    check(&["sub"], 2, &["<FILTER>"]);
    check(&["sub", "a", "--cuont", "1"], 2, &["--count"]);
    check(&["demo", "--seconds", "soon"], 2, &["write seconds"]);
    check(&["demo", "--workers", "0"], 2, &["1..=64"]);
    check(&["demo", "--logs", "absent"], 2, &["absent"]);
    check(
        &["--log-level", "a=b=c", "status"],
        2,
        &["--log-level", "debug"],
    );
}

#[test]
fn bad_topics_events_and_arguments_are_usage_errors() {
    check(&["pub", "", "e"], 2, &["at least one byte"]);
    check(&["pub", ".x", "e"], 2, &[".node."]);
    check(&["pub", "tcp://127.0.0.1:1", "e"], 2, &["--connect"]);
    check(&["pub", "t", "two words"], 2, &["Module::name"]);
    check(&["pub", "t", "e", "port:80"], 2, &["80/tcp"]);
    check(&["pub", "t", "e", "[1, 2"], 2, &["at byte 5", "`]`"]);
    check(
        &["pub", "t", "e", "--format", "json"],
        2,
        &["broker-json-v1"],
    );
    check(&["sub", "a\\b"], 2, &["backslash"]);
    check(
        &["sub", ".secret", "--listen", "tcp://127.0.0.1:0"],
        2,
        &[".node.sub-"],
    );
    check(&["ping", "a b"], 2, &["node name"]);
}

#[test]
fn bad_endpoints_are_usage_errors() {
    check(&["node", "--listen", "127.0.0.1:1"], 2, &["tcp://"]);
    check(&["node", "--listen", "udp://127.0.0.1:1"], 2, &["udp"]);
    check(&["node", "--listen", "inproc://x"], 2, &["one process"]);
    check(&["sub", "a", "--connect", "tcp://127.0.0.1"], 2, &["port"]);
    check(
        &["sub", "a", "--listen", "tcp://0.0.0.0:0"],
        2,
        &["--insecure-remote"],
    );
    check(
        &["node", "--listen", "tcp://127.0.0.1:0", "--no-listen"],
        2,
        &["--no-listen"],
    );
}

#[test]
fn unreachable_peer_is_a_failure_that_says_what_to_do() {
    let place = Place::new();
    let absent = place.ipc("absent.sock");
    for command in [&["pub", "t", "e"][..], &["sub", "t"], &["ping"]] {
        let args = [command, &["--connect", &absent, "--wait", "0.2"]].concat();
        check(
            &args,
            1,
            &["no such file", "within 0.2 s", "zeekwire node", "--wait"],
        );
    }
    check(
        &[
            "sub",
            "t",
            "--connect",
            "tcp://127.0.0.1:1",
            "--wait",
            "0.2",
        ],
        1,
        &["refused"],
    );
    let endpoint = place.ipc("own.sock");
    let listened = place
        .run(&["pub", "t", "e", "--listen", &endpoint, "--wait", "0.2"])
        .expect(1);
    assert!(
        listened.stderr.contains("nobody connected"),
        "{}",
        listened.stderr
    );
}

#[test]
fn endpoint_that_is_taken_is_a_failure() {
    let place = Place::new();
    let endpoint = place.ipc("taken.sock");
    let mut first = place.start(&["node", "--listen", &endpoint]);
    first.endpoint();
    let second = place.run(&["node", "--listen", &endpoint]).expect(1);
    assert!(second.stderr.contains("taken.sock"), "{}", second.stderr);
}
