//! Completions and man pages.

use crate::process::Place;

#[test]
fn completions_know_every_command() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place
            .run(&["generate", "completions", shell])
            .expect(0)
            .stdout;
        for command in ["node", "sub", "ping", "decode", "demo"] {
            assert!(script.contains(command), "{shell} {command}");
        }
        assert!(
            !script.contains("demo-worker"),
            "{shell} shows what is hidden"
        );
    }
    place.run(&["generate", "completions", "tcsh"]).expect(2);
}

#[test]
fn man_pages_are_written_for_every_command() {
    let place = Place::new();
    place.run(&["generate", "man", "."]).expect(0);
    for page in ["zeekwire.1", "zeekwire-pub.1", "zeekwire-config-check.1"] {
        let text = std::fs::read_to_string(place.path().join(page)).unwrap();
        assert!(text.contains(".TH"), "{page}");
    }
    assert!(!place.path().join("zeekwire-demo-worker.1").exists());
    place.run(&["generate", "man", "share/man1"]).expect(0);
    assert!(place.path().join("share/man1/zeekwire.1").exists());
    place.run(&["generate", "man", "zeekwire.1"]).expect(2);
}
