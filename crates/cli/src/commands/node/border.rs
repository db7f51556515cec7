//! Rules of forwarding: which links they mean, as links come and go.
//!
//! A rule names links as the configuration does: by an entry of `connect`, or by the name of the
//! node at the other end, which may be a pattern. The library knows links by number, so rules are
//! made and taken back whenever a link gets to know its peer, or ends.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use zeekwire::{ForwardRule, LinkEvent, LinkId, Node, PoolMembers, TopicFilter};

use crate::config::{End, NodeConfig};
use crate::failure::Failure;
use crate::flags::Endpoints;
use crate::output;

/// The rules of a node, and where news of its links go.
#[derive(Debug)]
pub(super) struct Border {
    rules: Vec<Rule>,
    news_in: Sender<News>,
    /// Until they are heard.
    news: Option<Receiver<News>>,
}

/// A rule, by the names of links.
#[derive(Clone, Debug, PartialEq)]
struct Rule {
    filter: TopicFilter,
    from: End,
    to: End,
}

#[derive(Debug)]
enum News {
    /// A link of the configuration has a number.
    Dialled(LinkId, String),
    /// A link knows who is at its other end.
    Up(LinkId, String),
    Down(LinkId),
}

impl Border {
    /// The border that a configuration describes, if it is one with rules.
    pub(super) fn new(config: &NodeConfig) -> Option<Self> {
        let rules = config.rule.iter().map(|rule| Rule {
            filter: rule.filter.0.topic_filter(),
            from: rule.from.0.clone(),
            to: rule.to.0.clone(),
        });
        let rules: Vec<_> = rules.collect();
        let (news_in, news) = channel();
        (!rules.is_empty()).then(|| Self {
            rules,
            news_in,
            news: Some(news),
        })
    }

    /// Hears of links.
    pub(super) fn observer(&self) -> impl Fn(&LinkEvent) + Send + Sync + 'static {
        let news = self.news_in.clone();
        move |event| {
            let item = match event {
                LinkEvent::Up { link, peer } => News::Up(*link, peer.node.name.to_string()),
                LinkEvent::Down { link, .. } => News::Down(*link),
                _ => return,
            };
            // Nobody listens any more: the node is ending.
            let _ending = news.send(item);
        }
    }

    /// Takes note of a link that the configuration names.
    pub(super) fn dialled(&self, link: LinkId, endpoints: &Endpoints) {
        let _ending = self
            .news_in
            .send(News::Dialled(link, endpoints.to_string()));
    }

    /// Makes rules as links come, on a thread of its own: requests of the node may not be made
    /// where links are heard of.
    pub(super) fn start(&mut self, node: &Node) -> Result<(), Failure> {
        let Some(news) = self.news.take() else {
            return Ok(());
        };
        let (node, mut table) = (node.clone(), RuleTable::new(self.rules.clone()));
        let made = thread::Builder::new()
            .name("zw-rules".into())
            .spawn(move || {
                for item in news {
                    let change = table.take(item);
                    let removed = change.removed.iter().map(|rule| node.remove_rule(rule));
                    let removed: Vec<_> = removed.collect();
                    let added = change.added.iter().map(|rule| node.add_rule(rule));
                    if let Some(error) = removed.into_iter().chain(added).find_map(Result::err) {
                        output::note(format_args!("rules are no longer followed: {error}"));
                        return;
                    }
                }
            });
        made.map(drop)
            .map_err(|error| Failure::job(format_args!("cannot start a thread: {error}")))
    }
}

/// Which links there are, and the rules between them.
#[derive(Debug)]
struct RuleTable {
    rules: Vec<Rule>,
    links: HashMap<LinkId, Known>,
    made: Vec<ForwardRule>,
}

/// What a link is called.
#[derive(Debug, Default)]
struct Known {
    /// Its entry in the configuration.
    endpoints: Option<String>,
    /// Who is there.
    peer: Option<String>,
}

/// What is to be done.
#[derive(Debug, Default)]
struct Change {
    added: Vec<ForwardRule>,
    removed: Vec<ForwardRule>,
}

impl RuleTable {
    fn new(rules: Vec<Rule>) -> Self {
        Self {
            rules,
            links: HashMap::new(),
            made: Vec::new(),
        }
    }

    fn take(&mut self, news: News) -> Change {
        match news {
            News::Dialled(link, endpoints) => {
                self.links.entry(link).or_default().endpoints = Some(endpoints);
            }
            News::Up(link, peer) => self.links.entry(link).or_default().peer = Some(peer),
            News::Down(link) => {
                if let Some(known) = self.links.get_mut(&link) {
                    known.peer = None;
                    if known.endpoints.is_none() {
                        self.links.remove(&link);
                    }
                }
            }
        }
        let wanted = self.wanted();
        let removed = self.made.iter().filter(|rule| !wanted.contains(rule));
        let added = wanted.iter().filter(|rule| !self.made.contains(rule));
        let change = Change {
            added: added.cloned().collect(),
            removed: removed.cloned().collect(),
        };
        self.made = wanted;
        change
    }

    /// The rules between the links that there are. Nothing goes back over the link that it came by.
    fn wanted(&self) -> Vec<ForwardRule> {
        let mut wanted = Vec::new();
        for rule in &self.rules {
            let ends = |end: &End| {
                let meant = self.links.iter().filter(|(_, known)| known.is(end));
                let mut links: Vec<LinkId> = meant.map(|(link, _)| *link).collect();
                links.sort_unstable();
                links
            };
            let targets = ends(&rule.to);
            for from in ends(&rule.from) {
                for to in targets.iter().filter(|to| **to != from) {
                    let filter = rule.filter.clone();
                    wanted.push(ForwardRule {
                        filter,
                        from,
                        to: *to,
                    });
                }
            }
        }
        wanted
    }
}

impl Known {
    fn is(&self, end: &End) -> bool {
        match end {
            End::Endpoints(endpoints) => self.endpoints.as_ref() == Some(&endpoints.to_string()),
            End::Peer(pattern) => self
                .peer
                .as_ref()
                .is_some_and(|peer| PoolMembers::Pattern(pattern.clone()).holds(peer, &[])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(filter: &str, from: &str, to: &str) -> Rule {
        Rule {
            filter: TopicFilter::new(filter).unwrap(),
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        }
    }

    fn pairs(rules: &[ForwardRule]) -> Vec<(u64, u64)> {
        rules.iter().map(|rule| (rule.from.0, rule.to.0)).collect()
    }

    #[test]
    fn rules_follow_links_as_they_come_and_go() {
        let site = "tcp://127.0.0.1:1";
        let mut table = RuleTable::new(vec![rule("a/*", "sensor-*", site)]);
        let change = table.take(News::Dialled(LinkId(1), site.to_owned()));
        assert!(change.added.is_empty());
        let change = table.take(News::Up(LinkId(2), "sensor-1".to_owned()));
        assert_eq!(pairs(&change.added), [(2, 1)]);
        let change = table.take(News::Up(LinkId(3), "sensor-2".to_owned()));
        assert_eq!(pairs(&change.added), [(3, 1)]);
        assert!(
            table
                .take(News::Up(LinkId(4), "hub".to_owned()))
                .added
                .is_empty()
        );
        let change = table.take(News::Down(LinkId(2)));
        assert_eq!(
            (pairs(&change.removed), change.added.len()),
            (vec![(2, 1)], 0)
        );
        // A link of the configuration keeps its rules while it is down.
        let change = table.take(News::Down(LinkId(1)));
        assert!(change.removed.is_empty());
    }

    #[test]
    fn nothing_goes_back_where_it_came_from() {
        let mut table = RuleTable::new(vec![rule("*", "*", "*")]);
        table.take(News::Up(LinkId(1), "a".to_owned()));
        let change = table.take(News::Up(LinkId(2), "b".to_owned()));
        assert_eq!(pairs(&change.added), [(1, 2), (2, 1)]);
    }
}
