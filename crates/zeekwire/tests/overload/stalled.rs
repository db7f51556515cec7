//! A peer that is linked but takes nothing.

use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use zeekwire::{DropPolicy, NodeBuilder, Role, Subscription, TrafficClass};

use crate::common::{Over, PATIENCE, Pair, number, send};

/// A pair of which the server's IO thread is stuck in a handler.
pub(crate) struct Stalled {
    pub(crate) pair: Pair,
    /// Numbers of the messages on `topic` that the server got, once it goes on.
    pub(crate) numbers: Receiver<u64>,
    gate: Option<Sender<()>>,
    _subscriptions: [Subscription; 2],
}

/// Makes windows and socket buffers small, so that a queue fills quickly.
pub(crate) fn small_windows(builder: NodeBuilder) -> NodeBuilder {
    builder.configure(|config| {
        config.session.incoming.window_bytes[TrafficClass::Event.index()] = 64 * 1024;
        config.sockets.send_buffer_bytes = Some(64 * 1024);
        config.sockets.receive_buffer_bytes = Some(64 * 1024);
    })
}

impl Stalled {
    /// `stall_max` says for how long publishers put up with it.
    pub(crate) fn new(
        over: Over,
        queue_bytes: usize,
        policy: DropPolicy,
        stall_max: Duration,
    ) -> Self {
        Self::with(over, |client| {
            client
                .event_queue(queue_bytes, policy)
                .configure(move |config| config.stall_max = stall_max)
        })
    }

    /// With a client as `edit` makes it.
    pub(crate) fn with(over: Over, edit: impl FnOnce(NodeBuilder) -> NodeBuilder) -> Self {
        let patient = Duration::from_secs(600);
        let pair = Pair::with(
            over,
            |server| {
                // The others do not wait for a client to confirm what they subscribe to.
                let server = server.configure(|config| config.role = Role::Client);
                small_windows(server).heartbeat(Duration::from_secs(1), patient)
            },
            |client| edit(small_windows(client).heartbeat(Duration::from_secs(1), patient)),
        );
        let (gate, closed) = mpsc::channel::<()>();
        let (stuck, is_stuck) = mpsc::channel();
        let stop = pair
            .server
            .subscribe(["stop"])
            .unwrap()
            .on_io_thread(move |_| {
                stuck.send(()).unwrap();
                let _opened = closed.recv_timeout(2 * PATIENCE);
            });
        let (seen, numbers) = mpsc::channel();
        let count = pair
            .server
            .subscribe(["topic"])
            .unwrap()
            .on_io_thread(move |message| {
                let _gone = seen.send(number(message.payload()));
            });
        let subscriptions = [stop.unwrap(), count.unwrap()];
        assert!(subscriptions.iter().all(|one| one.wait_effective(PATIENCE)));
        send(&pair.client, "stop", b"");
        is_stuck.recv_timeout(PATIENCE).unwrap();
        Self {
            pair,
            numbers,
            gate: Some(gate),
            _subscriptions: subscriptions,
        }
    }

    /// Lets the server go on.
    pub(crate) fn go_on(&mut self) {
        self.gate = None;
    }

    /// Lets the server go on, and takes numbers until there are none any more: what still waited
    /// is out when the link has closed.
    pub(crate) fn rest(mut self) -> Vec<u64> {
        self.go_on();
        assert!(self.pair.link.close(PATIENCE).wait(PATIENCE));
        crate::common::eventually("the link is over", || {
            self.pair.server.status().links.is_empty()
        });
        self.numbers.try_iter().collect()
    }
}
