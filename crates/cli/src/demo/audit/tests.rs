//! Books that add up, and each way in which they may not.

use std::collections::BTreeMap;

use zeekwire::status::LossStatus;

use super::super::report::{Books, Received, Sent};
use super::*;

/// The life of a worker that published so many events for each of its receivers.
fn worker(name: &str, life: &str, fate: Fate, sent: &[(&str, u64)]) -> Account {
    let sent = sent.iter().map(|(target, count)| Sent {
        target: (*target).to_owned(),
        count: *count,
        up_at: BTreeMap::new(),
    });
    let mut books = Books {
        incarnation: life.to_owned(),
        sent: sent.collect(),
        ..Books::default()
    };
    books.counters.accepted = books.sent_count();
    let name = name.to_owned();
    Account { name, fate, books }
}

/// The life of a receiver that got these numbers: publisher, which life, the first, one past the
/// last.
fn receiver(name: &str, life: &str, fate: Fate, got: &[(&str, &str, u64, u64)]) -> Account {
    let received = got.iter().map(|(publisher, life, first, next)| Received {
        publisher: (*publisher).to_owned(),
        incarnation: (*life).to_owned(),
        count: next - first,
        first: *first,
        next: *next,
        ..Received::default()
    });
    let mut books = Books {
        incarnation: life.to_owned(),
        received: received.collect(),
        ..Books::default()
    };
    books.counters.delivered = books.received_count();
    let name = name.to_owned();
    Account { name, fate, books }
}

fn loss(node: &str, peer: &str, cause: &str, messages: u64) -> LossStatus {
    LossStatus {
        node: node.to_owned(),
        peer: Some(peer.to_owned()),
        class: "event".to_owned(),
        cause: cause.to_owned(),
        messages,
        bytes: 0,
    }
}

const MANAGER: usize = 0;
const HUB: usize = 1;
const OLD_PROXY: usize = 2;
const OLD_WORKER: usize = 3;
const WORKER: usize = 4;
const NEW_WORKER: usize = 5;
const NEW_PROXY: usize = 6;

/// Books that add up, of a run in which `w1` and `p2` were killed and restarted.
///
/// The first life of `w1` had reported 105 rows, of which 100 arrived. Of what `w2` published for
/// `p2`, 60 arrived before and 50 after; of the 40 between, its node had no route for 30, and 4
/// were lost at `p1` with the link.
fn sound() -> Vec<Account> {
    use Fate::{Killed, Living};
    let mut accounts = vec![
        receiver(
            "m",
            "m1",
            Living,
            &[("w1", "a", 0, 100), ("w2", "a", 0, 300), ("w1", "b", 0, 80)],
        ),
        receiver(
            "p1",
            "p1",
            Living,
            &[("w1", "a", 0, 20), ("w2", "a", 0, 70)],
        ),
        receiver(
            "p2",
            "old",
            Killed,
            &[("w1", "a", 0, 15), ("w2", "a", 0, 60)],
        ),
        worker("w1", "a", Killed, &[("m", 105), ("p1", 20), ("p2", 18)]),
        worker("w2", "a", Living, &[("m", 300), ("p1", 70), ("p2", 150)]),
        worker("w1", "b", Living, &[("m", 80), ("p2", 10)]),
        receiver(
            "p2",
            "new",
            Living,
            &[("w2", "a", 100, 150), ("w1", "b", 0, 10)],
        ),
    ];
    let books = &mut accounts[WORKER].books;
    books.sent[2].up_at.insert("new".into(), 102);
    books.counters.unrouted = 30;
    books.counters.own_losses = vec![loss("p1", "p2", "link_lost", 4)];
    accounts[HUB].books.counters.lost_here = 4;
    accounts[NEW_WORKER].books.sent[1]
        .up_at
        .insert("new".into(), 0);
    accounts
}

/// Checks that these books do not add up, and what is said of it.
#[track_caller]
fn fails(expected: &str, edit: impl FnOnce(&mut Vec<Account>)) {
    let mut accounts = sound();
    edit(&mut accounts);
    let audit = Audit::of(&accounts);
    let said = audit.faults.iter().any(|fault| fault.contains(expected));
    assert!(said, "{expected:?} is not in {:#?}", audit.faults);
}

#[test]
fn sound_books_account_for_every_event() {
    let audit = Audit::of(&sound());
    assert_eq!(audit.faults, Vec::<String>::new());
    let losses: Vec<(Loss, u64)> = audit.losses.clone().into_iter().collect();
    let counted = Loss::Counted("link_lost".into(), "p1".into(), "p2".into());
    assert_eq!(
        losses,
        [
            (Loss::InFlightTo("p2".into()), 6),
            (Loss::With("w1".into()), 5 + 3),
            (Loss::NoRoute("p2".into()), 30),
            (counted, 4),
        ]
    );
    assert_eq!((audit.published, audit.received), (753, 705));
    assert_eq!(audit.published, audit.received + audit.lost());
}

#[test]
fn a_killed_worker_has_published_what_arrived_whatever_it_reported() {
    let mut accounts = sound();
    accounts[OLD_WORKER].books.sent[0].count = 90;
    let audit = Audit::of(&accounts);
    assert_eq!(audit.faults, Vec::<String>::new());
    assert_eq!(audit.losses[&Loss::With("w1".into())], 3);
    assert_eq!(audit.published, audit.received + audit.lost());
}

#[test]
fn a_receiver_that_does_not_come_back_loses_what_was_on_its_way() {
    let mut accounts = sound();
    accounts.truncate(NEW_WORKER);
    accounts[MANAGER].books.received.pop();
    accounts[MANAGER].books.counters.delivered -= 80;
    let audit = Audit::of(&accounts);
    assert_eq!(audit.faults, Vec::<String>::new());
    assert_eq!(audit.losses[&Loss::InFlightTo("p2".into())], 150 - 60 - 34);
}

#[test]
fn events_missing_on_a_path_where_nobody_was_killed_fail() {
    let received = |accounts: &mut Vec<Account>| accounts[MANAGER].books.received[1].clone();
    for (expected, first, next, count) in [
        ("of w2 for m, the first 1 are missing", 1, 300, 299),
        ("of w2 for m, the last 1 are missing", 0, 299, 299),
        ("of w2 for m, 1 events are missing", 0, 300, 299),
        ("of w2 for m, 1 events are too many", 0, 300, 301),
        (
            "of w2 for m, 301 events were received, but 300 published",
            0,
            301,
            301,
        ),
    ] {
        fails(expected, |accounts| {
            let edited = Received {
                first,
                next,
                count,
                ..received(accounts)
            };
            accounts[MANAGER].books.received[1] = edited;
            accounts[MANAGER].books.counters.delivered = accounts[MANAGER].books.received_count();
        });
    }
}

#[test]
fn events_missing_before_the_kill_or_after_the_announcement_fail() {
    // Within what the killed life had, or what the next one has.
    for at in [OLD_PROXY, NEW_PROXY] {
        fails("of w2 for p2, 1 events are missing", |accounts| {
            let received = &mut accounts[at].books.received;
            let of_w2 = received.iter_mut().find(|one| one.publisher == "w2");
            of_w2.unwrap().count -= 1;
        });
    }
    fails(
        "3 events were lost after its new life was announced",
        |accounts| {
            accounts[WORKER].books.sent[2]
                .up_at
                .insert("new".into(), 97);
        },
    );
    fails("of w2 for p2, the last 1 are missing", |accounts| {
        accounts[WORKER].books.sent[2].count += 1;
        accounts[WORKER].books.counters.accepted += 1;
    });
    fails(
        "of w2 for p2, two lives received the same events",
        |accounts| {
            accounts[NEW_PROXY].books.received[0].first = 59;
        },
    );
    // The next life got nothing at all of what it should have.
    fails(
        "48 events were lost after its new life was announced",
        |accounts| {
            accounts[NEW_PROXY].books.received.remove(0);
        },
    );
}

#[test]
fn events_of_a_killed_worker_missing_before_its_last_fail() {
    fails("of w1 for m, 2 events are missing", |accounts| {
        accounts[MANAGER].books.received[0].count -= 2;
    });
    fails("of w1 for m, the first 3 are missing", |accounts| {
        let received = &mut accounts[MANAGER].books.received[0];
        (received.first, received.count) = (3, received.count - 3);
    });
}

#[test]
fn counters_that_disagree_fail() {
    fails(
        "m received 480 events, but its node counted 481",
        |accounts| {
            accounts[MANAGER].books.counters.delivered += 1;
        },
    );
    fails(
        "w2 published 520 events, but its node accepted 519",
        |accounts| {
            accounts[WORKER].books.counters.accepted -= 1;
        },
    );
    fails(
        "w2 was told of 41 lost events, but only 40 are missing",
        |accounts| {
            accounts[WORKER].books.counters.unrouted += 7;
        },
    );
    fails("told of 4 events lost at p1, which counted 3", |accounts| {
        accounts[HUB].books.counters.lost_here = 3;
    });
    fails("the inbox of m had no room for 2 messages", |accounts| {
        accounts[MANAGER].books.counters.inbox_dropped = 2;
    });
}

#[test]
fn losses_of_living_nodes_between_themselves_fail() {
    let expected = "p1 lost 1 events of w2 for m (queue_full), though neither was killed";
    fails(expected, |accounts| {
        let told = loss("p1", "m", "queue_full", 1);
        accounts[WORKER].books.counters.own_losses.push(told);
        accounts[HUB].books.counters.lost_here += 1;
    });
}

#[test]
fn disorder_damage_strangers_and_silence_fail() {
    fails("m received 2 events of w1 out of order", |accounts| {
        accounts[MANAGER].books.received[0].disordered = 2;
    });
    fails("m received 1 damaged events of w1", |accounts| {
        accounts[MANAGER].books.received[0].damaged = 1;
    });
    fails("p1 did not understand 3 messages", |accounts| {
        accounts[HUB].books.strange = 3;
    });
    fails("m received events of an unknown life of w1", |accounts| {
        accounts[MANAGER].books.received[0].incarnation = "c".into();
    });
    fails("nothing was received", Vec::clear);
}

#[test]
fn what_a_node_answers_to_others_is_no_event_of_the_demo() {
    let mut accounts = sound();
    // An answer that found nobody any more is no loss of the demo's either.
    accounts[WORKER].books.counters.accepted += 1;
    accounts[WORKER].books.counters.unrouted += 1;
    assert_eq!(Audit::of(&accounts).faults, Vec::<String>::new());
}
