//! The main job: what it says in the end, and what it leaves behind.

use crate::process::{Place, Running, is_running, signal, wait_until};

/// A demo at a rate that every machine can take.
fn start(place: &Place, seconds: &str) -> Running {
    place.start(&["demo", "--seconds", seconds, "--rate", "200"])
}

/// The processes of a demo by name, as it tells them.
#[track_caller]
fn processes(demo: &mut Running) -> Vec<(String, u32)> {
    let line = demo.line("processes: ");
    let list = line.split_once("processes: ").unwrap().1;
    list.split(", ")
        .map(|process| {
            let (name, pid) = process.split_once(' ').unwrap();
            (name.to_owned(), pid.parse().unwrap())
        })
        .collect()
}

#[track_caller]
fn pid_of(processes: &[(String, u32)], wanted: &str) -> u32 {
    processes.iter().find(|(name, _)| name == wanted).unwrap().1
}

/// Counts of a verdict.
#[track_caller]
fn counts<const N: usize>(verdict: &str, names: [&str; N]) -> [u64; N] {
    names.map(|name| {
        let after = verdict
            .split_once(name)
            .unwrap_or_else(|| panic!("{verdict}"))
            .1;
        let digits: String = after
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == ',')
            .collect();
        digits
            .replace(',', "")
            .parse()
            .unwrap_or_else(|_| panic!("{verdict}"))
    })
}

#[test]
fn good_run_ends_with_a_good_verdict_and_leaves_no_process() {
    let place = Place::new();
    let mut demo = start(&place, "2");
    let processes = processes(&mut demo);
    assert_eq!(processes.len(), 4, "{processes:?}");
    let finished = demo.wait().expect(0);
    let verdict = finished.last_line();
    assert!(verdict.starts_with("verdict: good: "), "{verdict}");
    let [sent, received, in_order, lost] =
        counts(verdict, ["sent ", "received ", "in order ", "lost "]);
    assert!(sent >= 600, "{verdict}");
    assert_eq!((received, in_order, lost), (sent, sent, 0), "{verdict}");
    assert!(processes.iter().all(|(_, pid)| !is_running(*pid)));
    assert_eq!(finished.stderr, "");
    assert!(
        finished
            .stdout
            .lines()
            .all(|line| line.chars().count() < 80),
        "{}",
        finished.stdout
    );
}

#[test]
fn killed_worker_is_told_and_fails_the_run() {
    let place = Place::new();
    let mut demo = start(&place, "2");
    let processes = processes(&mut demo);
    demo.line("dropped");
    signal(pid_of(&processes, "worker-2"), "KILL");
    let finished = demo.wait().expect(1);
    let verdict = finished.last_line();
    assert!(verdict.starts_with("verdict: FAILED: "), "{verdict}");
    assert!(
        verdict.ends_with("; worker-2 was killed by signal 9"),
        "{verdict}"
    );
    // The others are not harmed.
    let names = ["sent at least ", "received ", "in order "];
    let [sent, received, in_order] = counts(verdict, names);
    assert_eq!((received, in_order), (sent, sent), "{verdict}");
    assert!(verdict.contains(", lost unknown; "), "{verdict}");
    assert!(processes.iter().all(|(_, pid)| !is_running(*pid)));
}

#[test]
fn killed_manager_fails_the_run() {
    let place = Place::new();
    let mut demo = start(&place, "5");
    let processes = processes(&mut demo);
    demo.line("dropped");
    signal(pid_of(&processes, "manager"), "KILL");
    let finished = demo.wait().expect(1);
    assert!(
        finished.last_line().contains("the manager ended"),
        "{finished:?}"
    );
    assert!(processes.iter().all(|(_, pid)| !is_running(*pid)));
}

#[test]
fn interrupted_run_ends_its_processes() {
    let place = Place::new();
    let mut demo = start(&place, "30");
    let processes = processes(&mut demo);
    demo.line("dropped");
    demo.signal("INT");
    let finished = demo.wait().expect(1);
    assert!(
        finished.last_line().contains("; interrupted"),
        "{finished:?}"
    );
    assert!(processes.iter().all(|(_, pid)| !is_running(*pid)));
}

#[test]
fn processes_end_when_the_demo_is_killed() {
    let place = Place::new();
    let mut demo = start(&place, "30");
    let processes = processes(&mut demo);
    demo.line("dropped");
    demo.signal("KILL");
    demo.wait();
    wait_until("all processes end", || {
        processes.iter().all(|(_, pid)| !is_running(*pid))
    });
}

#[test]
fn two_demos_do_not_meet() {
    let place = Place::new();
    let (first, second) = (start(&place, "1"), start(&place, "1"));
    for demo in [first, second] {
        let finished = demo.wait().expect(0);
        assert!(
            finished.last_line().starts_with("verdict: good: "),
            "{finished:?}"
        );
    }
}

#[test]
fn own_logs_are_published() {
    let place = Place::new();
    let text = "#path\tmine\n#fields\tts\tn\n#types\ttime\tcount\n1.5\t1\n2.5\t2\n3.5\t3\n";
    place.file("mine.log", text);
    let args = ["demo", "--seconds", "0.5", "--rate", "100", "--logs", "."];
    let finished = place.run(&args).expect(0);
    assert!(
        finished.stdout.starts_with("3 rows of Zeek logs: mine\n"),
        "{finished:?}"
    );
    place.file("stdout.log", "max memory size unlimited\n");
    let finished = place.run(&args).expect(0);
    assert!(
        finished.stdout.starts_with("skipped stdout.log:1: "),
        "{finished:?}"
    );
    place.file("mine.log", text.replace("2.5", "soon"));
    let finished = place.run(&args).expect(1);
    assert!(
        finished
            .stderr
            .contains("mine.log:5: field ts: \"soon\" is not a time")
    );
}
