//! Bounds, order and wake-ups of the inbox.

use std::sync::atomic::{AtomicUsize, Ordering};

use zeekwire_types::{Incarnation, TrafficClass};

use super::*;

/// Deposits one batch of messages whose payloads are the given bytes.
fn deposit(inbox: &Inbox, payloads: &[u8]) -> Deposit {
    let bytes = payloads.to_vec();
    let mut items: Vec<Item> = (0..)
        .zip(payloads)
        .map(|(start, _)| Item {
            start,
            len: 1,
            parts: Parts {
                class: TrafficClass::Event,
                topic: (0, 0),
                publisher: (0, 0),
                format: (0, 0),
                payload: (0, 1),
                incarnation: Incarnation::default(),
                sequence: 0,
                survey: 0,
            },
        })
        .collect();
    let charge = bytes.len();
    let deposit = inbox.deposit(Arc::new(bytes), &mut items, charge, |_| {});
    assert!(items.is_empty());
    deposit
}

fn taken(inbox: &Inbox) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(batch) = inbox.take_batch() {
        all.extend(
            batch
                .messages()
                .flat_map(|message| message.payload().to_vec()),
        );
        inbox.recycle(batch);
    }
    all
}

fn inbox(bytes_max: usize, policy: DropPolicy) -> Inbox {
    Inbox::new(InboxLimits { bytes_max, policy })
}

#[test]
fn messages_come_out_in_order() {
    let inbox = inbox(100, DropPolicy::Block);
    deposit(&inbox, b"abc");
    deposit(&inbox, b"de");
    assert_eq!(taken(&inbox), b"abcde");
    assert_eq!(inbox.counts(), (0, 0, 5, 0));
}

#[test]
fn a_half_taken_batch_goes_on_where_it_stopped() {
    let inbox = inbox(100, DropPolicy::Block);
    deposit(&inbox, b"abc");
    let mut batch = inbox.take_batch().expect("there is one");
    assert_eq!(
        batch.next_message().map(|m| m.payload().to_vec()),
        Some(b"a".to_vec())
    );
    inbox.put_back(batch);
    assert_eq!(inbox.counts().0, 2);
    assert_eq!(taken(&inbox), b"bc");
}

#[test]
fn the_oldest_make_room_within_the_budget() {
    let inbox = inbox(8, DropPolicy::DropOldest);
    for round in 0..10_u8 {
        let fate = deposit(&inbox, &[round; 4]);
        assert_eq!(fate.dropped, if round < 2 { 0 } else { 4 });
        assert!(inbox.counts().1 <= 8);
    }
    assert_eq!(taken(&inbox), [8, 8, 8, 8, 9, 9, 9, 9]);
    assert_eq!(inbox.counts().3, 32);
}

#[test]
fn the_newest_are_refused_where_asked() {
    let inbox = inbox(8, DropPolicy::DropNewest);
    for round in 0..3_u8 {
        deposit(&inbox, &[round; 4]);
    }
    assert_eq!(taken(&inbox), [0, 0, 0, 0, 1, 1, 1, 1]);
}

#[test]
fn who_holds_senders_back_is_told_once_there_is_room() {
    let inbox = inbox(16, DropPolicy::Block);
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    inbox.set_relaxed(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    assert!(!deposit(&inbox, &[0; 4]).congested && !inbox.hold_back());
    assert!(deposit(&inbox, &[0; 8]).congested && inbox.hold_back());
    drop(inbox.take_batch());
    assert_eq!(told.load(Ordering::Relaxed), 0);
    drop(inbox.take_batch());
    assert_eq!(told.load(Ordering::Relaxed), 1);
    assert!(!inbox.is_congested());
}

#[test]
fn a_sleeper_is_woken_by_a_message_and_by_the_end() {
    let inbox = Arc::new(inbox(100, DropPolicy::Block));
    let sleeper = {
        let inbox = Arc::clone(&inbox);
        std::thread::spawn(move || {
            let mut all = Vec::new();
            while let Some(batch) = inbox.wait_batch(None) {
                all.extend(
                    batch
                        .messages()
                        .flat_map(|message| message.payload().to_vec()),
                );
            }
            all
        })
    };
    for byte in 0..100 {
        deposit(&inbox, &[byte]);
    }
    inbox.close();
    assert_eq!(
        sleeper.join().expect("it ends"),
        (0..100).collect::<Vec<u8>>()
    );
    assert_eq!(deposit(&inbox, b"late"), Deposit::default());
}

#[test]
fn waiting_ends_at_the_deadline() {
    let inbox = inbox(100, DropPolicy::Block);
    assert!(
        inbox
            .wait_batch(Some(Instant::now() + Duration::from_millis(5)))
            .is_none()
    );
    assert!(!inbox.is_closed());
}

#[test]
fn the_signal_is_raised_when_the_inbox_stops_being_empty() {
    let inbox = inbox(100, DropPolicy::Block);
    let raised = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&raised);
    inbox.set_signal(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    deposit(&inbox, b"a");
    deposit(&inbox, b"b");
    assert_eq!(raised.load(Ordering::Relaxed), 1);
    taken(&inbox);
    deposit(&inbox, b"c");
    assert_eq!(raised.load(Ordering::Relaxed), 2);
}

#[test]
fn a_slow_reader_lets_senders_go_on_by_what_it_took() {
    let inbox = inbox(128, DropPolicy::Block);
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    inbox.set_relaxed(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    deposit(&inbox, &[0; 60]);
    assert!(deposit(&inbox, &[0; 60]).congested && inbox.hold_back());
    // The first to be taken is told at once, then every sixteenth of the bound.
    let _first = inbox.take_message().expect("there are some");
    assert_eq!((told.load(Ordering::Relaxed), inbox.take_steps()), (1, 1));
    let mut batch = inbox.take_batch().expect("there are some");
    for _ in 0..8 {
        batch.next_message().expect("there are some");
    }
    inbox.put_back(batch);
    assert_eq!((told.load(Ordering::Relaxed), inbox.take_steps()), (2, 8));
    assert!(inbox.is_congested());
}

#[test]
fn nothing_is_dropped_before_the_engine_chose_whether_to_hold_back() {
    let inbox = inbox(100, DropPolicy::Block);
    for _ in 0..3 {
        assert_eq!(deposit(&inbox, &[0; 90]).dropped, 0);
    }
    inbox.let_go();
    assert!(deposit(&inbox, &[0; 90]).dropped > 0);
}
