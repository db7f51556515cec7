//! The main job: what it says in the end, and what it leaves behind.

use crate::process::{Place, Running, is_running, signal, wait_until};

/// A demo at a rate that every machine can take.
fn start(place: &Place, seconds: &str) -> Running {
    place.start(&["demo", "--seconds", seconds, "--rate", "200"])
}

/// The processes of a demo by name, as it tells them.
#[track_caller]
fn processes(demo: &mut Running) -> Vec<(String, u32)> {
    let lines = [demo.line("processes: "), demo.line("processes: ")];
    let lists = lines.iter().map(|line| line.split_once(": ").unwrap().1);
    lists
        .flat_map(|list| list.split(", "))
        .map(|process| {
            let (name, pid) = process.split_once(' ').unwrap();
            (name.to_owned(), pid.parse().unwrap())
        })
        .collect()
}

/// The processes that a demo started in place of those that it killed.
#[track_caller]
fn restarted(demo: &mut Running) -> Vec<u32> {
    let lines = [demo.line("worker-1 again"), demo.line("proxy-2 again")];
    let pids = lines.iter().map(|line| {
        let pid = line.split_once("(process ").unwrap().1;
        pid.trim_end_matches(')').parse().unwrap()
    });
    pids.collect()
}

/// Checks that no process is left, and no socket at which it could be asked.
#[track_caller]
fn leaves_nothing(place: &Place, processes: &[(String, u32)]) {
    let left: Vec<_> = processes
        .iter()
        .filter(|(_, pid)| is_running(*pid))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(sockets(place), Vec::<String>::new());
}

fn sockets(place: &Place) -> Vec<String> {
    let names = std::fs::read_dir(place.path().join("zeekwire")).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
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

/// Checks that what was published is what was received or is told to be lost.
#[track_caller]
fn adds_up(stdout: &str, verdict: &str) {
    let names = ["published ", "received ", "lost ", "unaccounted "];
    let [published, received, lost, unaccounted] = counts(verdict, names);
    assert_eq!((published, unaccounted), (received + lost, 0), "{verdict}");
    let told = stdout.split_once("\nlost:\n").map_or("", |(_, told)| told);
    let places = told.lines().take_while(|line| !line.is_empty());
    let by_place = places.map(|line| counts(line.trim_start(), [""])[0]);
    assert_eq!(by_place.sum::<u64>(), lost, "{stdout}");
}

/// Checks that the README shows what the demo prints, but for numbers.
#[track_caller]
fn readme_shows(stdout: &str) {
    let readme = include_str!("../../../../README.md");
    let shown = readme.split("```text\n").nth(1).unwrap();
    let shown = shown.split_once("```").unwrap().0;
    assert!(shown.contains("verdict: good: "), "{shown}");
    let printed: Vec<String> = stdout.lines().map(without_numbers).collect();
    // Whether anything was in flight is chance.
    let sure = |line: &&str| !line.contains(" in flight ") && *line != "…";
    for line in shown.lines().filter(sure) {
        assert!(
            printed.contains(&without_numbers(line)),
            "{line:?} is not in {stdout}"
        );
    }
}

/// A line with `#` for numbers, and one space for many.
fn without_numbers(line: &str) -> String {
    let number = |word: &str| {
        word.trim_matches(['(', ')', ',', ';'])
            .replace([',', '.'], "")
    };
    let words = line
        .split_whitespace()
        .map(|word| match number(word).parse::<u64>() {
            Ok(_) => "#",
            Err(_) => word,
        });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn good_run_survives_two_kills_accounts_for_all_and_leaves_nothing() {
    let place = Place::new();
    let mut demo = start(&place, "3");
    let mut processes = processes(&mut demo);
    assert_eq!(processes.len(), 7, "{processes:?}");
    let killed = demo.line("killed worker-1 (process ");
    for name in ["worker-1", "proxy-2"] {
        let told = format!("{name} (process {})", pid_of(&processes, name));
        assert!(killed.contains(&told), "{killed}");
    }
    let second = restarted(&mut demo);
    processes.extend(second.iter().map(|pid| (String::new(), *pid)));
    let finished = demo.wait().expect(0);
    let verdict = finished.last_line();
    assert!(verdict.starts_with("verdict: good: "), "{verdict}");
    adds_up(&finished.stdout, verdict);
    let [received] = counts(verdict, ["received "]);
    assert!(received >= 1000, "{verdict}");
    readme_shows(&finished.stdout);
    // The second lives have worked.
    for life in finished
        .stdout
        .lines()
        .filter(|line| line.ends_with("second life"))
    {
        let cells: Vec<&str> = life.split_whitespace().collect();
        assert_ne!(cells[3], "0", "{life}");
        assert_eq!(cells.len(), 7, "{life}");
    }
    leaves_nothing(&place, &processes);
    assert_eq!(finished.stderr, "");
    let mut lines = finished.stdout.lines();
    assert!(
        lines.all(|line| line.chars().count() <= 80),
        "{}",
        finished.stdout
    );
}

#[test]
fn worker_killed_by_somebody_else_fails_the_run() {
    let place = Place::new();
    let mut demo = start(&place, "20");
    let processes = processes(&mut demo);
    demo.line("/s received");
    signal(pid_of(&processes, "worker-3"), "KILL");
    let finished = demo.wait().expect(1);
    let verdict = finished.last_line();
    assert!(verdict.starts_with("verdict: FAILED: "), "{verdict}");
    assert!(
        verdict.contains("; worker-3 was killed by signal 9"),
        "{verdict}"
    );
    leaves_nothing(&place, &processes);
}

#[test]
fn rendezvous_killed_by_somebody_else_fails_the_run() {
    for name in ["manager", "proxy-1"] {
        let place = Place::new();
        let mut demo = start(&place, "20");
        let processes = processes(&mut demo);
        demo.line("/s received");
        signal(pid_of(&processes, name), "KILL");
        let finished = demo.wait().expect(1);
        let told = format!("; {name} was killed by signal 9");
        assert!(finished.last_line().contains(&told), "{finished:?}");
        leaves_nothing(&place, &processes);
    }
}

#[test]
fn interrupted_run_ends_its_processes() {
    let place = Place::new();
    let mut demo = start(&place, "30");
    let processes = processes(&mut demo);
    demo.line("/s received");
    demo.signal("INT");
    let finished = demo.wait().expect(1);
    assert!(
        finished.last_line().contains("; interrupted"),
        "{finished:?}"
    );
    leaves_nothing(&place, &processes);
}

#[test]
fn run_interrupted_while_two_are_away_leaves_nothing() {
    let place = Place::new();
    let mut demo = start(&place, "4");
    let mut processes = processes(&mut demo);
    demo.line("killed worker-1");
    demo.signal("TERM");
    let finished = demo.wait().expect(1);
    let again = finished
        .stdout
        .lines()
        .filter_map(|line| line.split_once("again (process "));
    let again = again.map(|(_, pid)| pid.trim_end_matches(')').parse().unwrap());
    processes.extend(again.map(|pid| (String::new(), pid)));
    leaves_nothing(&place, &processes);
}

#[test]
fn processes_end_when_the_demo_is_killed() {
    let place = Place::new();
    let mut demo = start(&place, "30");
    let processes = processes(&mut demo);
    demo.line("/s received");
    demo.signal("KILL");
    demo.wait();
    wait_until("all processes end", || {
        processes.iter().all(|(_, pid)| !is_running(*pid))
    });
    assert_eq!(sockets(&place), Vec::<String>::new());
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
    let args = [
        "demo",
        "--seconds",
        "0.5",
        "--rate",
        "100",
        "--workers",
        "2",
        "--logs",
        ".",
    ];
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
