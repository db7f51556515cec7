//! Payloads of every format, good and damaged.

use std::io::Write;
use std::process::Stdio;

use zeekwire::serializer::{by_name, names};
use zeekwire::{Event, Metadata, Value, args};

use crate::process::{PROGRAM, Place};

fn payload(format: &str) -> Vec<u8> {
    let mut event = Event::new("Scan::found", args!["10.0.0.1", 443_u64, true]);
    event.metadata.push(Metadata {
        id: Metadata::NETWORK_TIMESTAMP,
        value: Value::Time(1_795_163_199.5),
    });
    let mut bytes = Vec::new();
    by_name(format).unwrap().encode(&event, &mut bytes).unwrap();
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn good_bytes_are_shown() {
    let place = Place::new();
    for format in names() {
        let bytes = payload(format);
        let expected = "Scan::found(10.0.0.1, 443, T)\n  network time: 1795163199.5\n";
        let shown = place
            .run(&["decode", "--format", format, "--hex", &hex(&bytes)])
            .expect(0);
        assert_eq!(shown.stdout, expected, "{format}");
        let file = place.file("payload", &bytes);
        let file = file.to_str().unwrap();
        let shown = place.run(&["decode", "--format", format, file]).expect(0);
        assert_eq!(shown.stdout, expected, "{format}");
        let shown = place
            .run(&["decode", "--format", format, file, "--json"])
            .expect(0);
        let json: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
        assert_eq!(
            json["args"],
            serde_json::json!(["10.0.0.1", 443, true]),
            "{format}"
        );
    }
}

#[test]
fn damaged_bytes_are_a_failure_that_names_the_format() {
    let place = Place::new();
    for format in names() {
        let bytes = payload(format);
        for damaged in [
            &bytes[..bytes.len() / 2],
            &[bytes.clone(), vec![1]].concat(),
            &[],
            b"\xff",
        ] {
            let args = ["decode", "--format", format, "--hex", &hex(damaged)];
            let finished = place.run(&args).expect(1);
            assert!(
                finished.stderr.starts_with(&format!("error: {format}: ")),
                "{finished:?}"
            );
            assert_eq!(finished.stdout, "");
        }
    }
}

#[test]
fn bytes_are_read_from_standard_input() {
    let place = Place::new();
    let mut command = place.command(PROGRAM);
    let args = ["decode", "--format", "broker-json-v1", "-"];
    let mut child = command
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(&payload("broker-json-v1"))
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(output.stdout.starts_with(b"Scan::found("));
}

#[test]
fn input_is_named_once() {
    let place = Place::new();
    for args in [
        &["decode", "--format", "capnp-v1"][..],
        &["decode", "--format", "capnp-v1", "--hex", "00", "file"],
        &["decode", "--hex", "00"],
        &["decode", "--format", "capnp-v1", "--hex", "0"],
        &["decode", "--format", "capnp-v1", "--hex", "zz"],
    ] {
        place.run(args).expect(2);
    }
    place
        .run(&["decode", "--format", "capnp-v1", "absent"])
        .expect(1);
}
