//! What this node wants, and telling its peers.

use std::collections::{BTreeMap, BTreeSet};

use zeekwire_types::{Topic, TopicFilter};

use super::{Link, LinkKey, Node, Output};
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
    /// peer; `token` must be new, and not 0. A subscriber keeps to one scope: one that listens to
    /// one link hears nothing of others.
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
        let message = Control::Subscribe {
            token,
            filters: filters.to_vec(),
            snapshot_end: false,
        };
        self.tell(scope, token, &message);
    }

    /// Removes filters from a subscriber; those that nobody else here wants are taken back from
    /// the peers. `token` as in [`Node::subscribe`].
    pub fn unsubscribe(&mut self, subscriber: SubscriberKey, filters: &[TopicFilter], token: u64) {
        // A filter that stays for one link, or only here, is still taken back from the others.
        let mut unwanted: BTreeMap<LinkKey, Vec<TopicFilter>> = BTreeMap::new();
        let own = self.own_filter();
        for filter in filters {
            self.local.remove(filter, subscriber);
            self.loopback.remove(filter, subscriber);
            let Some(mut entries) = self.subscriptions.remove(filter) else {
                continue;
            };
            let before = entries.clone();
            entries.retain(|(other, _)| *other != subscriber);
            // The peers of a node can always reach it by its name.
            if Some(filter) != own.as_ref() {
                let open = self.links.iter().map(|(_, link)| link);
                for link in open.filter(|link| link.is_up() && !link.ended) {
                    if asks(&before, link) && !asks(&entries, link) {
                        unwanted.entry(link.key).or_default().push(filter.clone());
                    }
                }
            }
            if !entries.is_empty() {
                self.subscriptions.insert(filter.clone(), entries);
            }
        }
        let mut left = self.subscriptions.values().flatten();
        if self.scoped.contains_key(&subscriber) && !left.any(|(other, _)| *other == subscriber) {
            self.scoped.remove(&subscriber);
        }
        self.waiting
            .insert(token, unwanted.keys().map(|key| key.index()).collect());
        for (key, filters) in unwanted {
            self.send_control(key, &Control::Unsubscribe { token, filters });
        }
        self.complete(token);
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
        let mut wanted: Vec<_> = self.own_filter().into_iter().collect();
        let Some(link) = self.link(key) else {
            return wanted;
        };
        let asked = self
            .subscriptions
            .iter()
            .filter(|(_, entries)| asks(entries, link));
        wanted.extend(asked.map(|(filter, _)| filter.clone()));
        wanted
    }

    /// What every node is subscribed to at its peers. A name of hundreds of backslashes has none.
    fn own_filter(&self) -> Option<TopicFilter> {
        TopicFilter::exact(Topic::of_node(&self.config.id.name).as_bytes()).ok()
    }

    /// Sends `message` to the links that a scope concerns, and waits for them to confirm `token`.
    fn tell(&mut self, scope: Scope, token: u64, message: &Control) {
        let concerned: Vec<LinkKey> = self
            .links
            .iter()
            .map(|(_, link)| link)
            .filter(|link| link.is_up() && !link.ended)
            .filter(|link| concerns(scope, link))
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

/// Whether a subscription of this scope is told to the peer of a link.
fn concerns(scope: Scope, link: &Link) -> bool {
    match scope {
        Scope::AllLinks => link.config.auto_subscribe,
        Scope::OneLink(only) => link.key == only,
        Scope::Locally => false,
    }
}

/// Whether any holder of a filter wants it from the peer of a link.
fn asks(holders: &[(SubscriberKey, Scope)], link: &Link) -> bool {
    holders.iter().any(|(_, scope)| concerns(*scope, link))
}
