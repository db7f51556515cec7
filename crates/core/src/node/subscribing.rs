//! What this node wants, and telling its peers.

use std::collections::{BTreeMap, BTreeSet};

use zeekwire_types::TopicFilter;

use super::{Link, LinkKey, Node, Output};
use crate::routing::Waiter;
use crate::wire::{Control, Item};

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

/// What a token still waits for.
#[derive(Debug)]
pub(super) struct Waiting {
    /// Links whose peers have yet to answer.
    links: BTreeSet<usize>,
    /// Whether this node's record has yet to reach every member.
    spreading: bool,
}

/// One subscriber of a filter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Holder {
    subscriber: SubscriberKey,
    scope: Scope,
    /// Whether it has a share in the filter's place in this node's record.
    flooded: bool,
}

impl Node {
    /// Adds filters to a subscriber. [`Output::Completed`] tells when they are effective at every
    /// member and at every peer; `token` must be new, and not 0. A subscriber keeps to one scope:
    /// one that listens to one link hears nothing of others.
    pub fn subscribe(
        &mut self,
        subscriber: SubscriberKey,
        filters: &[TopicFilter],
        scope: Scope,
        token: u64,
    ) {
        let flooded = self.is_flooded(scope);
        let mut added = Vec::new();
        for filter in filters {
            self.local.insert(filter, subscriber);
            if scope == Scope::Locally {
                self.loopback.insert(filter, subscriber);
            }
            let holders = self.subscriptions.entry(filter.clone()).or_default();
            let held = |holder: &Holder| (holder.subscriber, holder.scope) == (subscriber, scope);
            if !holders.iter().any(held) {
                holders.push(Holder {
                    subscriber,
                    scope,
                    flooded,
                });
                added.extend(flooded.then(|| Item::Filter(filter.clone())));
            }
        }
        if let Scope::OneLink(link) = scope {
            self.scoped.insert(subscriber, link);
        }
        let concerned = self.up_edges().filter(|link| concerns(scope, link));
        let concerned = concerned.filter(|link| !self.asks_for_all(link));
        let told: Vec<_> = concerned.map(|link| (link.key, filters.to_vec())).collect();
        self.change_own(added, Vec::new());
        // Nobody else takes note of what is heard only here.
        self.tell_peers(token, told, true, scope != Scope::Locally);
    }

    /// Removes filters from a subscriber; those that nobody else here wants are taken back from
    /// the peers. `token` as in [`Node::subscribe`].
    pub fn unsubscribe(&mut self, subscriber: SubscriberKey, filters: &[TopicFilter], token: u64) {
        // A filter that stays for one link, or only here, is still taken back from the others.
        let mut unwanted: BTreeMap<LinkKey, Vec<TopicFilter>> = BTreeMap::new();
        let mut removed = Vec::new();
        let own = self.own_filter();
        for filter in filters {
            self.local.remove(filter, subscriber);
            self.loopback.remove(filter, subscriber);
            let Some(mut holders) = self.subscriptions.remove(filter) else {
                continue;
            };
            let before = holders.clone();
            holders.retain(|holder| holder.subscriber != subscriber);
            let shares = before.iter().filter(|holder| holder.flooded).count()
                - holders.iter().filter(|holder| holder.flooded).count();
            removed.extend(std::iter::repeat_n(Item::Filter(filter.clone()), shares));
            // The peers of a node can always reach it by its name.
            if Some(filter) != own.as_ref() {
                for link in self.up_edges().filter(|link| !self.asks_for_all(link)) {
                    let wanted_before = asks(&before, link);
                    if wanted_before && !asks(&holders, link) && !self.rules_want(link, filter) {
                        unwanted.entry(link.key).or_default().push(filter.clone());
                    }
                }
            }
            if !holders.is_empty() {
                self.subscriptions.insert(filter.clone(), holders);
            }
        }
        let mut left = self.subscriptions.values().flatten();
        if self.scoped.contains_key(&subscriber)
            && !left.any(|holder| holder.subscriber == subscriber)
        {
            self.scoped.remove(&subscriber);
        }
        self.change_own(Vec::new(), removed);
        self.tell_peers(token, unwanted.into_iter().collect(), false, true);
    }

    /// Removes a subscriber with all its filters.
    pub fn remove_subscriber(&mut self, subscriber: SubscriberKey, token: u64) {
        let of_subscriber = |(_, holders): &(&TopicFilter, &Vec<Holder>)| {
            holders.iter().any(|holder| holder.subscriber == subscriber)
        };
        let filters: Vec<_> = self
            .subscriptions
            .iter()
            .filter(of_subscriber)
            .map(|(filter, _)| filter.clone())
            .collect();
        self.unsubscribe(subscriber, &filters, token);
        self.surveys.responders.remove(&subscriber);
    }

    /// Filters in force here, each once.
    pub fn subscribed(&self) -> impl Iterator<Item = &TopicFilter> {
        self.subscriptions.keys()
    }

    /// What the peer of a link that does not route should send. A node that passes messages on asks
    /// for all of them: anybody behind it may want them.
    pub(super) fn wanted_on(&self, key: LinkKey) -> Vec<TopicFilter> {
        let Some(link) = self.link(key) else {
            return Vec::new();
        };
        if self.asks_for_all(link) {
            // Reserved topics answer only to filters that begin like them.
            let all = ["*", ".*"].map(TopicFilter::new);
            return all
                .into_iter()
                .map(|filter| filter.expect("a filter"))
                .collect();
        }
        let mut wanted: BTreeSet<TopicFilter> = self.own_filter().into_iter().collect();
        let asked = self
            .subscriptions
            .iter()
            .filter(|(_, holders)| asks(holders, link));
        wanted.extend(asked.map(|(filter, _)| filter.clone()));
        wanted.extend(self.wanted_by_rules(link));
        wanted.into_iter().collect()
    }

    /// What every node is subscribed to at its peers. A name of hundreds of backslashes has none.
    fn own_filter(&self) -> Option<TopicFilter> {
        TopicFilter::exact(self.own_topic.as_bytes()).ok()
    }

    fn rules_want(&self, link: &Link, filter: &TopicFilter) -> bool {
        self.wanted_by_rules(link).contains(filter)
    }

    /// Whether the peer of a link that does not route sends everything: anybody behind this node
    /// may want it.
    fn asks_for_all(&self, link: &Link) -> bool {
        self.forwards() && link.config.auto_subscribe
    }

    /// Whether all members should know of subscriptions with this scope.
    fn is_flooded(&self, scope: Scope) -> bool {
        self.forwards()
            && match scope {
                Scope::AllLinks => true,
                // Its peer sends by this node's record, like all who route.
                Scope::OneLink(key) => self.link(key).is_some_and(Link::is_routing),
                Scope::Locally => false,
            }
    }

    /// Open links that do not route.
    pub(super) fn up_edges(&self) -> impl Iterator<Item = &Link> {
        self.open_links().filter(|link| link.mesh.is_none())
    }

    /// Changes this node's record, and asks every member to confirm that.
    fn change_own(&mut self, added: Vec<Item>, removed: Vec<Item>) {
        if let Some(mut update) = self.own.change(added, removed) {
            update.confirm = true;
            self.announce(update);
        }
    }

    /// Tells peers that do not route what is wanted of them from now on, or no longer, and waits
    /// for them to confirm `token`; for all members too, if it `spreads`.
    pub(super) fn tell_peers(
        &mut self,
        token: u64,
        told: Vec<(LinkKey, Vec<TopicFilter>)>,
        adds: bool,
        spreads: bool,
    ) {
        let links: BTreeSet<usize> = told.iter().map(|(key, _)| key.index()).collect();
        let spreading = spreads && self.forwards();
        self.waiting.insert(token, Waiting { links, spreading });
        for (key, filters) in told {
            let message = if adds {
                Control::Subscribe {
                    token,
                    filters,
                    snapshot_end: false,
                }
            } else {
                Control::Unsubscribe { token, filters }
            };
            self.send_control(key, &message);
        }
        if spreading {
            self.await_spread(Waiter::Driver(token));
        }
        self.complete(token);
    }

    /// A peer confirmed a token.
    pub(super) fn confirm(&mut self, key: LinkKey, token: u64) {
        if let Some(waiting) = self.waiting.get_mut(&token) {
            waiting.links.remove(&key.index());
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

    /// Every member has this node's record as it was when the token was given.
    pub(super) fn spread(&mut self, token: u64) {
        if let Some(waiting) = self.waiting.get_mut(&token) {
            waiting.spreading = false;
            self.complete(token);
        }
    }

    fn complete(&mut self, token: u64) {
        let done = |waiting: &Waiting| waiting.links.is_empty() && !waiting.spreading;
        if self.waiting.get(&token).is_some_and(done) {
            self.waiting.remove(&token);
            self.outputs.push_back(Output::Completed { token });
        }
    }
}

/// Whether a subscription of this scope is told to the peer of a link that does not route.
fn concerns(scope: Scope, link: &Link) -> bool {
    match scope {
        Scope::AllLinks => link.config.auto_subscribe,
        Scope::OneLink(only) => link.key == only,
        Scope::Locally => false,
    }
}

/// Whether any holder of a filter wants it from the peer of a link.
fn asks(holders: &[Holder], link: &Link) -> bool {
    holders.iter().any(|holder| concerns(holder.scope, link))
}
