//! Links between members, and shortest-path trees over them.

use zeekwire_types::mixed;

use super::MemberSlot;

/// No link leads there.
pub(crate) const NO_LINK: u32 = u32::MAX;
const NOWHERE: u16 = u16::MAX;
const NOBODY: MemberSlot = MemberSlot::MAX;

/// The members' links, each seen from both ends; members are numbered by their slots.
#[derive(Debug, Default)]
pub(super) struct Graph {
    adjacent: Vec<Vec<MemberSlot>>,
    /// Tree number of each member: ties between equal paths are broken by these alone, so that
    /// every member breaks them alike whatever slots it uses.
    trees: Vec<u32>,
}

/// The shortest-path tree of one member.
#[derive(Debug)]
pub(super) struct Tree {
    /// The next member towards the root.
    parents: Vec<MemberSlot>,
    pub(super) hops: Vec<u16>,
    /// Members in the order of their distance from the root.
    order: Vec<MemberSlot>,
}

impl Graph {
    pub(super) fn new(slot_count: usize) -> Self {
        Self {
            adjacent: vec![Vec::new(); slot_count],
            trees: vec![0; slot_count],
        }
    }

    /// Tells the tree number of a member that takes part.
    pub(super) fn add_member(&mut self, slot: MemberSlot, tree: u32) {
        self.trees[slot as usize] = tree;
    }

    /// Adds one direction of a link.
    pub(super) fn add_arc(&mut self, from: MemberSlot, to: MemberSlot) {
        self.adjacent[from as usize].push(to);
    }

    /// The shortest-path tree from `root`. Of several parents at equal distance a member takes the
    /// one whose hash with the root is highest, so that different roots use different paths.
    pub(super) fn tree(&self, root: MemberSlot) -> Tree {
        let count = self.adjacent.len();
        let mut tree = Tree {
            parents: vec![NOBODY; count],
            hops: vec![NOWHERE; count],
            order: Vec::with_capacity(count),
        };
        tree.hops[root as usize] = 0;
        tree.order.push(root);
        let rank = |slot: MemberSlot| {
            let number = self.trees[slot as usize];
            let pair = u64::from(self.trees[root as usize]) << 32 | u64::from(number);
            (mixed(pair) >> 32, number)
        };
        let mut at = 0;
        while let Some(&slot) = tree.order.get(at) {
            at += 1;
            let next_hops = tree.hops[slot as usize].saturating_add(1).min(NOWHERE - 1);
            for &next in &self.adjacent[slot as usize] {
                let hops = &mut tree.hops[next as usize];
                let parent = &mut tree.parents[next as usize];
                if *hops == NOWHERE {
                    *hops = next_hops;
                    *parent = slot;
                    tree.order.push(next);
                } else if *hops == next_hops && rank(slot) > rank(*parent) {
                    *parent = slot;
                }
            }
        }
        tree
    }
}

impl Tree {
    /// For each member, the link by which a message that follows this tree leaves `me` towards it;
    /// [`NO_LINK`] where the path does not lead through `me`. `links` tells the link to each
    /// neighbour.
    pub(super) fn branches(&self, me: MemberSlot, links: &[u32]) -> Vec<u32> {
        let mut branches = vec![NO_LINK; self.parents.len()];
        // Parents come before their children, so a child finds its parent's answer.
        for &slot in &self.order {
            let parent = self.parents[slot as usize];
            branches[slot as usize] = match parent {
                NOBODY => NO_LINK,
                _ if slot == me => NO_LINK,
                _ if parent == me => links[slot as usize],
                _ => branches[parent as usize],
            };
        }
        branches
    }

    /// Hops from the root, if a path leads there.
    pub(super) fn hops_to(&self, slot: MemberSlot) -> Option<u16> {
        let hops = *self.hops.get(slot as usize)?;
        (hops != NOWHERE).then_some(hops)
    }
}
