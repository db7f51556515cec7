//! Names of batches.

use std::fmt;

use zeekwire_types::NodeId;

/// What a batch is known by, for ever and to everybody: it stays the same when the batch goes to
/// another logger.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct BatchId {
    /// The life of the node that made it.
    pub sender: NodeId,
    /// Which batch of that life: from 1, rising by one.
    pub sequence: u64,
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.sender, self.sequence)
    }
}
