//! The quick measurement measures.

use crate::process::Place;

#[test]
fn every_kind_of_link_has_a_rate_and_a_round_trip() {
    let place = Place::new();
    let finished = place
        .run(&["bench", "--seconds", "0.1", "--json"])
        .expect(0);
    let links: Vec<String> = finished
        .stdout
        .lines()
        .map(|line| {
            let json: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(json["messages_per_s"].as_f64().unwrap() > 0.0, "{line}");
            assert!(json["round_trip_p50_ns"].as_u64().unwrap() > 0, "{line}");
            json["link"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(links, ["tcp", "ipc", "inproc"]);
    let table = place
        .run(&["bench", "--seconds", "0.1", "--over", "inproc"])
        .expect(0);
    assert_eq!(table.stdout.lines().count(), 2, "{}", table.stdout);
}
