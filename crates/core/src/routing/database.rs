//! The records of all members, and what follows from them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use slab::Slab;
use zeekwire_types::{Instant, NodeId, NodeName};

use super::graph::{Graph, NO_LINK, Tree};
use super::record::{MemberSlot, Record};
use super::shares::Shares;
use crate::topics::TopicTable;
use crate::wire::{Item, Update};

/// What a life that is lost said of another counts for so long: longer than it takes to notice that
/// a link is dead.
const CLAIM_KEPT: Duration = Duration::from_secs(10);

/// What became of an update.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Applied {
    /// It was known.
    Known,
    /// Something between it and what is known is missing.
    Gap,
    /// It changed the record.
    Changed {
        /// Paths or members may have changed, and not filters alone.
        paths: bool,
    },
}

/// The records of all members that this node heard of, its own among them.
#[derive(Debug)]
pub(crate) struct Database {
    records: Slab<Record>,
    by_id: BTreeMap<NodeId, MemberSlot>,
    /// Members that can be reached, by the number of their tree.
    by_tree: BTreeMap<u32, MemberSlot>,
    filters: TopicTable<MemberSlot>,
    shares: Shares,
    me: MemberSlot,
    /// Lives that are over, and who said so.
    over: BTreeMap<NodeId, NodeId>,
    graph: Graph,
    /// The link to each neighbour, by slot.
    links: Vec<u32>,
    /// Where messages go on from here, by the member whose tree they follow.
    branches: BTreeMap<MemberSlot, Vec<u32>>,
    epoch: u64,
}

/// Entries that [`Database`] keeps in `branches`, of all members together; beyond it they are
/// found anew as they are needed.
const BRANCH_COUNT_MAX: usize = 4 << 20;

impl Database {
    /// A database that holds this node's own record.
    pub(crate) fn new(seed: u64, own: &Update) -> Self {
        let mut database = Self {
            records: Slab::new(),
            by_id: BTreeMap::new(),
            by_tree: BTreeMap::new(),
            filters: TopicTable::new(seed),
            shares: Shares::new(seed.wrapping_add(1 << 32)),
            me: 0,
            over: BTreeMap::new(),
            graph: Graph::default(),
            links: Vec::new(),
            branches: BTreeMap::new(),
            epoch: 0,
        };
        database.apply(Instant::ZERO, own);
        database.rebuild(Instant::ZERO, std::iter::empty());
        database
    }

    /// Applies a whole update.
    pub(crate) fn apply(&mut self, now: Instant, update: &Update) -> Applied {
        let known = self.by_id.get(&update.origin).copied();
        let version = known.map_or(0, |slot| self.records[slot as usize].version);
        if update.version <= version {
            return Applied::Known;
        }
        if update.base > version {
            return Applied::Gap;
        }
        let slot = known.unwrap_or_else(|| self.add(now, update));
        let is_me = slot == self.me;
        let others = self.those_who_name(slot, update);
        let Self {
            records,
            filters,
            shares,
            ..
        } = self;
        let record = &mut records[slot as usize];
        let mut paths = record.tree != update.tree;
        record.version = update.version;
        record.tree = update.tree;
        let gone: Vec<Item> = if update.base == 0 {
            let kept: BTreeSet<&Item> = update.added.iter().collect();
            let gone = record.items.iter().filter(|item| !kept.contains(item));
            gone.cloned().collect()
        } else {
            update.removed.clone()
        };
        for item in &gone {
            if record.items.remove(item) {
                match item {
                    Item::Filter(filter) => {
                        // What is wanted here is found elsewhere.
                        let _held = !is_me && filters.remove(filter, slot);
                        shares.remove(filter, slot);
                    }
                    Item::Pool(_) | Item::Alias(_) => {}
                    Item::Neighbour(node) => paths |= others.contains(node),
                    Item::Leaf(_) | Item::Superseded(_) => {
                        record.beside_count -= 1;
                        paths = true;
                    }
                }
            }
        }
        for item in &update.added {
            if record.items.insert(item.clone()) {
                match item {
                    Item::Filter(filter) => {
                        let _new = !is_me && filters.insert(filter, slot);
                        shares.insert(filter, slot);
                    }
                    Item::Pool(_) | Item::Alias(_) => {}
                    Item::Neighbour(node) => paths |= others.contains(node),
                    Item::Leaf(_) | Item::Superseded(_) => {
                        record.beside_count += 1;
                        paths = true;
                    }
                }
            }
        }
        self.epoch += u64::from(paths);
        Applied::Changed { paths }
    }

    /// Of the neighbours that an update is about, those who name its origin as well: only such
    /// links count.
    fn those_who_name(&self, slot: MemberSlot, update: &Update) -> BTreeSet<NodeId> {
        let record = &self.records[slot as usize];
        let kept = record.neighbours().filter(|_| update.base == 0);
        let told = update.added.iter().chain(&update.removed);
        let told = told.filter_map(|item| match item {
            Item::Neighbour(node) => Some(node),
            _ => None,
        });
        let names_it = |node: &&NodeId| {
            self.find(node)
                .is_some_and(|other| other.has_neighbour(&record.id))
        };
        kept.chain(told).filter(names_it).cloned().collect()
    }

    fn add(&mut self, now: Instant, update: &Update) -> MemberSlot {
        let slot = self.records.insert(Record {
            id: update.origin.clone(),
            version: 0,
            tree: update.tree,
            items: BTreeSet::new(),
            beside_count: 0,
            hops: None,
            unreachable_since: now,
            confirmed: 0,
        });
        let slot = MemberSlot::try_from(slot).expect("members are far fewer than 2^32");
        self.by_id.insert(update.origin.clone(), slot);
        slot
    }

    /// Finds all paths anew, after records or links changed. `links` tells the link to each
    /// neighbour with which this node's own record is in step; the first of several is taken.
    pub(crate) fn rebuild<'a>(
        &mut self,
        now: Instant,
        links: impl Iterator<Item = (&'a NodeId, u32)>,
    ) {
        let slot_count = self
            .records
            .iter()
            .next_back()
            .map_or(0, |(slot, _)| slot + 1);
        // What a life claimed of another counts as long as it can be reached itself, and until
        // links that died with the other one were noticed to be dead.
        self.over.clear();
        let mut graph = self.graph_without_ended(slot_count);
        if self
            .records()
            .any(|record| record.superseded().next().is_some())
        {
            let reachable = graph.tree(self.me);
            let claims = numbered(&self.records).filter(|(slot, record)| {
                let found = reachable.hops_to(*slot).is_some() || record.hops.is_some();
                found || now.since(record.unreachable_since) < CLAIM_KEPT
            });
            let claims = claims.flat_map(|(_, record)| {
                record
                    .superseded()
                    .map(|over| (over.clone(), record.id.clone()))
            });
            self.over = claims.collect();
            graph = self.graph_without_ended(slot_count);
        }
        self.graph = graph;
        self.links.clear();
        self.links.resize(slot_count, NO_LINK);
        for (node, link) in links {
            if let Some(&slot) = self.by_id.get(node)
                && self.links[slot as usize] == NO_LINK
            {
                self.links[slot as usize] = link;
            }
        }
        self.epoch += 1;
        self.branches.clear();
        let own_tree = self.graph.tree(self.me);
        self.settle_members(now, &own_tree);
        let branches = own_tree.branches(self.me, &self.links);
        self.branches.insert(self.me, branches);
    }

    /// The links that both ends name, but for those of lives that are over.
    fn graph_without_ended(&self, slot_count: usize) -> Graph {
        let mut graph = Graph::new(slot_count);
        // Whom each member names, in the order of slots.
        let mut named: Vec<Vec<MemberSlot>> = vec![Vec::new(); slot_count];
        for (slot, record) in numbered(&self.records) {
            if self.over.contains_key(&record.id) {
                continue;
            }
            graph.add_member(slot, record.tree);
            let neighbours = record.neighbours();
            let neighbours = neighbours.filter(|node| !self.over.contains_key(*node));
            let neighbours = neighbours.filter_map(|node| self.by_id.get(node).copied());
            named[slot as usize].extend(neighbours.filter(|other| *other != slot));
            named[slot as usize].sort_unstable();
        }
        for (slot, others) in named.iter().enumerate() {
            let slot = MemberSlot::try_from(slot).expect("members are far fewer than 2^32");
            for &other in others {
                if named[other as usize].binary_search(&slot).is_ok() {
                    graph.add_arc(slot, other);
                }
            }
        }
        graph
    }

    /// Whether a claim counts no longer, so that paths must be found anew.
    pub(crate) fn has_stale_claims(&self, now: Instant) -> bool {
        self.over.values().any(|claimant| {
            self.find(claimant).is_none_or(|record| {
                record.hops.is_none() && now.since(record.unreachable_since) >= CLAIM_KEPT
            })
        })
    }

    /// Who declared this life over, if that counts.
    pub(crate) fn superseder_of(&self, id: &NodeId) -> Option<&NodeId> {
        self.over.get(id)
    }

    fn settle_members(&mut self, now: Instant, own_tree: &Tree) {
        self.by_tree.clear();
        for (slot, record) in &mut self.records {
            let slot = MemberSlot::try_from(slot).expect("members are far fewer than 2^32");
            let hops = own_tree.hops_to(slot);
            if record.hops.is_some() && hops.is_none() {
                record.unreachable_since = now;
                record.confirmed = 0;
            }
            record.hops = hops;
        }
        for (slot, record) in numbered(&self.records) {
            if record.hops.is_none() {
                continue;
            }
            // Of two with one number the first by name has it; the other takes a new one.
            let holder = self.by_tree.entry(record.tree).or_insert(slot);
            if self.records[*holder as usize].id > record.id {
                *holder = slot;
            }
        }
    }

    /// Whether another member that comes first has this node's tree number.
    pub(crate) fn own_number_is_taken(&self) -> bool {
        let own = &self.records[self.me as usize];
        self.by_tree
            .get(&own.tree)
            .is_some_and(|slot| *slot != self.me)
    }

    /// Changes whenever an answer about paths may have.
    pub(crate) const fn epoch(&self) -> u64 {
        self.epoch + self.filters.generation()
    }

    /// Takes note that a link changed before [`Database::rebuild`] is called.
    pub(crate) const fn touch(&mut self) {
        self.epoch += 1;
    }

    /// This node's own record.
    pub(crate) fn own(&self) -> &Record {
        &self.records[self.me as usize]
    }

    /// A member's record.
    pub(crate) fn find(&self, id: &NodeId) -> Option<&Record> {
        self.by_id.get(id).map(|slot| &self.records[*slot as usize])
    }

    /// Whether a member said that it is about to end.
    pub(crate) fn is_leaving(&self, id: &NodeId) -> bool {
        self.find(id).is_some_and(Record::is_leaving)
    }

    /// All records, this node's own among them.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().map(|(_, record)| record)
    }

    /// All lives of a name of which there is a record.
    pub(crate) fn lives_of(&self, name: &NodeName) -> impl Iterator<Item = &Record> {
        let slots = self
            .by_id
            .range(NodeId::lives_of(name))
            .map(|(_, slot)| slot);
        slots.map(|slot| &self.records[*slot as usize])
    }

    /// A member has this version of this node's own record. Returns whether it is known at all.
    pub(crate) fn confirm(&mut self, id: &NodeId, version: u64) -> bool {
        let slot = self.by_id.get(id).map(|slot| *slot as usize);
        let record = slot.and_then(|slot| self.records.get_mut(slot));
        record
            .map(|record| record.confirmed = record.confirmed.max(version))
            .is_some()
    }

    /// All records, ordered by name and life.
    pub(crate) fn ordered(&self) -> impl Iterator<Item = &Record> {
        self.by_id
            .values()
            .map(|slot| &self.records[*slot as usize])
    }

    /// Members to which a path leads, but for this node.
    pub(crate) fn reachable(&self) -> impl Iterator<Item = &Record> {
        self.records()
            .filter(|record| record.hops.is_some_and(|hops| hops > 0))
    }

    /// The member whose tree has this number, if a path leads to it.
    pub(crate) fn of_tree(&self, tree: u32) -> Option<&Record> {
        self.by_tree
            .get(&tree)
            .map(|slot| &self.records[*slot as usize])
    }

    /// Appends the links by which a message about `topic` that follows a member's tree goes on from
    /// here, in no particular order and maybe repeated. Returns whether that member is known.
    pub(crate) fn links_towards(&mut self, topic: &[u8], tree: u32, links: &mut Vec<u32>) -> bool {
        let Some(&root) = self.by_tree.get(&tree) else {
            return false;
        };
        let Self {
            branches,
            graph,
            links: neighbours,
            filters,
            me,
            ..
        } = self;
        if branches.len() * neighbours.len() > BRANCH_COUNT_MAX {
            branches.retain(|of, _| of == me);
        }
        let branches = branches
            .entry(root)
            .or_insert_with(|| graph.tree(root).branches(*me, neighbours));
        for member in filters.targets(topic) {
            match branches.get(*member as usize) {
                None | Some(&NO_LINK) => {}
                Some(link) => links.push(*link),
            }
        }
        true
    }

    /// Whether any other member, or what is attached to it, shares a subscription.
    pub(crate) fn has_shares(&self) -> bool {
        !self.shares.is_empty()
    }

    /// Whether anybody shares a subscription to `topic`.
    pub(crate) fn is_shared(&mut self, topic: &[u8]) -> bool {
        !self.shares.is_empty() && self.shares.matching(topic).next().is_some()
    }

    /// By group, the nodes that share a subscription to `topic` and can be reached, each once and
    /// in ascending order.
    pub(crate) fn sharing(&mut self, topic: &[u8]) -> BTreeMap<Box<[u8]>, Vec<Box<[u8]>>> {
        let mut groups: BTreeMap<Box<[u8]>, Vec<Box<[u8]>>> = BTreeMap::new();
        let Self {
            shares, records, ..
        } = self;
        for (group, node, member) in shares.matching(topic) {
            let member = records.get(member as usize);
            if member.is_some_and(|record| record.hops.is_some()) {
                groups.entry(group.into()).or_default().push(node.into());
            }
        }
        for nodes in groups.values_mut() {
            nodes.sort_unstable();
            nodes.dedup();
        }
        groups
    }

    /// Whether any other member subscribed to `topic`.
    pub(crate) fn is_wanted(&mut self, topic: &[u8]) -> bool {
        !self.filters.targets(topic).is_empty()
    }

    /// The link by which messages for one member leave.
    pub(crate) fn link_to(&self, to: &NodeId) -> Option<u32> {
        let branches = self.branches.get(&self.me)?;
        let slot = match self.by_id.get(to) {
            Some(slot) => *slot,
            None => {
                let leaf = Item::Leaf(to.clone());
                let mut hosts = numbered(&self.records);
                hosts
                    .find(|(_, host)| host.hops.is_some() && host.items.contains(&leaf))?
                    .0
            }
        };
        branches
            .get(slot as usize)
            .copied()
            .filter(|link| *link != NO_LINK)
    }

    /// Forgets members to which no path has led for so long.
    pub(crate) fn forget_lost(&mut self, now: Instant, after: Duration) {
        let lost =
            |record: &Record| record.hops.is_none() && now.since(record.unreachable_since) >= after;
        let slots = numbered(&self.records).filter(|(_, record)| lost(record));
        let slots: Vec<MemberSlot> = slots.map(|(slot, _)| slot).collect();
        let mut forgotten = false;
        for slot in slots.into_iter().filter(|slot| *slot != self.me) {
            let record = self.records.remove(slot as usize);
            for filter in record.filters() {
                self.shares.remove(filter, slot);
            }
            self.by_id.remove(&record.id);
            self.filters.remove_key(slot);
            self.epoch += 1;
            forgotten = true;
        }
        if forgotten {
            // A slot may come to stand for another member.
            self.branches.clear();
            let own = self.graph.tree(self.me).branches(self.me, &self.links);
            self.branches.insert(self.me, own);
        }
    }
}

fn numbered(records: &Slab<Record>) -> impl Iterator<Item = (MemberSlot, &Record)> {
    records.iter().map(|(slot, record)| {
        let slot = MemberSlot::try_from(slot).expect("members are far fewer than 2^32");
        (slot, record)
    })
}

#[cfg(test)]
mod tests;
