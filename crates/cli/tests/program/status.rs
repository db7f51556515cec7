//! Looking into live nodes.

use crate::process::{Place, is_running, wait_until};

#[test]
fn live_node_is_found_with_its_links_queues_and_subscriptions() {
    let place = Place::new();
    let none = place.run(&["status"]).expect(1);
    assert!(none.stderr.contains("zeekwire node"), "{none:?}");
    let endpoint = place.ipc("hub.sock");
    let mut hub = place.start(&["node", "-n", "hub", "-s", "t/*", "--listen", &endpoint]);
    hub.endpoint();
    let one = place.run(&["status"]).expect(0);
    for part in [
        "hub (member, zeekwire ",
        "listens at ipc://",
        "no links",
        "t/*",
    ] {
        assert!(one.stdout.contains(part), "{part:?}: {}", one.stdout);
    }
    let mut sub = place.start(&["sub", "x", "--name", "watcher", "-c", &endpoint]);
    sub.note("linked to hub");
    let linked = place.run(&["status", "hub"]).expect(0);
    for part in ["link from watcher (client, ", "up for ", "credit", "event"] {
        assert!(linked.stdout.contains(part), "{part:?}: {}", linked.stdout);
    }
    let both = place.run(&["status"]).expect(0);
    assert!(
        both.stdout.contains("hub") && both.stdout.contains("watcher"),
        "{}",
        both.stdout
    );
    let by_pid = place.run(&["status", &sub.pid().to_string()]).expect(0);
    assert!(
        by_pid.stdout.starts_with("watcher (client, "),
        "{}",
        by_pid.stdout
    );
    let json = place.run(&["status", "hub", "--format", "json"]).expect(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["links"][0]["peer"], "watcher");
    let absent = place.run(&["status", "spoke"]).expect(1);
    assert!(absent.stderr.contains("there are: hub ("), "{absent:?}");
}

#[test]
fn node_that_was_killed_is_not_found_and_leaves_nothing() {
    let place = Place::new();
    let mut node = place.start(&["node", "--listen", &place.ipc("node.sock")]);
    node.endpoint();
    let sockets = || {
        std::fs::read_dir(place.path().join("zeekwire"))
            .unwrap()
            .count()
    };
    wait_until("the admin socket is there", || {
        place.path().join("zeekwire").exists()
    });
    wait_until("it has one socket", || sockets() == 1);
    let pid = node.pid();
    node.signal("KILL");
    node.wait();
    assert!(!is_running(pid));
    assert_eq!(sockets(), 1);
    place.run(&["status"]).expect(1);
    assert_eq!(sockets(), 0);
}

#[test]
fn node_that_ends_in_order_removes_its_socket() {
    let place = Place::new();
    let mut node = place.start(&["node", "--listen", &place.ipc("node.sock")]);
    node.endpoint();
    wait_until("it is found", || place.run(&["status"]).code == Some(0));
    node.signal("INT");
    node.wait().expect(0);
    assert_eq!(
        std::fs::read_dir(place.path().join("zeekwire"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn node_may_have_no_admin_socket() {
    let place = Place::new();
    let mut node = place.start(&["node", "--no-admin", "--listen", &place.ipc("node.sock")]);
    node.endpoint();
    place.run(&["status"]).expect(1);
}
