//! Who is told of which subscriptions.

use std::sync::{Arc, Mutex};

use zeekwire::{Inproc, Node};

use crate::cluster::{link, member, member_with};
use crate::common::{PATIENCE, eventually};

#[test]
fn the_first_subscriber_anywhere_and_the_last_one_to_go_are_told() {
    let here = Inproc::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    let watcher = member_with(&here, "watcher", |builder| {
        builder.on_topic_change(move |filter, subscribed| {
            let sign = if subscribed { '+' } else { '-' };
            ear.lock().unwrap().push(format!("{sign}{filter}"));
        })
    });
    let hub = member(&here, "hub");
    let far = member(&here, "far");
    let client = Node::builder("client")
        .inproc(&here)
        .client()
        .start()
        .unwrap();
    link(&watcher, &[&hub]);
    link(&far, &[&hub]);
    link(&client, &[&far]);
    let is = |expected: &[&str]| {
        eventually("it was told", || *heard.lock().unwrap() == expected);
        heard.lock().unwrap().clear();
    };
    let first = far.subscribe(["x/*"]).unwrap().receiver().unwrap();
    is(&["+x/*"]);
    // A second one changes nothing, nor does the first one's end.
    let second = client.subscribe(["x/*"]).unwrap().receiver().unwrap();
    assert!(second.subscription().wait_effective(PATIENCE));
    assert!(first.subscription().end().wait(PATIENCE));
    let own = watcher.subscribe(["own"]).unwrap().receiver().unwrap();
    is(&["+own"]);
    assert!(second.subscription().end().wait(PATIENCE));
    is(&["-x/*"]);
    drop(own);
    is(&["-own"]);
    // Whoever is cut off takes its subscriptions along.
    let lost = far.subscribe(["lost"]).unwrap().receiver().unwrap();
    is(&["+lost"]);
    far.shut_down(PATIENCE);
    is(&["-lost"]);
    drop(lost);
}
