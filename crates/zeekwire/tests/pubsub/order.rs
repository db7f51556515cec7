//! Order under load, with many publishers, nodes and links.

use std::collections::HashMap;
use std::thread;

use zeekwire::{Inproc, Node};

use crate::common::{
    Over, PATIENCE, Pair, eventually, next, number, numbered, only_link, receiver, send,
};

#[test]
fn each_thread_of_a_publisher_keeps_its_order() {
    const THREADS: u64 = 4;
    const COUNT: u64 = 10_000;
    for over in Over::ALL {
        let pair = Pair::new(over);
        let inbox = receiver(&pair.server, "thread/*");
        let mut sequence = None;
        thread::scope(|scope| {
            for at in 0..THREADS {
                let client = &pair.client;
                scope.spawn(move || {
                    let topic = format!("thread/{at}");
                    (0..COUNT).for_each(|n| send(client, &topic, &numbered(n, 40)));
                });
            }
            let mut expected = HashMap::new();
            for _ in 0..THREADS * COUNT {
                let received = inbox.recv_timeout(PATIENCE).unwrap();
                let next = expected.entry(received.topic().to_vec()).or_insert(0);
                assert_eq!(
                    number(received.payload()),
                    *next,
                    "{over:?}: {:?}",
                    received.topic()
                );
                *next += 1;
                assert!(
                    Some(received.message().sequence()) > sequence,
                    "sequences rise"
                );
                sequence = Some(received.message().sequence());
            }
        });
        let link = pair.client_link();
        assert_eq!(
            link.classes
                .iter()
                .map(|class| class.dropped_messages)
                .sum::<u64>(),
            0
        );
        assert_eq!(pair.server.status().repeated_messages, 0);
    }
}

#[test]
fn lone_and_crowded_messages_keep_their_order() {
    // Pauses let the loop sleep, so that publishers send inline; bursts do not.
    let pair = Pair::tcp();
    let inbox = receiver(&pair.server, "topic");
    let client = pair.client.clone();
    let publisher = thread::spawn(move || {
        for n in 0..3_000 {
            send(&client, "topic", &numbered(n, 100));
            if n % 7 < 3 {
                thread::sleep(std::time::Duration::from_micros(100));
            }
        }
    });
    for n in 0..3_000 {
        assert_eq!(number(&next(&inbox)), n);
    }
    publisher.join().unwrap();
    let published = pair.client.status().published;
    assert!(published.inline > 0, "none was sent inline: {published:?}");
}

#[test]
fn many_nodes_live_in_one_process() {
    const NODES: usize = 25;
    let meeting_place = Inproc::new();
    let hub = Node::builder("hub")
        .inproc(&meeting_place)
        .listen("inproc://hub")
        .start()
        .unwrap();
    let from_all = receiver(&hub, "up/*");
    let nodes: Vec<_> = (0..NODES)
        .map(|n| {
            let builder = Node::builder(&format!("node-{n}")).inproc(&meeting_place);
            let node = builder.start().unwrap();
            node.connect("inproc://hub")
                .unwrap()
                .wait_ready(PATIENCE)
                .unwrap();
            let inbox = receiver(&node, "down");
            (node, inbox)
        })
        .collect();
    for n in 0..100 {
        send(&hub, "down", &numbered(n, 64));
        for (node, _) in &nodes {
            send(node, &format!("up/{}", node.id().name), &numbered(n, 64));
        }
    }
    for (_, inbox) in &nodes {
        (0..100).for_each(|n| assert_eq!(number(&next(inbox)), n));
    }
    let mut expected = HashMap::new();
    for _ in 0..100 * NODES {
        let received = from_all.recv_timeout(PATIENCE).unwrap();
        let next = expected.entry(received.publisher().to_owned()).or_insert(0);
        assert_eq!(number(received.payload()), *next);
        *next += 1;
    }
    assert_eq!(expected.len(), NODES);
}

#[test]
fn two_links_between_a_pair_deliver_once_and_back_each_other_up() {
    let pair = Pair::tcp();
    let second = pair.server.listen("tcp://127.0.0.1:0").unwrap();
    let other = pair.client.connect(&second).unwrap();
    other.wait_ready(PATIENCE).unwrap();
    let inbox = receiver(&pair.server, "topic");
    for n in 0..1_000 {
        send(&pair.client, "topic", &numbered(n, 100));
    }
    for n in 0..1_000 {
        assert_eq!(number(&next(&inbox)), n);
    }
    for (link, first) in [(&pair.link, 1_000), (&other, 1_100)] {
        if first == 1_000 {
            assert!(link.close(PATIENCE).wait(PATIENCE));
            eventually("one link is left", || pair.client.status().links.len() == 1);
            assert_eq!(only_link(&pair.client).endpoint, second);
        }
        for n in first..first + 100 {
            send(&pair.client, "topic", &numbered(n, 100));
        }
        for n in first..first + 100 {
            assert_eq!(number(&next(&inbox)), n);
        }
    }
}
