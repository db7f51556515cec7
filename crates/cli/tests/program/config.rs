//! Configuration files: the example is good, and errors name line and key.

use crate::process::Place;

#[test]
fn example_is_good() {
    let place = Place::new();
    let example = place.run(&["config", "example"]).expect(0).stdout;
    place.file("example.toml", example);
    let checked = place.run(&["config", "check", "example.toml"]).expect(0);
    assert_eq!(checked.stdout, "example.toml: good\n");
}

#[test]
fn errors_name_file_line_and_key() {
    let place = Place::new();
    for (text, parts) in [
        (
            "name = \"a\"\nlisen = []\n",
            &["line 2", "lisen", "listen"][..],
        ),
        ("\n\nlisten = [\"tcp://127.0.0.1\"]\n", &["line 3", "port"]),
        ("[queue]\npolicy = \"drop\"\n", &["line 2", "drop-oldest"]),
        ("[queue]\nbytes_max = -1\n", &["line 2"]),
        ("name = a b\n", &["line 1"]),
        (
            "[heartbeat]\nsilence_max_ms = 1000\n",
            &["silence_max_ms", "every_ms"],
        ),
    ] {
        place.file("bad.toml", text);
        let checked = place.run(&["config", "check", "bad.toml"]).expect(1);
        let run = place.run(&["node", "--config", "bad.toml"]).expect(2);
        for part in parts.iter().chain(&["bad.toml"]) {
            assert!(
                checked.stderr.contains(part),
                "of {text:?}: {}",
                checked.stderr
            );
            assert!(run.stderr.contains(part), "of {text:?}: {}", run.stderr);
        }
    }
}

#[test]
fn absent_file_is_told() {
    let checked = Place::new()
        .run(&["config", "check", "absent.toml"])
        .expect(1);
    assert!(checked.stderr.contains("absent.toml"), "{checked:?}");
}
