//! What the members of a cluster say of themselves, and the paths that follow from it.
//!
//! Every member keeps the [`Record`] of every other, brought up to date by flooded
//! [`Update`](crate::wire::Update)s. The graph of links, the shortest-path tree of each member and
//! the table of who subscribed to what follow from the records alone, so that equal records mean
//! equal routes. Nothing here knows of sessions or sockets.

mod confirmations;
mod database;
mod graph;
mod own;
mod record;
mod shares;

pub(crate) use confirmations::{Confirmations, Waiter};
pub(crate) use database::{Applied, Database};
pub(crate) use own::OwnRecord;

use zeekwire_types::{NodeId, agreed_hash};

use record::MemberSlot;
pub(crate) use shares::{PREFIX as SHARE_PREFIX, Shared};

/// Number of a member's shortest-path tree, unless another member has it already; then that of
/// the next `attempt`. Never 0.
pub(crate) fn tree_number(id: &NodeId, attempt: u32) -> u32 {
    let life = id.incarnation;
    let numbers = [life.started_us, life.random, u64::from(attempt)];
    let numbers = numbers.into_iter().flat_map(u64::to_le_bytes);
    let hash = agreed_hash(id.name.as_str().bytes().chain(numbers));
    u32::try_from(hash >> 32)
        .expect("half of sixty-four bits")
        .max(1)
}
