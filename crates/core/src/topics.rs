//! Topics: which subscribers a topic reaches.
//!
//! A [`Glob`] is one compiled filter. A [`FilterIndex`] holds the filters of all subscribers and
//! finds those that match a topic without looking at the others. A [`TargetCache`] remembers the
//! answers for topics that were seen lately. A [`TopicTable`] joins the two; a node asks it.
//!
//! Peers choose both topics and filters, so every cost here is bounded by what is stored, and hash
//! tables are keyed by a secret seed. Equal inputs in equal order give equal answers; no answer
//! depends on the seed.

mod arena;
mod bloom;
mod cache;
mod glob;
mod globlist;
mod gram;
mod grams;
mod hash;
mod index;
mod keys;
mod prefixes;
mod rows;
mod store;
mod table;
mod texts;

#[cfg(test)]
mod naive;

pub use cache::{Slot, TargetCache};
pub use glob::{Form, Glob};
pub use hash::TopicHasher;
pub use index::FilterIndex;
pub use table::TopicTable;
