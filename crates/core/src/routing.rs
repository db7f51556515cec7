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

use zeekwire_types::NodeId;

use record::MemberSlot;
pub(crate) use shares::{PREFIX as SHARE_PREFIX, Shared};

/// Number of a member's shortest-path tree, unless another member has it already; then that of
/// the next `attempt`. Never 0.
pub(crate) fn tree_number(id: &NodeId, attempt: u32) -> u32 {
    // FNV-1a over what makes the life unique; the finish mixes it into all bits.
    let life = id.incarnation;
    let numbers = [life.started_us, life.random, u64::from(attempt)];
    let numbers = numbers.into_iter().flat_map(u64::to_le_bytes);
    let bytes = id.name.as_str().bytes().chain(numbers);
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    mixed(hash).max(1)
}

/// Thirty-two bits that depend on all of `bits`: the finish of MurmurHash3, taken in half.
pub(crate) const fn mixed(bits: u64) -> u32 {
    let bits = (bits ^ bits >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let bits = (bits ^ bits >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    (bits >> 32) as u32
}
