//! Links to other nodes, as handles.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zeekwire_backend::{Backend, Completion, LinkEvent, LinkId, Peer};

/// A connection that is being made, made, or made again.
///
/// Dropping the handle leaves the link as it is.
#[derive(Clone)]
pub struct Link {
    id: LinkId,
    events: LinkEvents,
    backend: Arc<dyn Backend>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.id.0)
    }
}

impl Link {
    pub(crate) fn new(id: LinkId, events: LinkEvents, backend: Arc<dyn Backend>) -> Self {
        Self {
            id,
            events,
            backend,
        }
    }

    /// The link's number within its node.
    #[must_use]
    pub const fn id(&self) -> LinkId {
        self.id
    }

    /// Waits until the peer's subscriptions are effective here: what is published from then on
    /// reaches it. Returns who is there.
    ///
    /// # Errors
    /// [`LinkError::Timeout`] with what went wrong last, or [`LinkError::GaveUp`] when no further
    /// attempt will be made.
    pub fn wait_ready(&self, timeout: Duration) -> Result<Peer, LinkError> {
        self.events.wait_ready(self.id, timeout)
    }

    /// What the node sees of this link: queues, credit, drops, peer. `None` once it is closed.
    #[must_use]
    pub fn status(&self) -> Option<zeekwire_backend::status::LinkStatus> {
        let links = self.backend.status().links;
        links.into_iter().find(|link| link.id == self.id.0)
    }

    /// Closes the link after what waits was sent, for at most `flush_max`, and connects no more.
    pub fn close(&self, flush_max: Duration) -> Completion {
        self.backend.close_link(self.id, flush_max)
    }
}

/// Why a link is not ready.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LinkError {
    /// Not ready in time. Attempts go on.
    Timeout {
        /// What went wrong last, if anything did.
        last: Option<String>,
    },
    /// No further attempt will be made.
    GaveUp {
        /// What went wrong.
        reason: String,
    },
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout { last: None } => f.write_str("not linked in time"),
            Self::Timeout { last: Some(last) } => write!(f, "not linked in time; last: {last}"),
            Self::GaveUp { reason } => f.write_str(reason),
        }
    }
}

impl std::error::Error for LinkError {}

/// What was heard of links, for those who wait for one.
#[derive(Clone, Default)]
pub(crate) struct LinkEvents {
    shared: Arc<(Mutex<HashMap<LinkId, Known>>, Condvar)>,
}

#[derive(Clone, Default)]
struct Known {
    ready: Option<Peer>,
    last: Option<String>,
    gave_up: bool,
}

impl LinkEvents {
    fn lock(&self) -> MutexGuard<'_, HashMap<LinkId, Known>> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers links that the owner asked for; others are of no interest.
    pub(crate) fn expect(&self, link: LinkId) {
        self.lock().entry(link).or_default();
    }

    pub(crate) fn hear(&self, event: &LinkEvent) {
        let mut links = self.lock();
        match event {
            LinkEvent::Ready { link, peer } => {
                links.entry(*link).or_default().ready = Some(peer.clone());
            }
            LinkEvent::Down {
                link,
                reason,
                retry_in,
                ..
            }
            | LinkEvent::ConnectFailed {
                link,
                reason,
                retry_in,
            } => {
                let known = links.entry(*link).or_default();
                known.ready = None;
                known.last = Some(reason.clone());
                known.gave_up = retry_in.is_none();
                let accepted = retry_in.is_none() && matches!(event, LinkEvent::Down { .. });
                if accepted && links.len() > 1024 {
                    links.retain(|_, known| !known.gave_up);
                }
            }
            _ => {}
        }
        drop(links);
        self.shared.1.notify_all();
    }

    fn wait_ready(&self, link: LinkId, timeout: Duration) -> Result<Peer, LinkError> {
        // A time that the clock cannot tell is for ever.
        let deadline = Instant::now().checked_add(timeout);
        let mut links = self.lock();
        loop {
            let known = links.get(&link).cloned().unwrap_or_default();
            if let Some(peer) = known.ready {
                return Ok(peer);
            }
            if known.gave_up {
                return Err(LinkError::GaveUp {
                    reason: known.last.unwrap_or_default(),
                });
            }
            let left = deadline.map_or(timeout, |at| at.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Err(LinkError::Timeout { last: known.last });
            }
            let waited = self.shared.1.wait_timeout(links, left);
            links = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
