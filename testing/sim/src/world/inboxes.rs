//! Local subscribers that take their time.

use std::time::Duration;

use zeekwire_core::Node;
use zeekwire_core::node::{LinkKey, Message};
use zeekwire_types::TrafficClass;

use super::World;
use crate::driver;
use crate::history::Dropped;
use crate::host::Unfinished;
use crate::schedule::Event;
use crate::step::Consumer;

impl World<'_> {
    /// Puts a message into the inbox of a host, as long as there is room.
    pub(super) fn take_in(
        &mut self,
        host: usize,
        node: &mut Node,
        key: LinkKey,
        message: &Message,
        whole: &[u8],
    ) -> bool {
        let (class, bytes) = (message.class, whole.len());
        let in_fragments = message.reassembled.is_some();
        let inbox = &mut self.hosts[host].inbox;
        let held = match inbox.consumer {
            Consumer::Holding(_) => {
                if in_fragments {
                    node.hold(key, class, bytes);
                }
                true
            }
            Consumer::Prompt | Consumer::Dropping(..) => {
                if !in_fragments {
                    node.consume(key, class, bytes);
                }
                false
            }
        };
        match inbox.consumer {
            Consumer::Prompt => return true,
            Consumer::Dropping(_, most) if inbox.bytes + bytes > most => {
                driver::count_inbox_drop(node, whole);
                let (at, messages) = (self.now, 1);
                self.history.dropped.push(Dropped {
                    at,
                    host,
                    class,
                    messages,
                });
                return false;
            }
            Consumer::Holding(_) | Consumer::Dropping(..) => {}
        }
        inbox.bytes += bytes;
        inbox.unfinished.push_back(Unfinished {
            key,
            class,
            bytes,
            held,
        });
        self.expect_consumption(host);
        true
    }

    /// Gives credit back for what has no local subscriber, or keeps it back while a link that
    /// should have the message is behind.
    pub(super) fn pass_by(
        &mut self,
        host: usize,
        node: &mut Node,
        key: LinkKey,
        message: &Message,
        hold: bool,
    ) {
        let (class, taken) = (message.class, message.taken);
        if message.reassembled.is_none() {
            node.consume(key, class, taken);
        }
        if hold {
            let whole = message.reassembled.as_ref().map(|whole| whole.len());
            self.keep_back(host, node, key, (class, whole.unwrap_or(taken)));
        }
    }

    /// Keeps credit back that was given already.
    pub(super) fn keep_back(
        &mut self,
        host: usize,
        node: &mut Node,
        key: LinkKey,
        (class, bytes): (TrafficClass, usize),
    ) {
        node.hold(key, class, bytes);
        self.hosts[host].kept_back.push((key, class, bytes));
    }

    /// Gives back what was kept back, once no link is behind any more.
    pub(super) fn give_back(&mut self, host: usize) {
        let state = &mut self.hosts[host];
        let Some(node) = state.node.as_mut() else {
            return;
        };
        for (key, class, bytes) in std::mem::take(&mut state.kept_back) {
            if node.is_behind(class) {
                state.kept_back.push((key, class, bytes));
                continue;
            }
            node.consume(key, class, bytes);
            node.grant(key);
        }
    }

    pub(super) fn set_consumer(&mut self, host: usize, consumer: Consumer) {
        self.hosts[host].inbox.consumer = consumer;
        if consumer == Consumer::Prompt {
            while self.finish_one(host) {}
            self.settle(host, &[]);
        }
        self.expect_consumption(host);
    }

    fn expect_consumption(&mut self, host: usize) {
        let life = self.hosts[host].life;
        let inbox = &mut self.hosts[host].inbox;
        let rate = match inbox.consumer {
            Consumer::Holding(rate) | Consumer::Dropping(rate, _) => rate,
            Consumer::Prompt => return,
        };
        let Some(next) = inbox.unfinished.front() else {
            return;
        };
        if rate == 0 || inbox.is_consuming {
            return;
        }
        inbox.is_consuming = true;
        let takes = Duration::from_micros(next.bytes as u64 * 1_000_000 / rate);
        self.schedule
            .add(self.now + takes, Event::Consume { host, life });
    }

    pub(super) fn consume(&mut self, host: usize) {
        self.hosts[host].inbox.is_consuming = false;
        self.finish_one(host);
        self.settle(host, &[]);
        self.expect_consumption(host);
    }

    fn finish_one(&mut self, host: usize) -> bool {
        let state = &mut self.hosts[host];
        let Some(done) = state.inbox.unfinished.pop_front() else {
            return false;
        };
        state.inbox.bytes -= done.bytes;
        if let Some(node) = state.node.as_mut().filter(|_| done.held) {
            node.consume(done.key, done.class, done.bytes);
            node.grant(done.key);
        }
        true
    }
}
