//! Values under small, stable numbers, without one allocation for each, and dense again after many
//! were removed.

use std::ops::{Index, IndexMut};

/// No entry: what an id field holds when it points nowhere.
pub(super) const NONE: u32 = u32::MAX;

/// Values by id. Freed ids are used again, the last freed first.
#[derive(Debug)]
pub(super) struct Arena<T> {
    slots: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Arena<T> {
    pub(super) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// How much is held, free or not.
    #[cfg(test)]
    pub(super) fn slot_count(&self) -> usize {
        self.slots.capacity().max(self.free.capacity())
    }

    pub(super) fn insert(&mut self, value: T) -> u32 {
        if let Some(id) = self.free.pop() {
            self.slots[id as usize] = Some(value);
            return id;
        }
        let id = u32::try_from(self.slots.len()).expect("limits allow fewer filters than ids");
        assert!(id != NONE, "limits allow fewer filters than ids");
        self.slots.push(Some(value));
        id
    }

    pub(super) fn remove(&mut self, id: u32) -> T {
        let value = self.slots[id as usize].take().expect(LIVE);
        self.free.push(id);
        value
    }

    /// The values with their ids, in ascending order of id.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.slots.iter_mut().flatten()
    }

    /// Closes the gaps and gives memory back, once three quarters of the slots are free.
    ///
    /// Returns for each old id its new one; the order of ids stays. The owner must then replace all
    /// ids it holds. As many values were removed since the last time as are moved now, and more, so
    /// the cost for each removal is constant.
    pub(super) fn compact(&mut self) -> Option<Vec<u32>> {
        if self.slots.len() < COMPACT_SLOT_COUNT_MIN || self.len() * 4 > self.slots.len() {
            return None;
        }
        let mut moved = vec![NONE; self.slots.len()];
        let mut dense = Vec::with_capacity(self.len() * 2);
        for (old, slot) in std::mem::take(&mut self.slots).into_iter().enumerate() {
            if slot.is_some() {
                moved[old] = u32::try_from(dense.len()).expect("ids only become smaller");
                dense.push(slot);
            }
        }
        self.slots = dense;
        self.free = Vec::new();
        Some(moved)
    }
}

impl<T> Index<u32> for Arena<T> {
    type Output = T;

    #[inline]
    fn index(&self, id: u32) -> &T {
        self.slots[id as usize].as_ref().expect(LIVE)
    }
}

impl<T> IndexMut<u32> for Arena<T> {
    #[inline]
    fn index_mut(&mut self, id: u32) -> &mut T {
        self.slots[id as usize].as_mut().expect(LIVE)
    }
}

const LIVE: &str = "ids are dropped before the values they name";

/// Below this many slots it is not worth the effort.
const COMPACT_SLOT_COUNT_MIN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_ids_are_used_again() {
        let mut arena = Arena::new();
        let ids = [arena.insert('a'), arena.insert('b')];
        assert_eq!(arena.remove(ids[0]), 'a');
        assert_eq!(arena.insert('c'), ids[0]);
        assert_eq!((arena.len(), arena[ids[0]], arena[ids[1]]), (2, 'c', 'b'));
    }

    #[test]
    fn gaps_close_in_order_when_most_slots_are_free() {
        let mut arena = Arena::new();
        let ids: Vec<u32> = (0..100).map(|number| arena.insert(number)).collect();
        let mut moved = None;
        for &id in ids.iter().filter(|id| *id % 10 != 3) {
            arena.remove(id);
            if let Some(map) = arena.compact() {
                assert!(moved.replace(map).is_none(), "once is enough");
                break;
            }
        }
        let moved = moved.expect("90 of 100 are gone");
        assert_eq!(arena.len(), arena.slots.len());
        let live: Vec<(u32, u32)> = ids
            .iter()
            .filter(|&&id| moved[id as usize] != NONE)
            .map(|&id| (id, moved[id as usize]))
            .collect();
        assert!(live.is_sorted());
        assert!(live.iter().all(|&(old, new)| arena[new] == old));
    }
}
