//! Receive blocks that views may pin, within a bound.

use std::sync::Arc;

use crate::AlignedBytes;

/// One receive buffer. A view pins it by holding a clone of its `Arc`.
pub type Block = Arc<AlignedBytes>;

/// A bounded set of equally large blocks, used in turn.
///
/// A block is free while nobody else holds it. When all are pinned there is none to be had, and
/// the owner copies what it must keep instead.
#[derive(Debug)]
pub struct BlockPool {
    block_bytes: usize,
    block_count_max: usize,
    /// In the order in which they were handed back.
    lent: Vec<Block>,
}

impl BlockPool {
    /// A pool of at most `block_count_max` blocks of `block_bytes` each; none is allocated yet.
    ///
    /// # Panics
    /// When `block_count_max` is 0.
    #[must_use]
    pub fn new(block_bytes: usize, block_count_max: usize) -> Self {
        assert!(block_count_max > 0, "a pool needs at least one block");
        Self {
            block_bytes,
            block_count_max,
            lent: Vec::new(),
        }
    }

    /// Takes a free block out of the pool, or `None` when all are pinned.
    ///
    /// The one that was handed back last comes first: it is the likeliest to be in the cache.
    pub fn take(&mut self) -> Option<Block> {
        let free = |block: &Block| Arc::strong_count(block) == 1;
        if let Some(index) = self.lent.iter().rposition(free) {
            return Some(self.lent.remove(index));
        }
        (self.lent.len() < self.block_count_max)
            .then(|| Arc::new(AlignedBytes::zeroed(self.block_bytes)))
    }

    /// Hands a block back, pinned or not.
    pub fn put(&mut self, block: Block) {
        debug_assert_eq!(block.len(), self.block_bytes, "not a block of this pool");
        self.lent.push(block);
    }

    /// Whether less than a quarter of the pool is still free: time to copy instead of pinning.
    #[must_use]
    pub fn runs_short(&self) -> bool {
        let pinned = self
            .lent
            .iter()
            .filter(|block| Arc::strong_count(block) > 1)
            .count();
        (pinned + 1) * 4 > self.block_count_max * 3
    }
}

/// Small blocks for copies that go from hand to hand: each serves again once its reader is done.
#[derive(Debug, Default)]
pub struct CopyPool {
    lent: std::collections::VecDeque<Block>,
}

impl CopyPool {
    /// Blocks remembered; more may be in use, and are then freed by whoever reads them last.
    const BLOCK_COUNT_MAX: usize = 16;
    /// Larger blocks are not kept.
    const BLOCK_BYTES_MAX: usize = 64 * 1024;

    /// An empty block that nobody else holds.
    pub fn take(&mut self) -> Filling {
        for _ in 0..self.lent.len() {
            let Some(mut block) = self.lent.pop_front() else {
                break;
            };
            if let Some(bytes) = Arc::get_mut(&mut block) {
                bytes.clear();
                return Filling { block };
            }
            self.lent.push_back(block);
        }
        Filling {
            block: Block::default(),
        }
    }

    /// Remembers a filled block, so that it serves again, and hands it out for reading.
    pub fn share(&mut self, filled: Filling) -> Block {
        let block = filled.block;
        let small = block.capacity() <= Self::BLOCK_BYTES_MAX;
        if small && self.lent.len() < Self::BLOCK_COUNT_MAX {
            self.lent.push_back(Block::clone(&block));
        }
        block
    }
}

/// A block that is being filled.
#[derive(Debug)]
pub struct Filling {
    block: Block,
}

impl Filling {
    /// The bytes, for filling.
    pub fn bytes(&mut self) -> &mut AlignedBytes {
        Arc::get_mut(&mut self.block).expect("nobody else holds a block that is being filled")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_serves_again_once_its_reader_is_done() {
        let mut pool = CopyPool::default();
        let mut first = pool.take();
        first.bytes().extend_from_slice(b"first");
        let reader = pool.share(first);
        let mut second = pool.take();
        second.bytes().extend_from_slice(b"second");
        let place = second.bytes().as_ptr();
        drop(pool.share(second));
        assert_eq!(&reader[..], b"first");
        let blocks: Vec<_> = (0..2).map(|_| pool.take().bytes().as_ptr()).collect();
        assert!(blocks.contains(&place));
        assert_eq!(&reader[..], b"first");
    }

    #[test]
    fn a_pinned_block_is_not_handed_out_again() {
        let mut pool = BlockPool::new(64, 2);
        let first = pool.take().expect("two are free");
        let pin = Block::clone(&first);
        pool.put(first);
        let second = pool.take().expect("one is free");
        assert!(!Arc::ptr_eq(&pin, &second));
        pool.put(Block::clone(&second));
        assert!(pool.take().is_none());
        drop(pin);
        assert!(pool.take().is_some());
    }

    #[test]
    fn it_runs_short_before_it_is_empty() {
        let mut pool = BlockPool::new(64, 8);
        let mut pins = Vec::new();
        while !pool.runs_short() {
            let block = pool.take().expect("not short yet");
            pins.push(Block::clone(&block));
            pool.put(block);
        }
        assert!(pins.len() < 8);
        assert!(pool.take().is_some());
    }
}
