//! The wake-up, inline-send and hold paths, in every interleaving.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p zeekwire-runtime --lib loom`, best in a target directory
//! of its own. The outbox is the real one. The engine is a list of the messages that were routed,
//! the poller a flag that a wake-up sets; both sit where the real ones do. Who would sleep for ever
//! is found by loom, which calls it a deadlock.

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use zeekwire_backend::{Publication, PublishError};
use zeekwire_core::wire::Frame;
use zeekwire_types::{Incarnation, NodeId, NodeName, TrafficClass};

use super::Outbox;
use crate::ring::Ring;
use crate::sync::{lock, try_lock};

const CLASS: TrafficClass = TrafficClass::Event;

struct Model {
    outbox: Outbox,
    engine: Mutex<Engine>,
    /// Tells who waits for a message that it was routed.
    routed: Condvar,
    poller: Mutex<bool>,
    edge: Condvar,
    /// A command, the only one.
    stop: Mutex<bool>,
    sleeps: AtomicUsize,
    wakes: AtomicUsize,
}

#[derive(Default)]
struct Engine {
    ring: Ring,
    routed: Vec<u8>,
}

impl Engine {
    fn route(&mut self) {
        for record in &self.ring.records {
            let message = &self.ring.bytes[record.start..record.end];
            let frame = Frame::whole(message).expect("the ring holds whole frames");
            self.routed.push(frame.payload()[0]);
        }
        self.ring.clear(usize::MAX);
    }
}

impl Model {
    fn new(ring_bytes_max: usize) -> Arc<Self> {
        let id = NodeId {
            name: NodeName::new("model").expect("a name"),
            incarnation: Incarnation {
                started_us: 1,
                random: 1,
            },
        };
        Arc::new(Self {
            outbox: Outbox::new(id, ring_bytes_max),
            engine: Mutex::default(),
            routed: Condvar::new(),
            poller: Mutex::new(false),
            edge: Condvar::new(),
            stop: Mutex::new(false),
            sleeps: AtomicUsize::new(0),
            wakes: AtomicUsize::new(0),
        })
    }

    /// What `NativeBackend::publish` does, where the gate for inline sending is `open`.
    fn publish(&self, number: u8, open: bool) -> Result<(), PublishError> {
        let topic = [b't', number];
        let publication = Publication {
            topic: &topic,
            class: CLASS,
            format: "raw",
            payload: &[number],
            survey: 0,
        };
        let send = || {
            open && try_lock(&self.engine).is_some_and(|mut engine| {
                let engine = &mut *engine;
                let taken = self.outbox.take_lone(&topic, &mut engine.ring);
                engine.route();
                self.routed.notify_all();
                taken
            })
        };
        self.outbox
            .publish(&publication, true, send, || self.wake())
    }

    /// Publishes messages, and waits until they were routed.
    fn publish_all(&self, numbers: &[u8], open: bool) {
        for number in numbers {
            self.publish(*number, open).expect("the node runs");
        }
        numbers.iter().for_each(|number| self.wait_routed(*number));
    }

    fn wake(&self) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
        *lock(&self.poller) = true;
        self.edge.notify_one();
    }

    /// What `event_loop::run` does.
    fn run(&self) {
        loop {
            {
                let mut engine = lock(&self.engine);
                let stop = *lock(&self.stop);
                self.outbox.take(&mut engine.ring);
                engine.route();
                self.routed.notify_all();
                if stop {
                    return;
                }
            }
            if self.outbox.fall_asleep() && !*lock(&self.stop) {
                self.sleeps.fetch_add(1, Ordering::Relaxed);
                let mut woken = lock(&self.poller);
                while !*woken {
                    woken = self.edge.wait(woken).expect("nothing panics");
                }
                *woken = false;
            }
            self.outbox.wake_up();
        }
    }

    /// What a command does.
    fn stop(&self) {
        *lock(&self.stop) = true;
        if self.outbox.must_wake() {
            self.wake();
        }
    }

    fn wait_routed(&self, number: u8) {
        let mut engine = lock(&self.engine);
        while !engine.routed.contains(&number) {
            engine = self.routed.wait(engine).expect("nothing panics");
        }
    }
}

/// Explores a model with at most so many forced changes of thread, which find what there is to find
/// among so few steps.
fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// Publishers leave messages with a loop that runs beside them; each waits until its messages were
/// routed, and only then is the loop stopped.
fn publishers_and_loop(publishers: &'static [&'static [u8]], open: bool) {
    explore(3, move || {
        let model = Model::new(1 << 16);
        let for_loop = Arc::clone(&model);
        let event_loop = thread::spawn(move || for_loop.run());
        let (own, others) = publishers.split_first().expect("one at least");
        let others: Vec<_> = others
            .iter()
            .map(|numbers| {
                let model = Arc::clone(&model);
                thread::spawn(move || model.publish_all(numbers, open))
            })
            .collect();
        model.publish_all(own, open);
        others
            .into_iter()
            .for_each(|other| other.join().expect("it ends"));
        model.stop();
        event_loop.join().expect("it ends");

        let routed = &lock(&model.engine).routed;
        assert_eq!(
            routed.len(),
            publishers.concat().len(),
            "each once: {routed:?}"
        );
        for numbers in publishers {
            let of_one = routed.iter().filter(|number| numbers.contains(number));
            assert!(of_one.eq(numbers.iter()), "in order: {routed:?}");
        }
        let (sleeps, wakes) = (&model.sleeps, &model.wakes);
        assert!(
            wakes.load(Ordering::Relaxed) <= sleeps.load(Ordering::Relaxed) + 1,
            "a wake-up for each sleep, and one for a loop that had just fallen asleep"
        );
    });
}

#[test]
fn no_message_is_left_while_the_loop_sleeps() {
    publishers_and_loop(&[&[1, 2]], false);
    publishers_and_loop(&[&[1], &[2]], false);
}

#[test]
fn inline_turns_and_turns_of_the_loop_route_each_message_once_and_in_order() {
    publishers_and_loop(&[&[1, 2]], true);
    publishers_and_loop(&[&[1], &[2]], true);
}

#[test]
fn a_held_publisher_is_released() {
    explore(4, || {
        let model = Model::new(1 << 16);
        model.outbox.hold(CLASS, b"t\x01");
        model.outbox.hold(CLASS, b"t\x02");
        let publishers: Vec<_> = [1, 2]
            .into_iter()
            .map(|number| {
                let model = Arc::clone(&model);
                thread::spawn(move || model.publish(number, false))
            })
            .collect();
        model.outbox.release(|_, topic| topic == b"t\x02");
        model.outbox.release(|_, _| false);
        for publisher in publishers {
            assert_eq!(publisher.join().expect("it ends"), Ok(()));
        }
    });
}

#[test]
fn a_publisher_that_found_the_ring_full_goes_on() {
    explore(3, || {
        // One message fills it.
        let model = Model::new(1);
        let for_loop = Arc::clone(&model);
        let event_loop = thread::spawn(move || for_loop.run());
        let other = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.publish(2, false))
        };
        model.publish(1, false).expect("the node runs");
        assert_eq!(other.join().expect("it ends"), Ok(()));
        model.wait_routed(1);
        model.wait_routed(2);
        model.stop();
        event_loop.join().expect("it ends");
    });
}

#[test]
fn nobody_waits_for_a_closed_outbox() {
    explore(4, || {
        let model = Model::new(1 << 16);
        model.outbox.hold(CLASS, b"t\x01");
        let publishers: Vec<_> = (0..2)
            .map(|_| {
                let model = Arc::clone(&model);
                thread::spawn(move || model.publish(1, false))
            })
            .collect();
        model.outbox.close();
        for publisher in publishers {
            assert_eq!(
                publisher.join().expect("it ends"),
                Err(PublishError::Stopped)
            );
        }
    });
}
