//! A border: what it passes on is said link by link.

use zeekwire_types::TopicFilter;

use super::{Link, LinkKey, Node};
use crate::topics::FilterIndex;

/// Passes what matches on from one link to another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    /// What is passed on.
    pub filter: TopicFilter,
    /// The [`LinkConfig::label`](super::LinkConfig::label) of the links that it comes from.
    pub from: u64,
    /// The label of the links that it goes to.
    pub to: u64,
}

/// The rules of a border.
#[derive(Debug)]
pub(super) struct Rules {
    rules: Vec<Option<Rule>>,
    index: FilterIndex<u32>,
    found: Vec<u32>,
    pub(super) generation: u64,
}

impl Rules {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rules: Vec::new(),
            index: FilterIndex::new(seed),
            found: Vec::new(),
            generation: 0,
        }
    }

    /// Filters that are passed on from links with this label.
    fn wanted_from(&self, label: u64) -> impl Iterator<Item = &TopicFilter> {
        let rules = self.rules.iter().flatten();
        rules
            .filter(move |rule| rule.from == label)
            .map(|rule| &rule.filter)
    }
}

impl Node {
    /// Adds a rule; a node whose [`Forwarding`](super::Forwarding) is not `Rules` ignores it.
    /// [`Output::Completed`](super::Output::Completed) tells when its peers know of it; `token` as
    /// for [`Node::subscribe`].
    pub fn add_rule(&mut self, rule: Rule, token: u64) {
        if self
            .rules
            .rules
            .iter()
            .flatten()
            .any(|known| *known == rule)
        {
            return self.tell_peers(token, Vec::new(), true, true);
        }
        // The place of one that was taken back is used again.
        let rules = &mut self.rules.rules;
        let vacant = rules.iter().position(Option::is_none);
        let place = vacant.unwrap_or(rules.len());
        rules.resize(rules.len().max(place + 1), None);
        rules[place] = Some(rule.clone());
        let at = u32::try_from(place).expect("rules are few");
        self.rules.index.insert(&rule.filter, at);
        self.rules.generation += 1;
        let links = self.links_with(rule.from);
        let told = links
            .into_iter()
            .map(|key| (key, vec![rule.filter.clone()]));
        let told = told.collect();
        self.tell_peers(token, told, true, true);
    }

    /// Takes a rule back. Returns whether there was one; `token` as for [`Node::subscribe`].
    pub fn remove_rule(&mut self, rule: &Rule, token: u64) -> bool {
        let rules = &mut self.rules;
        let found = rules.rules.iter_mut().zip(0_u32..);
        let mut found = found.filter(|(known, _)| known.as_ref() == Some(rule));
        let Some((known, at)) = found.next() else {
            self.tell_peers(token, Vec::new(), false, true);
            return false;
        };
        *known = None;
        rules.index.remove(&rule.filter, at);
        rules.generation += 1;
        let mut told = Vec::new();
        for key in self.links_with(rule.from) {
            if !self.wanted_on(key).contains(&rule.filter) {
                told.push((key, vec![rule.filter.clone()]));
            }
        }
        self.tell_peers(token, told, false, true);
        true
    }

    /// What rules want from the peer of a link.
    pub(super) fn wanted_by_rules(&self, link: &Link) -> Vec<TopicFilter> {
        if self.config.forwarding != super::Forwarding::Rules {
            return Vec::new();
        }
        self.rules.wanted_from(link.config.label).cloned().collect()
    }

    pub(super) fn find_by_rules(&mut self, from: LinkKey, topic: &[u8], found: &mut Vec<u32>) {
        let Some(label) = self.link(from).map(|link| link.config.label) else {
            return;
        };
        let rules = &mut self.rules;
        rules.index.matches(topic, &mut rules.found);
        let matching = rules
            .found
            .iter()
            .filter_map(|at| rules.rules[*at as usize].as_ref());
        let matching: Vec<u64> = matching
            .filter(|rule| rule.from == label)
            .map(|rule| rule.to)
            .collect();
        if matching.is_empty() {
            return;
        }
        let mut wanted = Vec::new();
        self.find_edges(topic, &mut wanted);
        let links = wanted.into_iter().filter(|slot| {
            let link = self.links.get(*slot as usize);
            link.is_some_and(|link| matching.contains(&link.config.label) && link.key != from)
        });
        found.extend(links);
    }

    fn links_with(&self, label: u64) -> Vec<LinkKey> {
        let links = self.open_links();
        let links = links.filter(|link| link.config.label == label);
        links.map(|link| link.key).collect()
    }
}
