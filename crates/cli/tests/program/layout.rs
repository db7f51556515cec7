//! Nodes of a layout, and nodes with several listeners and connections.

use crate::process::{Place, Running};

/// Waits until a node is linked to all of these.
#[track_caller]
fn expect_links(node: &mut Running, names: &[&str]) {
    let mut left: Vec<_> = names.to_vec();
    while !left.is_empty() {
        let line = node.note("linked to ");
        left.retain(|name| !line.starts_with(&format!("linked to {name} ")));
    }
}

#[test]
fn node_listens_and_connects_at_several_places() {
    let place = Place::new();
    let [first, second, third] = ["a", "b", "c"].map(|name| place.ipc(name));
    let mut hub = place.start(&["node", "-n", "hub", "-l", &first, "-l", &second, "-s", "*"]);
    assert_eq!(
        [hub.endpoint(), hub.endpoint()],
        [&first, &second].map(String::clone)
    );
    let mut other = place.start(&["node", "-n", "other", "-l", &third]);
    other.endpoint();
    let spoke = [
        "node",
        "-n",
        "spoke",
        "-c",
        &second,
        "-c",
        &third,
        "--no-listen",
    ];
    let mut spoke = place.start(&spoke);
    expect_links(&mut spoke, &["hub", "other"]);
    for (endpoint, event) in [(&first, "A::first"), (&second, "A::second")] {
        place.run(&["pub", "t", event, "-c", endpoint]).expect(0);
        hub.line(event);
    }
}

#[test]
fn nodes_take_their_parts_in_a_layout() {
    let place = Place::new();
    let file = place.file(
        "cluster.toml",
        format!(
            "node = [\n{{ name = \"manager\", type = \"manager\", address = {:?} }},\n\
             {{ name = \"proxy-1\", type = \"proxy\", address = {:?}, rendezvous = true }},\n\
             {{ name = \"worker-1\", type = \"worker\" }} ]",
            place.ipc("manager.sock"),
            place.ipc("proxy.sock")
        ),
    );
    let start = |name| {
        let layout = ["node", "--layout", file.to_str().unwrap(), "--name", name];
        place.start(&layout)
    };
    let mut manager = start("manager");
    assert_eq!(manager.endpoint(), place.ipc("manager.sock"));
    let mut proxy = start("proxy-1");
    assert_eq!(proxy.endpoint(), place.ipc("proxy.sock"));
    let mut worker = start("worker-1");
    expect_links(&mut worker, &["manager", "proxy-1"]);
    expect_links(&mut proxy, &["manager"]);
    worker.signal("TERM");
    let ended = worker.wait().expect(0);
    assert!(!ended.stderr.contains(" listens at "), "{ended:?}");
}

#[test]
fn configuration_file_says_what_the_layout_does_not() {
    let place = Place::new();
    let address = place.ipc("m.sock");
    let node = format!("[[node]]\nname = \"m\"\ntype = \"manager\"\naddress = {address:?}\n");
    place.file("cluster.toml", node);
    place.file(
        "node.toml",
        "name = \"m\"\nsubscribe = [\"t\"]\nlisten = [\"ipc://unused\"]\n",
    );
    let both = ["node", "--layout", "cluster.toml", "--config", "node.toml"];
    let mut node = place.start(&both);
    assert_eq!(node.endpoint(), address);
    place.run(&["pub", "t", "A::b", "-c", &address]).expect(0);
    node.line("A::b()");
    drop(node);
    let own = place.ipc("own.sock");
    let mut node = place.start(&[&both[..], &["--listen", &own]].concat());
    assert_eq!(node.endpoint(), own);
}

#[test]
fn node_cfg_of_zeekctl_is_a_layout() {
    let place = Place::new();
    place.file(
        "node.cfg",
        "[manager]\ntype=manager\nhost=localhost\n\n[worker-1]\ntype=worker\nhost=localhost\n\
         interface=eth0\nlb_method=custom\nlb_procs=2\nteapot=1\n",
    );
    let args = ["--node-cfg", "node.cfg", "--rendezvous-port", "4000"];
    let shown = place.run(&[&["layout"][..], &args].concat()).expect(0);
    let manager = "manager     manager  manager  tcp://localhost:4000  -";
    assert_eq!(shown.stdout.lines().nth(1), Some(manager));
    assert_eq!(shown.stdout.lines().count(), 4, "{shown:?}");
    assert_eq!(shown.stderr, "node.cfg:11: `teapot` is not used here\n");
    let node = [&["node", "--name", "worker-1-2"][..], &args].concat();
    let mut node = place.start(&node);
    let connects = "worker-1-2 connects to tcp://localhost:4000";
    assert_eq!(node.note(" connects to "), connects);
}

#[test]
fn address_that_others_reach_needs_the_flag_named_for_its_danger() {
    let place = Place::new();
    // Addresses for documentation, which no machine has.
    let text = "\n[[node]]\nname = \"m\"\ntype = \"manager\"\naddress = \"192.0.2.1\"\n";
    place.file("cluster.toml", text);
    let node = ["node", "--layout", "cluster.toml", "--name", "m"];
    let refused = place.run(&node).expect(2);
    for part in [
        "cluster.toml:3: m ",
        "tcp://192.0.2.1:47760",
        "--insecure-remote",
    ] {
        assert!(refused.stderr.contains(part), "{refused:?}");
    }
    let allowed = place
        .run(&[&node[..], &["--insecure-remote"]].concat())
        .expect(1);
    assert!(
        allowed.stderr.contains("does not have that address"),
        "{allowed:?}"
    );
    let shown = place.run(&["layout", "cluster.toml"]).expect(0);
    assert!(shown.stderr.contains("m listens where"), "{shown:?}");
}

#[test]
fn what_is_typed_wrong_is_told_with_a_way_out() {
    let place = Place::new();
    let node = "[[node]]\nname = \"m\"\ntype = \"manager\"\naddress = \"::1\"\n";
    place.file("cluster.toml", node);
    for (args, code, what) in [
        (&["node", "--layout", "cluster.toml"][..], 2, "there are m"),
        (
            &["node", "--layout", "absent.toml"],
            2,
            "cannot read absent.toml",
        ),
        (&["node", "--topology", "mesh"], 2, "--node-cfg"),
        (&["layout"], 2, "<FILE>"),
        (&["layout", "absent.toml"], 1, "cannot read absent.toml"),
        (
            &["layout", "--node-cfg", "cluster.toml"],
            1,
            "without --node-cfg",
        ),
    ] {
        let told = place.run(args).expect(code);
        assert!(told.stderr.contains(what), "of {args:?}: {told:?}");
    }
}
