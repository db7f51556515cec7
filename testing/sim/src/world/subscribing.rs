//! What hosts ask for.

use super::World;
use crate::driver;
use crate::history::Subscribed;

impl World<'_> {
    pub(super) fn subscribe(&mut self, host: usize, subscriber: u32, filters: &[String]) {
        let state = &mut self.hosts[host];
        let token = state.token();
        let life = state.life;
        let Some(node) = &mut state.node else {
            return;
        };
        let known = state.subscriptions.entry(subscriber).or_default();
        let mut ids = Vec::new();
        for filter in filters {
            if known.insert(filter.clone()) {
                ids.push(self.history.subscribed.len());
                self.history.subscribed.push(Subscribed {
                    host,
                    life,
                    subscriber,
                    filter: filter.clone(),
                    asked_at: self.now,
                    completed: None,
                    ended_at: None,
                });
            }
        }
        state.pending.insert(token, (self.now, ids));
        driver::subscribe(node, subscriber, filters, token);
        self.settle(host, &[]);
    }

    pub(super) fn unsubscribe(&mut self, host: usize, subscriber: u32, filters: &[String]) {
        let state = &mut self.hosts[host];
        let token = state.token();
        let Some(node) = &mut state.node else {
            return;
        };
        if let Some(known) = state.subscriptions.get_mut(&subscriber) {
            known.retain(|filter| !filters.contains(filter));
        }
        state.pending.insert(token, (self.now, Vec::new()));
        self.history
            .unsubscribe(self.now, host, subscriber, filters);
        driver::unsubscribe(node, subscriber, filters, token);
        self.settle(host, &[]);
    }
}
