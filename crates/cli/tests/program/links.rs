//! Publishing, subscribing and pinging between processes.

use crate::process::Place;

#[track_caller]
fn round_trip(place: &Place, endpoint: &str) {
    let mut sub = place.start(&["sub", "demo/*", "--listen", endpoint, "--count", "2"]);
    let endpoint = sub.endpoint();
    let args = ["42", "-1", "80/tcp", "[a=T, b=\"x\\x1b\"]", "{1, 2}"];
    let publish = [
        &["pub", "demo/a", "Demo::hello", "-c", &endpoint][..],
        &args,
    ]
    .concat();
    place.run(&publish).expect(0);
    place
        .run(&["pub", "demo/b", "Demo::bye", "-c", &endpoint])
        .expect(0);
    let finished = sub.wait().expect(0);
    let lines: Vec<&str> = finished.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{finished:?}");
    let hello = "Demo::hello(42, -1, 80/tcp, [a=T, b=x\\x1b], {1, 2})";
    assert!(
        lines[0].contains(" demo/a pub-") && lines[0].ends_with(hello),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].contains(" demo/b pub-") && lines[1].ends_with("Demo::bye()"),
        "{}",
        lines[1]
    );
}

#[test]
fn event_arrives_over_tcp_and_over_ipc() {
    let place = Place::new();
    round_trip(&place, "tcp://127.0.0.1:0");
    round_trip(&place, &place.ipc("sub.sock"));
}

#[test]
fn event_arrives_in_every_format_as_json_lines() {
    let place = Place::new();
    for format in ["capnp-v1", "broker-bin-v1", "broker-json-v1"] {
        let endpoint = place.ipc(format);
        let mut sub = place.start(&["sub", "*", "--json", "-n", "1", "--listen", &endpoint]);
        sub.endpoint();
        place
            .run(&[
                "pub", "t", "A::b", "1", "x", "-c", &endpoint, "--format", format,
            ])
            .expect(0);
        let finished = sub.wait().expect(0);
        let json: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
        assert_eq!(json["format"], format);
        assert_eq!(
            (&json["topic"], &json["event"]),
            (&"t".into(), &"A::b".into())
        );
        assert_eq!(json["args"], serde_json::json!([1, "x"]));
    }
}

#[test]
fn publisher_may_listen_and_the_subscriber_connect() {
    let place = Place::new();
    let endpoint = place.ipc("pub.sock");
    let mut publisher = place.start(&["pub", "t", "A::b", "--listen", &endpoint, "--wait", "30"]);
    publisher.endpoint();
    let sub = place
        .run(&["sub", "t", "-c", &endpoint, "-n", "1"])
        .expect(0);
    assert!(sub.stdout.ends_with("A::b()\n"), "{sub:?}");
    publisher.wait().expect(0);
}

#[test]
fn event_that_nobody_wants_is_told() {
    let place = Place::new();
    let endpoint = place.ipc("sub.sock");
    let mut sub = place.start(&["sub", "wanted", "--listen", &endpoint]);
    sub.endpoint();
    let unheard = place
        .run(&["pub", "other", "A::b", "-c", &endpoint])
        .expect(1);
    assert!(
        unheard
            .stderr
            .contains("nobody who can be reached subscribes to \"other\"")
    );
    place
        .run(&["pub", "other", "A::b", "-c", &endpoint, "--allow-unheard"])
        .expect(0);
    sub.signal("INT");
    let finished = sub.wait().expect(0);
    assert_eq!(finished.stdout, "");
}

#[test]
fn repeated_events_arrive_in_order_at_their_rate() {
    let place = Place::new();
    let endpoint = place.ipc("sub.sock");
    let mut sub = place.start(&["sub", "t", "--json", "-n", "500", "--listen", &endpoint]);
    sub.endpoint();
    let started = std::time::Instant::now();
    place
        .run(&[
            "pub", "t", "e", "-c", &endpoint, "-r", "500", "--rate", "2000",
        ])
        .expect(0);
    assert!(
        started.elapsed().as_millis() >= 240,
        "{:?}",
        started.elapsed()
    );
    let finished = sub.wait().expect(0);
    let sequences: Vec<u64> = finished
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|json| json["sequence"].as_u64().unwrap())
        .collect();
    assert_eq!(sequences.len(), 500);
    assert!(sequences.is_sorted(), "{sequences:?}");
}

#[test]
fn subscriber_that_waits_in_vain_says_how_many_came() {
    let place = Place::new();
    let endpoint = place.ipc("sub.sock");
    let args = ["sub", "t", "--listen", &endpoint, "--timeout", "0.2"];
    place.run(&args).expect(0);
    let finished = place
        .run(&[&args[..], &["--count", "3"]].concat())
        .expect(1);
    assert!(
        finished.stderr.contains("only 0 of 3 events"),
        "{finished:?}"
    );
}

#[test]
fn node_answers_pings_prints_events_and_ends_on_sigterm() {
    let place = Place::new();
    let endpoint = place.ipc("node.sock");
    let mut node = place.start(&["node", "-n", "hub", "-s", "t/*", "--listen", &endpoint]);
    node.endpoint();
    let ping = place
        .run(&["ping", "-c", &endpoint, "-n", "5", "--interval-ms", "0"])
        .expect(0);
    assert!(
        ping.stdout.starts_with("hub: 5 pings, 0 lost\nmin "),
        "{ping:?}"
    );
    let ping = place
        .run(&["ping", "hub", "-c", &endpoint, "-n", "2", "--json"])
        .expect(0);
    let json: serde_json::Value = serde_json::from_str(&ping.stdout).unwrap();
    assert_eq!((&json["sent"], &json["lost"]), (&2.into(), &0.into()));
    assert!(json["p50_ns"].as_u64().unwrap() > 0);
    let other = place
        .run(&["ping", "spoke", "-c", &endpoint, "--timeout", "0.1"])
        .expect(1);
    assert!(other.stderr.contains("trace .node.spoke"), "{other:?}");
    place
        .run(&["pub", "t/1", "A::b", "-c", &endpoint])
        .expect(0);
    node.line("A::b()");
    node.signal("TERM");
    node.wait().expect(0);
}

#[test]
fn node_without_echo_does_not_answer() {
    let place = Place::new();
    let endpoint = place.ipc("node.sock");
    let mut node = place.start(&["node", "--no-echo", "--listen", &endpoint]);
    node.endpoint();
    let ping = place
        .run(&["ping", "-c", &endpoint, "--timeout", "0.05"])
        .expect(1);
    assert!(ping.stdout.contains("3 pings, 3 lost"), "{ping:?}");
    assert!(ping.stderr.contains("--no-echo"), "{ping:?}");
}

#[test]
fn node_runs_from_a_file_and_flags_win() {
    let place = Place::new();
    let endpoint = place.ipc("file.sock");
    let text = format!("name = \"from-file\"\nlisten = [\"{endpoint}\"]\nsubscribe = [\"t\"]\n");
    let file = place.file("node.toml", text);
    let mut node = place.start(&["node", "--config", file.to_str().unwrap(), "--json"]);
    assert!(node.note(" listens at ").starts_with("from-file "));
    place.run(&["pub", "t", "A::b", "-c", &endpoint]).expect(0);
    assert!(node.line("A::b").starts_with("{\"time\""));
    drop(node);
    let mut node = place.start(&["node", "--config", file.to_str().unwrap(), "-n", "flag"]);
    assert!(node.note(" listens at ").starts_with("flag "));
}

#[test]
fn log_lines_go_to_standard_error_where_asked_for() {
    let place = Place::new();
    let endpoint = place.ipc("node.sock");
    let mut quiet = place.start(&["node", "--listen", &endpoint]);
    quiet.endpoint();
    let ping = place
        .run(&["--log-level", "info", "ping", "-n", "1", "-c", &endpoint])
        .expect(0);
    assert!(ping.stderr.contains("link up"), "{ping:?}");
    assert!(!ping.stdout.contains("link up"), "{ping:?}");
}
