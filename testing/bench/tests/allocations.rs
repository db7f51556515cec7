//! What an event may allocate on its way.

use std::process::Command;
use std::sync::LazyLock;

#[test]
fn encoding_allocates_once_at_most() {
    check("encode", 1.0);
}

#[test]
fn reading_in_place_allocates_nothing() {
    check("visit", 0.0);
}

#[test]
fn event_allocates_once_at_most_from_its_values_to_its_delivery() {
    check("event-to-delivery", 1.0);
}

#[test]
fn encoded_event_allocates_nothing_until_its_delivery() {
    check("encoded-to-delivery", 0.0);
    // Batches that wait for another thread pin buffers, which serve many messages each.
    check("encoded-to-handler", 0.1);
}

#[test]
fn forwarder_allocates_nothing() {
    check("relayed", 0.0);
}

/// What buffers for many messages may cost, spread over the messages.
const SLACK: f64 = 0.01;

/// What the counter printed; one run serves all tests.
static COUNTED: LazyLock<String> = LazyLock::new(|| {
    let counter = env!("CARGO_BIN_EXE_zeekwire-bench-allocations");
    let output = Command::new(counter).output().expect("the counter starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
});

/// A stretch of the way may cost this many allocations for each message.
#[track_caller]
fn check(stretch: &str, most: f64) {
    let number = |key: &str| {
        let line = COUNTED
            .lines()
            .find(|line| line.split(' ').next() == Some(stretch))?;
        line.split(' ')
            .find_map(|word| word.strip_prefix(key)?.parse::<f64>().ok())
    };
    let (Some(count), Some(total)) = (number("count="), number("allocations=")) else {
        panic!("no line about {stretch} in {}", *COUNTED);
    };
    let each = total / count;
    assert!(
        each <= most + SLACK,
        "{stretch}: {each} allocations per message, not {most}"
    );
}
