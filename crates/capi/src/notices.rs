//! What happened and has yet to be told: all but the messages themselves.
//!
//! Whoever has something to tell leaves it here and raises the descriptor; `zw_process` takes it.
//! The queue is bounded by what there is to tell of: once many notices wait, those that undo each
//! other are both dropped.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use zeekwire::{LinkId, Member, NodeId};

use crate::connections::zw_connection;
use crate::handlers::{Callback, Done, zw_link_change};
use crate::messages::Copied;
use crate::waker::Waker;
use crate::zw_result;

/// Something to be told.
pub(crate) enum Notice {
    /// A request is done.
    Done {
        callback: Callback<Done>,
        result: zw_result,
    },
    /// A member came.
    MemberUp(Member),
    /// A member went.
    MemberDown(NodeId),
    /// Another node has the better right to this node's name.
    Yielded(NodeId),
    /// Something happened to a link.
    Link(LinkNotice),
    /// The first subscriber came, or the last went.
    Topic { filter: Vec<u8>, subscribed: bool },
    /// Answers to a survey wait, or it is over.
    Answers(u64),
    /// A message that stays in this context.
    Local(Copied),
}

/// What happened to a link.
pub(crate) struct LinkNotice {
    pub(crate) change: zw_link_change,
    pub(crate) connection: Arc<zw_connection>,
    pub(crate) peer: String,
    pub(crate) location: String,
    pub(crate) reason: String,
}

/// Where notices wait, and how whoever takes them is woken.
#[derive(Default)]
pub(crate) struct Mailbox {
    queue: Mutex<Queue>,
    waker: OnceLock<Waker>,
}

/// Notices that may wait before any are dropped.
const PLENTY: usize = 1024;

#[derive(Default)]
struct Queue {
    waiting: BTreeMap<u64, Notice>,
    next: u64,
    local_bytes: usize,
    closed: bool,
    /// Where notices stand that later ones may undo.
    members_up: HashMap<NodeId, u64>,
    topics: HashMap<Vec<u8>, u64>,
    links: HashMap<LinkId, Vec<u64>>,
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing in here panics half-way through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The descriptor, once the context has started.
    pub(crate) fn waker(&self) -> Option<&Waker> {
        self.waker.get()
    }

    /// Gives it a descriptor.
    pub(crate) fn open(&self, waker: Waker) {
        let _opened_before = self.waker.set(waker);
    }

    /// Makes the descriptor readable.
    pub(crate) fn wake(&self) {
        if let Some(waker) = self.waker() {
            waker.raise();
        }
    }

    /// Leaves a notice, unless the context was stopped.
    pub(crate) fn push(&self, notice: Notice) {
        self.lock().push(notice);
        self.wake();
    }

    /// Leaves a message, if all that wait have no more than so many bytes then. Returns whether
    /// there was room.
    pub(crate) fn push_local(&self, message: Copied, bytes_max: usize) -> bool {
        let mut queue = self.lock();
        let bytes = message.held_bytes();
        if queue.local_bytes > 0 && queue.local_bytes + bytes > bytes_max {
            return false;
        }
        queue.local_bytes += bytes;
        queue.push(Notice::Local(message));
        drop(queue);
        self.wake();
        true
    }

    /// Takes the oldest notice.
    pub(crate) fn pop(&self) -> Option<Notice> {
        self.lock().pop()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().waiting.is_empty()
    }

    /// Drops what waits, and takes no more.
    pub(crate) fn close(&self) {
        let mut queue = self.lock();
        let waiting = std::mem::take(&mut *queue);
        queue.closed = true;
        drop(queue);
        // Without the lock: links in it may hold the last handle of something.
        drop(waiting);
        self.wake();
    }
}

impl Queue {
    fn push(&mut self, notice: Notice) {
        if self.closed || (self.waiting.len() >= PLENTY && self.is_undone_by(&notice)) {
            return;
        }
        let place = self.next;
        self.next += 1;
        match &notice {
            Notice::MemberUp(member) => {
                self.members_up.insert(member.node.clone(), place);
            }
            Notice::Topic { filter, .. } => {
                self.topics.insert(filter.clone(), place);
            }
            Notice::Link(link) => {
                let places = self.links.entry(link.connection.link()).or_default();
                places.push(place);
            }
            _ => {}
        }
        self.waiting.insert(place, notice);
    }

    /// Drops what a notice undoes. Returns whether nothing is left to tell.
    fn is_undone_by(&mut self, notice: &Notice) -> bool {
        match notice {
            Notice::MemberDown(node) => self
                .members_up
                .remove(node)
                .is_some_and(|place| self.waiting.remove(&place).is_some()),
            Notice::Topic { filter, .. } => self
                .topics
                .remove(filter)
                .is_some_and(|place| self.waiting.remove(&place).is_some()),
            Notice::Link(link) => self.is_undone_by_link(link),
            _ => false,
        }
    }

    /// A link that went tells all that is of interest by the last notice; one that nobody had heard
    /// of has nothing to tell.
    fn is_undone_by_link(&mut self, notice: &LinkNotice) -> bool {
        if !notice.change.is_end() {
            return false;
        }
        let places = self.links.remove(&notice.connection.link());
        let mut never_told = false;
        for place in places.into_iter().flatten() {
            if let Some(Notice::Link(dropped)) = self.waiting.remove(&place) {
                never_told |= dropped.change == zw_link_change::ZW_LINK_UP;
            }
        }
        never_told && !notice.connection.was_opened()
    }

    fn pop(&mut self) -> Option<Notice> {
        let (place, notice) = self.waiting.pop_first()?;
        match &notice {
            Notice::MemberUp(member) => forget(&mut self.members_up, &member.node, place),
            Notice::Topic { filter, .. } => forget(&mut self.topics, filter, place),
            Notice::Link(link) => {
                let id = link.connection.link();
                if let Some(places) = self.links.get_mut(&id) {
                    places.retain(|other| *other != place);
                    if places.is_empty() {
                        self.links.remove(&id);
                    }
                }
            }
            Notice::Local(message) => self.local_bytes -= message.held_bytes(),
            _ => {}
        }
        Some(notice)
    }
}

/// Forgets where a notice stood, unless a later one took its place.
fn forget<K: Eq + std::hash::Hash>(places: &mut HashMap<K, u64>, key: &K, place: u64) {
    if places.get(key) == Some(&place) {
        places.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(filter: &str, subscribed: bool) -> Notice {
        let filter = filter.as_bytes().to_vec();
        Notice::Topic { filter, subscribed }
    }

    fn told(mailbox: &Mailbox) -> Vec<(String, bool)> {
        std::iter::from_fn(|| mailbox.pop())
            .filter_map(|notice| match notice {
                Notice::Topic { filter, subscribed } => {
                    Some((String::from_utf8_lossy(&filter).into_owned(), subscribed))
                }
                _ => None,
            })
            .collect()
    }

    #[test]
    fn few_notices_are_all_told_in_order() {
        let mailbox = Mailbox::default();
        for n in 0..10 {
            mailbox.push(topic("a", n % 2 == 0));
        }
        let told = told(&mailbox);
        assert_eq!(told.len(), 10);
        assert!(
            told.iter()
                .enumerate()
                .all(|(n, (_, on))| *on == (n % 2 == 0))
        );
    }

    #[test]
    fn topics_that_come_and_go_unheard_do_not_pile_up() {
        let mailbox = Mailbox::default();
        for n in 0..PLENTY {
            mailbox.push(topic(&format!("filler-{n}"), true));
        }
        for n in 0..100_001 {
            mailbox.push(topic("a", n % 2 == 0));
        }
        let told = told(&mailbox);
        assert_eq!(told.len(), PLENTY + 1);
        assert_eq!(told.last(), Some(&("a".to_owned(), true)));
    }

    #[test]
    fn closed_mailbox_takes_nothing() {
        let mailbox = Mailbox::default();
        mailbox.push(topic("a", true));
        mailbox.close();
        mailbox.push(topic("b", true));
        assert!(mailbox.is_empty());
    }
}
