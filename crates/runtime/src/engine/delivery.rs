//! From a received message to the subscribers that want it.

use std::collections::BTreeSet;
use std::sync::Arc;

use zeekwire_backend::{
    Block as InboxBlock, Deposit, Inbox, Item, Message, Parts, Reach, Sink, SubscribeOptions,
};
use zeekwire_buffer::{AlignedBytes, Block};
use zeekwire_core::node::{LinkKey, shared_prefix_bytes};
use zeekwire_core::wire::{Frame, Located};
use zeekwire_types::limits::FRAME_HEADER_BYTES;
use zeekwire_types::{NodeName, TopicError, TopicFilter, TrafficClass};

use super::Engine;

#[expect(clippy::cast_possible_truncation, reason = "a small constant")]
const HEADER_BYTES: u16 = FRAME_HEADER_BYTES as u16;

/// One local subscription.
pub(super) struct Subscriber {
    pub(super) sink: Sink,
    /// Where its messages come from, also for filters that are added later.
    pub(super) reach: Reach,
    /// Shares its filters with this group.
    group: Option<String>,
    /// As others are told of them.
    pub(super) filters: BTreeSet<TopicFilter>,
    pub(super) delivered: u64,
    /// The first subscription with the same inbox, often this one itself: it collects what goes
    /// there, so that it gets there in order and once.
    home: u32,
    /// Whether another has the same inbox.
    is_joined: bool,
    /// Messages of the block being read that go into the inbox when the block is done.
    items: Vec<Item>,
    items_bytes: usize,
}

impl Subscriber {
    pub(super) fn new(id: u32, sink: Sink, options: &SubscribeOptions) -> Self {
        Self {
            sink,
            reach: options.reach,
            group: options.group.clone(),
            filters: BTreeSet::new(),
            delivered: 0,
            home: id,
            is_joined: false,
            items: Vec::new(),
            items_bytes: 0,
        }
    }

    /// The inbox, if there is one.
    const fn inbox(&self) -> Option<&Arc<Inbox>> {
        match &self.sink {
            Sink::Inbox(inbox) => Some(inbox),
            Sink::IoThread(_) => None,
        }
    }

    /// Whether both put their messages into the same inbox.
    fn has_inbox_of(&self, other: &Self) -> bool {
        let inboxes = self.inbox().zip(other.inbox());
        inboxes.is_some_and(|(one, other)| Arc::ptr_eq(one, other))
    }

    /// Filters as others are told of them.
    pub(super) fn told(&self, own: &NodeName, filters: &[TopicFilter]) -> Vec<TopicFilter> {
        let Some(group) = &self.group else {
            return filters.to_vec();
        };
        // Those that would be too long were refused before.
        let shared = filters
            .iter()
            .filter_map(|filter| shared_filter(group, own, filter).ok());
        shared.collect()
    }
}

/// The filter by which node `own` shares `filter` in a group.
pub(crate) fn shared_filter(
    group: &str,
    own: &NodeName,
    filter: &TopicFilter,
) -> Result<TopicFilter, TopicError> {
    let head = format!(".share/{group}/{own}/");
    TopicFilter::new([head.as_bytes(), filter.as_bytes()].concat())
}

/// What deposits into inboxes came to, for one link's read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deposited {
    pub(super) congested: bool,
    /// A link that some of it was passed on to is behind, and nothing may be lost.
    pub(super) links_behind: bool,
}

/// Bytes of one link's read that were delivered, by class.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Credit {
    /// Still charged to the peer.
    pub(super) charged_bytes: [usize; TrafficClass::COUNT],
    /// Came in fragments, whose credit was given back.
    pub(super) returned_bytes: [usize; TrafficClass::COUNT],
}

impl Engine {
    /// Hands one message of the current block to its subscribers. `offset` is where it starts in
    /// the block.
    #[inline]
    pub(super) fn deliver(&mut self, located: &Located, bytes: &[u8], offset: usize) {
        let parts = parts_of(located, bytes);
        let start = u32::try_from(offset).expect("blocks are far below 4 GiB");
        for at in 0..self.targets.len() {
            let target = self.targets[at];
            let Some(Some(subscriber)) = self.subscribers.get_mut(target as usize) else {
                self.note_question(target, &Message::new(bytes, &parts));
                continue;
            };
            subscriber.delivered += 1;
            let home = subscriber.home;
            if let Sink::IoThread(handler) = &mut subscriber.sink {
                handler(&Message::new(bytes, &parts));
                continue;
            }
            let Some(Some(home_of)) = self.subscribers.get_mut(home as usize) else {
                continue;
            };
            match home_of.items.last() {
                None => self.touched.push(home),
                Some(last) if last.start == start => continue,
                Some(_) => {}
            }
            let len = u32::try_from(bytes.len()).expect("frames are far below 4 GiB");
            home_of.items.push(Item { start, len, parts });
            home_of.items_bytes += bytes.len();
        }
    }

    /// Hands a message that lies in memory of its own to its subscribers.
    pub(super) fn deliver_alone(&mut self, located: &Located, bytes: AlignedBytes) -> Deposited {
        let mut deposited = Deposited::default();
        let parts = parts_of(located, &bytes);
        let bytes: Block = Arc::new(bytes);
        for at in 0..self.targets.len() {
            let target = self.targets[at];
            if self.inbox_was_served(at) {
                continue;
            }
            let Some(Some(subscriber)) = self.subscribers.get_mut(target as usize) else {
                self.note_question(target, &Message::new(&bytes, &parts));
                continue;
            };
            subscriber.delivered += 1;
            match &mut subscriber.sink {
                Sink::IoThread(handler) => handler(&Message::new(&bytes, &parts)),
                Sink::Inbox(inbox) => {
                    let len = u32::try_from(bytes.len()).expect("messages are far below 4 GiB");
                    let mut items = vec![Item {
                        start: 0,
                        len,
                        parts,
                    }];
                    let block = Arc::clone(&bytes) as InboxBlock;
                    let node = &mut self.node;
                    let lose = |lost: &Message<'_>| node.count_inbox_drop(lost.bytes());
                    deposited.add(inbox.deposit(block, &mut items, bytes.capacity(), lose));
                }
            }
        }
        deposited
    }

    /// Hands one of this node's own publications to the subscribers that asked for those.
    pub(super) fn deliver_own(&mut self, bytes: &[u8]) {
        let Ok(frame) = Frame::whole(bytes) else {
            return;
        };
        let Ok(located) = Located::verify(frame.envelope()) else {
            return;
        };
        self.targets.clear();
        self.targets.extend_from_slice(self.node.loopback_targets());
        self.deliver_alone(&located, AlignedBytes::copied(bytes));
    }

    /// Puts what was delivered from `block` into the inboxes: pins the block, if it is given to be
    /// shared, mostly theirs and the pool has plenty, else copies.
    pub(super) fn deposit_block(&mut self, bytes: &[u8], shared: Option<&Block>) -> Deposited {
        let mut deposited = Deposited::default();
        let mut touched = std::mem::take(&mut self.touched);
        for target in touched.drain(..) {
            let Some(Some(subscriber)) = self.subscribers.get_mut(target as usize) else {
                continue;
            };
            let Sink::Inbox(inbox) = &subscriber.sink else {
                continue;
            };
            let node = &mut self.node;
            let lose = |lost: &Message<'_>| node.count_inbox_drop(lost.bytes());
            let items_bytes = std::mem::take(&mut subscriber.items_bytes);
            let pays = |block: &&Block| items_bytes * 2 >= block.len() && !self.pool.runs_short();
            if let Some(block) = shared.filter(pays) {
                let charge = block.len();
                let block = Arc::clone(block) as InboxBlock;
                deposited.add(inbox.deposit(block, &mut subscriber.items, charge, lose));
                continue;
            }
            let mut copy = self.copies.take();
            let filling = copy.bytes();
            filling.reserve(items_bytes);
            for item in &mut subscriber.items {
                let start = item.start as usize;
                item.start = u32::try_from(filling.len()).expect("blocks are far below 4 GiB");
                filling.extend_from_slice(&bytes[start..start + item.len as usize]);
            }
            let copy = self.copies.share(copy);
            let charge = copy.capacity();
            deposited.add(inbox.deposit(copy, &mut subscriber.items, charge, lose));
        }
        self.touched = touched;
        deposited
    }

    /// Gives bytes back to a peer's credit, or keeps them back while the only inbox is behind.
    pub(super) fn give_credit(&mut self, key: LinkKey, credit: &Credit, deposited: Deposited) {
        let inbox_is_behind = deposited.congested && self.only_inbox_asks_to_wait();
        if deposited.congested && !inbox_is_behind {
            self.let_go_of_inboxes();
        }
        let hold_back = inbox_is_behind || deposited.links_behind;
        for class in TrafficClass::ALL {
            let charged = credit.charged_bytes[class.index()];
            let returned = credit.returned_bytes[class.index()];
            if !hold_back {
                self.node.consume(key, class, charged);
            } else if charged + returned > 0 {
                self.node.hold(key, class, returned);
                self.withheld.push((key, class, charged + returned));
            }
        }
        self.node.grant(key);
    }

    /// Gives back what was kept, once the inbox has room; by and by while it has little.
    pub(super) fn release_withheld(&mut self) {
        if self.withheld.is_empty() {
            return;
        }
        let waits = self.only_inbox_asks_to_wait();
        let mut left = match self.only_inbox().filter(|_| waits) {
            Some(inbox) => inbox.take_steps(),
            None => usize::MAX,
        };
        if left == 0 {
            return;
        }
        for (key, class, bytes) in std::mem::take(&mut self.withheld) {
            let given = match self.node.is_behind(class) {
                true => 0,
                false => bytes.min(left),
            };
            left -= given;
            if given < bytes {
                self.withheld.push((key, class, bytes - given));
            }
            if given > 0 {
                self.node.consume(key, class, given);
                self.node.grant_at_once(key);
            }
        }
    }

    /// Whether the target at this place has the inbox of one before it.
    fn inbox_was_served(&self, at: usize) -> bool {
        let subscriber = |target: &u32| self.subscribers.get(*target as usize)?.as_ref();
        let Some(this) = subscriber(&self.targets[at]).filter(|this| this.is_joined) else {
            return false;
        };
        let mut before = self.targets[..at].iter().filter_map(subscriber);
        before.any(|other| other.home == this.home)
    }

    /// Takes note of whose inbox a new subscription shares, if it does.
    pub(super) fn find_home(&mut self, index: usize) {
        let Some(Some(mut this)) = self.subscribers.get_mut(index).map(Option::take) else {
            return;
        };
        let mut others = self.subscribers.iter_mut().flatten();
        if let Some(other) = others.find(|other| this.has_inbox_of(other)) {
            (this.is_joined, other.is_joined) = (true, true);
            this.home = other.home;
        }
        self.subscribers[index] = Some(this);
    }

    /// Ends a subscription; its inbox is closed unless others share it.
    pub(super) fn drop_subscriber(&mut self, index: usize) {
        let Some(Some(gone)) = self.subscribers.get_mut(index).map(Option::take) else {
            return;
        };
        let of_gone = |(_, other): &(u32, &Option<Subscriber>)| {
            other
                .as_ref()
                .is_some_and(|other| other.has_inbox_of(&gone))
        };
        let Some((heir, _)) = (0..).zip(&self.subscribers).find(of_gone) else {
            if let Some(inbox) = gone.inbox() {
                inbox.close();
            }
            return;
        };
        let left = self.subscribers.iter_mut().flatten();
        left.filter(|other| other.home == gone.home)
            .for_each(|other| other.home = heir);
    }

    /// Takes note that one more subscriber is there: who had the only inbox holds senders back no
    /// longer.
    pub(super) fn let_go(&mut self) {
        if self.only_inbox().is_some() {
            return;
        }
        self.let_go_of_inboxes();
        self.release_withheld();
    }

    fn let_go_of_inboxes(&self) {
        let subscribers = self.subscribers.iter().flatten();
        subscribers
            .filter_map(Subscriber::inbox)
            .for_each(|inbox| inbox.let_go());
    }

    /// Whether credit was kept back that senders could go on with.
    pub(super) const fn keeps_credit_back(&self) -> bool {
        !self.withheld.is_empty()
    }

    /// A node that others' messages pass through never waits for its own subscribers, unless
    /// nothing may be lost.
    fn only_inbox_asks_to_wait(&self) -> bool {
        if self.node.is_transit() && !self.node.config().lossless {
            return false;
        }
        self.only_inbox().is_some_and(|inbox| {
            inbox.limits().policy == zeekwire_types::DropPolicy::Block && inbox.hold_back()
        })
    }

    /// The inbox into which everything goes that is for this node, if there is just one.
    fn only_inbox(&self) -> Option<&Inbox> {
        let mut subscribers = self.subscribers.iter().flatten();
        let first = subscribers.next()?;
        let inbox = first.inbox()?;
        subscribers
            .all(|other| other.home == first.home)
            .then_some(inbox)
    }
}

impl Deposited {
    pub(super) const fn add(&mut self, deposit: Deposit) {
        self.congested |= deposit.congested;
    }

    pub(super) const fn merge(&mut self, other: Self) {
        self.congested |= other.congested;
        self.links_behind |= other.links_behind;
    }
}

/// Where the parts of a message lie, told from where they lie in its envelope.
pub(super) fn parts_of(located: &Located, bytes: &[u8]) -> Parts {
    let frame = Frame::whole(bytes).expect("the message was verified");
    // Who shares a subscription is told the topic that the message was published on.
    let (topic_start, topic_len) = located.topic_place();
    let skipped = match located.envelope(frame.envelope()).topic() {
        topic @ [b'.', ..] => shared_prefix_bytes(topic),
        _ => 0,
    };
    let skipped = u16::try_from(skipped).expect("a part of the topic");
    let topic = (topic_start + skipped, topic_len - skipped);
    let shift = |(start, len): (u16, u16)| (start + HEADER_BYTES, len);
    let payload_start = FRAME_HEADER_BYTES + frame.header.envelope_bytes;
    let narrow = |bytes: usize| u32::try_from(bytes).expect("messages are far below 4 GiB");
    Parts {
        class: frame.header.class,
        topic: shift(topic),
        publisher: shift(located.publisher_place()),
        format: shift(located.format_place()),
        payload: (narrow(payload_start), narrow(frame.header.payload_bytes)),
        incarnation: located.incarnation(),
        sequence: located.sequence(),
        survey: located.survey(),
    }
}
