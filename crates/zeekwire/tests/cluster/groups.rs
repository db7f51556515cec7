//! One of a group gets each message.

use std::collections::BTreeMap;
use std::time::Duration;

use zeekwire::{Event, Inproc, Node, PoolMembers, Receiver, Value};

use crate::cluster::{all_know_all, chain, link, member, member_with};
use crate::common::{PATIENCE, eventually, number, numbered, receiver, send};

fn sharing(node: &Node, filter: &str, group: &str) -> Receiver {
    let builder = node.subscribe([filter]).unwrap().in_group(group);
    let receiver = builder.receiver().unwrap();
    assert!(receiver.subscription().wait_effective(PATIENCE));
    receiver
}

fn taken(inbox: &Receiver) -> Vec<u64> {
    let mut taken = Vec::new();
    while let Ok(message) = inbox.recv_timeout(Duration::from_millis(200)) {
        assert_eq!(message.topic(), b"work/x", "the topic is the publisher's");
        taken.push(number(message.payload()));
    }
    taken
}

#[test]
fn each_message_goes_to_one_of_each_group_and_to_all_others() {
    let here = Inproc::new();
    let nodes = chain(&here, ["a", "b", "c", "d"]);
    let shared = [1, 2, 3].map(|at: usize| sharing(&nodes[at], "work/*", "g"));
    let alone = sharing(&nodes[2], "work/x", "other");
    let plain = receiver(&nodes[3], "work/*");
    for n in 0..300 {
        send(&nodes[0], "work/x", &numbered(n, 8));
    }
    let all: Vec<u64> = (0..300).collect();
    assert_eq!(taken(&plain), all);
    assert_eq!(taken(&alone), all);
    let parts = shared.each_ref().map(taken);
    let mut together: Vec<u64> = parts.concat();
    together.sort_unstable();
    assert_eq!(together, all);
    assert!(
        parts
            .iter()
            .all(|part| part.len() == 100 && part.is_sorted())
    );
}

#[test]
fn what_a_client_publishes_is_shared_by_its_member_and_clients() {
    let here = Inproc::new();
    let hub = member(&here, "hub");
    let [publisher, taker] = ["p", "t"].map(|name| {
        let node = Node::builder(name).inproc(&here).client().start().unwrap();
        link(&node, &[&hub]);
        node
    });
    let shared = [sharing(&hub, "work/*", "g"), sharing(&taker, "work/*", "g")];
    for n in 0..100 {
        send(&publisher, "work/x", &numbered(n, 8));
    }
    let parts = shared.each_ref().map(taken);
    assert_eq!(parts.each_ref().map(Vec::len), [50, 50]);
}

#[test]
fn a_group_goes_on_without_a_member_that_is_gone() {
    let here = Inproc::new();
    let nodes = chain(&here, ["a", "b", "c"]);
    let stays = sharing(&nodes[1], "work/*", "g");
    let leaves = sharing(&nodes[2], "work/*", "g");
    drop(leaves);
    let mut n = 0;
    eventually("all go to the one that stays", || {
        let run = n..n + 4;
        n += 4;
        for n in run.clone() {
            send(&nodes[0], "work/x", &numbered(n, 8));
        }
        taken(&stays) == run.collect::<Vec<_>>()
    });
}

#[test]
fn bad_names_of_groups_are_refused() {
    let node = Node::builder("n").start().unwrap();
    for group in ["", "a/b", "a*", "a b", &"x".repeat(65)] {
        let builder = node.subscribe(["t"]).unwrap().in_group(group);
        let error = builder.receiver().unwrap_err().to_string();
        assert!(error.contains("no name of a group"), "{error}");
    }
    let long = node.subscribe(["t".repeat(510)]).unwrap().in_group("g");
    assert!(
        long.receiver()
            .unwrap_err()
            .to_string()
            .contains("cannot be shared")
    );
}

#[test]
fn keys_go_to_one_live_member_of_a_pool_and_others_stay_when_one_dies() {
    let here = Inproc::new();
    let hub = member(&here, "hub");
    let proxies = ["proxy-1", "proxy-2", "proxy-3"].map(|name| {
        let proxy = member_with(&here, name, |builder| {
            builder
                .pool("proxy")
                .member_down_after(Duration::from_millis(100))
        });
        link(&proxy, &[&hub]);
        proxy
    });
    let worker = member_with(&here, "worker-1", |builder| {
        builder.member_down_after(Duration::from_millis(100))
    });
    link(&worker, &[&hub]);
    all_know_all(&[&worker, &hub, &proxies[0], &proxies[1], &proxies[2]]);
    let pools = [
        worker.pool(PoolMembers::Label("proxy".to_owned())),
        hub.pool(PoolMembers::Pattern("proxy-*".to_owned())),
        proxies[0].pool(PoolMembers::Names(
            ["proxy-3", "proxy-2", "proxy-1", "gone"]
                .map(str::to_owned)
                .to_vec(),
        )),
    ];
    let keys: Vec<String> = (0..100).map(|n| format!("10.0.0.{n}")).collect();
    let mut before = BTreeMap::new();
    for key in &keys {
        let owners = pools.each_ref().map(|pool| pool.member_of(key).unwrap());
        assert!(
            owners.iter().all(|owner| *owner == owners[0]),
            "all agree on {key}"
        );
        before.insert(key, owners[0].to_string());
    }
    let inbox = receiver(&proxies[1], ".node.proxy-2");
    let event = Event::new("Scan::seen", [Value::Count(1)]);
    for key in &keys {
        assert_eq!(
            pools[0].publish_hashed(key, &event).unwrap().as_str(),
            before[key]
        );
    }
    let mine = before.values().filter(|owner| *owner == "proxy-2").count();
    (0..mine).for_each(|_| _ = inbox.recv_timeout(PATIENCE).unwrap());
    let turns: Vec<_> = (0..6)
        .map(|_| pools[0].publish_next(&event).unwrap())
        .collect();
    assert_eq!(turns[..3], turns[3..]);
    proxies[2].shut_down(Duration::ZERO);
    eventually("the pool has two members", || pools[0].members().len() == 2);
    for key in &keys {
        let owner = pools[0].member_of(key).unwrap();
        assert!(before[key] == "proxy-3" || before[key] == owner.as_str());
        assert_ne!(owner.as_str(), "proxy-3");
    }
    let nobody = worker.pool(PoolMembers::Label("logger".to_owned()));
    let error = nobody.publish_next(&event).unwrap_err().to_string();
    assert!(error.contains("no member of the pool is up"), "{error}");
}
