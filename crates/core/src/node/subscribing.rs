//! What this node wants, and telling its peers.

use std::collections::BTreeSet;

use zeekwire_types::{Topic, TopicFilter};

use super::{LinkKey, Node, Output};
use crate::wire::Control;

/// Names one local subscriber; the driver chooses it.
pub type SubscriberKey = u32;

/// Where messages for a subscription come from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// All links, present and future, that subscribe by themselves.
    AllLinks,
    /// One link.
    OneLink(LinkKey),
    /// This node's own publications, and what links deliver for other reasons. Peers are not told.
    Locally,
}

impl Node {
    /// Adds filters to a subscriber. [`Output::Completed`] tells when they are effective at every
    /// peer; `token` must be new, and not 0.
    pub fn subscribe(
        &mut self,
        subscriber: SubscriberKey,
        filters: &[TopicFilter],
        scope: Scope,
        token: u64,
    ) {
        for filter in filters {
            self.local.insert(filter, subscriber);
            if scope == Scope::Locally {
                self.loopback.insert(filter, subscriber);
            }
            let entries = self.subscriptions.entry(filter.clone()).or_default();
            if !entries.contains(&(subscriber, scope)) {
                entries.push((subscriber, scope));
            }
        }
        if let Scope::OneLink(link) = scope {
            self.scoped.insert(subscriber, link);
        }
        let message =
            Control::Subscribe { token, filters: filters.to_vec(), snapshot_end: false };
        self.tell(scope, token, &message);
    }

    /// Removes filters from a subscriber; those that nobody else here wants are taken back from
    /// the peers. `token` as in [`Node::subscribe`].
    pub fn unsubscribe(&mut self, subscriber: SubscriberKey, filters: &[TopicFilter], token: u64) {
        let mut unwanted = Vec::new();
        for filter in filters {
            self.local.remove(filter, subscriber);
            self.loopback.remove(filter, subscriber);
            if let Some(entries) = self.subscriptions.get_mut(filter) {
                entries.retain(|(other, _)| *other != subscriber);
                if entries.is_empty() {
                    self.subscriptions.remove(filter);
                }
                if !self.subscriptions.contains_key(filter) {
                    unwanted.push(filter.clone());
                }
            }
        }
        if !self.subscriptions.values().flatten().any(|(other, _)| *other == subscriber) {
            self.scoped.remove(&subscriber);
        }
        let message = Control::Unsubscribe { token, filters: unwanted };
        self.tell(Scope::AllLinks, token, &message);
    }

    /// Removes a subscriber with all its filters.
    pub fn remove_subscriber(&mut self, subscriber: SubscriberKey, token: u64) {
        let of_subscriber = |(_, entries): &(&TopicFilter, &Vec<(SubscriberKey, Scope)>)| {
            entries.iter().any(|(other, _)| *other == subscriber)
        };
        let filters: Vec<_> = self
            .subscriptions
            .iter()
            .filter(of_subscriber)
            .map(|(filter, _)| filter.clone())
            .collect();
        self.unsubscribe(subscriber, &filters, token);
    }

    /// Filters in force here, each once.
    pub fn subscribed(&self) -> impl Iterator<Item = &TopicFilter> {
        self.subscriptions.keys()
    }

    /// What the peer of a link should send.
    pub(super) fn wanted_on(&self, key: LinkKey) -> Vec<TopicFilter> {
        let own = TopicFilter::exact(Topic::of_node(&self.config.id.name).as_bytes());
        let mut wanted: Vec<_> = own.into_iter().collect();
        let Some(link) = self.link(key) else { return wanted };
        for (filter, entries) in &self.subscriptions {
            let asks = |(_, scope): &(SubscriberKey, Scope)| match scope {
                Scope::AllLinks => link.config.auto_subscribe,
                Scope::OneLink(only) => *only == key,
                Scope::Locally => false,
            };
            if entries.iter().any(asks) {
                wanted.push(filter.clone());
            }
        }
        wanted
    }

    /// Sends `message` to the links that a scope concerns, and waits for them to confirm `token`.
    fn tell(&mut self, scope: Scope, token: u64, message: &Control) {
        let concerned: Vec<LinkKey> = self
            .links
            .iter()
            .map(|(_, link)| link)
            .filter(|link| link.is_up() && !link.ended)
            .filter(|link| match scope {
                Scope::AllLinks => link.config.auto_subscribe,
                Scope::OneLink(only) => link.key == only,
                Scope::Locally => false,
            })
            .map(|link| link.key)
            .collect();
        let indices: BTreeSet<usize> = concerned.iter().map(|key| key.index()).collect();
        self.waiting.insert(token, indices);
        for key in concerned {
            self.send_control(key, message);
        }
        self.complete(token);
    }

    /// A peer confirmed a token.
    pub(super) fn confirm(&mut self, key: LinkKey, token: u64) {
        if let Some(links) = self.waiting.get_mut(&token) {
            links.remove(&key.index());
            self.complete(token);
        }
    }

    /// A peer will confirm nothing any more.
    pub(super) fn confirm_all(&mut self, key: LinkKey) {
        let tokens: Vec<u64> = self.waiting.keys().copied().collect();
        for token in tokens {
            self.confirm(key, token);
        }
    }

    fn complete(&mut self, token: u64) {
        if self.waiting.get(&token).is_some_and(BTreeSet::is_empty) {
            self.waiting.remove(&token);
            self.outputs.push_back(Output::Completed { token });
        }
    }
}
