//! What the README shows of the Rust API compiles, and its sample output is what is printed.

use std::error::Error;

use crate::process::Place;

const README: &str = include_str!("../../../../README.md");

/// The README's code. Compiled and compared, not run: its port may be taken.
#[rustfmt::skip]
#[expect(clippy::print_stdout, reason = "an example prints")]
fn tour() -> Result<(), Box<dyn Error>> {
    // Begin.
    use std::time::Duration;
    use zeekwire::{Event, Node, args};

    let hub = Node::builder("hub").listen("tcp://127.0.0.1:47760").start()?;
    let inbox = hub.subscribe(["alerts/*"])?.receiver()?;

    let sensor = Node::builder("sensor").start()?;
    sensor.connect("tcp://127.0.0.1:47760")?.wait_ready(Duration::from_secs(5))?;
    sensor.publish("alerts/ssh", &Event::new("SSH::guessing", args!["192.0.2.7", 30_u64]))?;
    println!("{}", inbox.recv()?.event()?); // SSH::guessing(192.0.2.7, 30)
    // End.
    Ok(())
}

#[test]
fn code_in_the_readme_is_code_that_compiles() {
    let _compiles: fn() -> Result<(), Box<dyn Error>> = tour;
    let here = include_str!("readme.rs");
    let code = here
        .split_once("// Begin.\n")
        .unwrap()
        .1
        .split_once("    // End.")
        .unwrap()
        .0;
    let shown: String = code
        .lines()
        .map(|line| format!("{}\n", line.trim()))
        .collect();
    assert!(
        README.contains(&format!("```rust\n{shown}```\n")),
        "{shown}"
    );
}

#[test]
fn output_in_the_readme_is_what_is_printed() {
    let place = Place::new();
    let endpoint = place.ipc("sub.sock");
    let mut sub = place.start(&["sub", "demo/*", "-n", "1", "--listen", &endpoint]);
    sub.endpoint();
    let args = [
        "10.0.0.1",
        "443/tcp",
        "1.5sec",
        "{80, 443}",
        "[user=root, tries=3]",
    ];
    let publish = [
        &["pub", "demo/scans", "Scan::found", "-c", &endpoint][..],
        &args,
    ]
    .concat();
    place.run(&publish).expect(0);
    let printed = sub.wait().expect(0).stdout;
    let event = printed.split_once(" Scan::").unwrap().1;
    assert!(README.contains(&format!(" Scan::{event}")), "{printed}");
    let command = README
        .lines()
        .find(|line| line.contains("pub demo/scans"))
        .unwrap();
    assert!(args.iter().all(|arg| command.contains(arg)), "{command}");
}
