//! When files are due, and the commands that work on them.

use std::fs;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use super::*;

fn every(interval: f64, base_time: Option<f64>) -> RotationOptions {
    RotationOptions {
        interval,
        base_time,
        ..RotationOptions::default()
    }
}

#[test]
fn rotations_fall_on_multiples_of_the_interval() {
    const DAY: f64 = 1_795_132_800.0; // 2026-11-20, UTC
    let utc = Zone::utc();
    for (interval, base, opened, next) in [
        (3600.0, Some(0.0), DAY + 1.0, DAY + 3600.0),
        (3600.0, Some(0.0), DAY + 3599.9, DAY + 3600.0),
        // A file opened right then has its whole interval.
        (3600.0, Some(0.0), DAY + 3600.0, DAY + 7200.0),
        (86_400.0, Some(43_200.0), DAY + 1.0, DAY + 43_200.0),
        (86_400.0, Some(43_200.0), DAY + 50_000.0, DAY + 129_600.0),
        (7.0, None, 20.5, 21.0),
        (7.0, None, 21.0, 28.0),
    ] {
        let rotation = every(interval, base);
        assert_eq!(
            rotation.next_after(opened, &utc),
            Some(next),
            "of {interval} at {opened}"
        );
    }
    for never in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(every(never, None).next_after(1.0, &utc), None);
    }
}

#[test]
fn day_begins_when_it_does_locally() {
    let Some(berlin) = Zone::named("Europe/Berlin") else {
        return;
    };
    let next = every(86_400.0, Some(0.0)).next_after(1_795_163_280.0, &berlin);
    assert_eq!(next, Some(1_795_129_200.0 + 86_400.0));
}

#[test]
fn names_are_those_of_zeek() {
    let utc = Zone::utc();
    let rotation = RotationOptions::default();
    assert_eq!(
        rotation.name("conn", 1_795_163_280.9, &utc).unwrap(),
        "conn.2026-11-20-08-28-00"
    );
    let dashed = RotationOptions {
        name_separator: '-',
        date_format: "%y-%m-%d_%H.%M.%S".to_owned(),
        ..rotation
    };
    assert_eq!(
        dashed.name("conn", 1_795_163_280.9, &utc).unwrap(),
        "conn-26-11-20_08.28.00"
    );
    assert!(dashed.check().is_ok());
    let broken = RotationOptions {
        date_format: "%".to_owned(),
        ..dashed
    };
    assert!(broken.check().is_err());
}

fn rotated(file: &Path) -> Rotated {
    Rotated {
        file: file.to_owned(),
        previous: "conn.log".into(),
        path: "co nn".to_owned(),
        opened: 1_795_163_280.0,
        closed: 1_795_166_880.0,
        terminating: true,
        bytes: 1,
    }
}

/// Polls until nothing runs or waits.
fn finish(commands: &mut PostProcessors) -> PostProcessorCounts {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let counts = commands.poll();
        if commands.is_idle() {
            return counts;
        }
        assert!(Instant::now() < deadline, "{counts:?}");
        std::thread::yield_now();
    }
}

#[test]
fn command_has_the_arguments_that_zeek_gives() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it's $HOME; a \"log\".log");
    fs::write(&file, "x").unwrap();
    let script = folder.path().join("script");
    // One argument per line, and a variable of the environment.
    let body = "for a; do echo \"$a\"; done >\"$1.out\"; echo \"$ZEEK_ARG_TO\" >>\"$1.out\"\n";
    fs::write(&script, body).unwrap();
    let mut commands = PostProcessors::new(format!("sh '{}'", script.display()), Zone::utc());
    commands.set_environment("to", "there");
    commands.run(&rotated(&file));
    let counts = finish(&mut commands);
    assert_eq!(
        counts,
        PostProcessorCounts {
            succeeded: 1,
            ..PostProcessorCounts::default()
        }
    );
    let out = fs::read_to_string(format!("{}.out", file.display())).unwrap();
    let lines: Vec<_> = out.lines().collect();
    let times = ["26-11-20_08.28.00", "26-11-20_09.28.00"];
    let path = file.to_str().unwrap();
    assert_eq!(
        lines,
        [path, "co nn", times[0], times[1], "1", "ascii", "there"]
    );
}

#[test]
fn commands_that_fail_are_counted_and_more_than_may_run_wait() {
    let folder = tempfile::tempdir().unwrap();
    let mut commands = PostProcessors::new("false", Zone::utc());
    for _ in 0..40 {
        commands.run(&rotated(&folder.path().join("x")));
        assert!(commands.counts().running <= 32);
    }
    assert_eq!(finish(&mut commands).failed, 40);
    let mut nothing = PostProcessors::new("", Zone::utc());
    nothing.run(&rotated(folder.path()));
    assert_eq!(nothing.poll(), PostProcessorCounts::default());
}
