//! What an event may allocate on its way.

use std::process::Command;

#[test]
fn encoding_allocates_once_at_most() {
    check("encode", 1.0);
}

#[test]
fn reading_in_place_allocates_nothing() {
    check("visit", 0.0);
}

/// A stretch of the way may cost this many allocations for each message.
#[track_caller]
fn check(stretch: &str, most: f64) {
    let counter = env!("CARGO_BIN_EXE_zeekwire-bench-allocations");
    let output = Command::new(counter).output().expect("the counter starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let number = |key: &str| {
        let line = text
            .lines()
            .find(|line| line.split(' ').next() == Some(stretch))?;
        line.split(' ')
            .find_map(|word| word.strip_prefix(key)?.parse::<f64>().ok())
    };
    let (Some(count), Some(total)) = (number("count="), number("allocations=")) else {
        panic!("no line about {stretch} in {text}");
    };
    let each = total / count;
    assert!(
        each <= most,
        "{each} allocations for each message, not {most} at most: {stretch}"
    );
}
