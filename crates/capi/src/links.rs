//! The links of a context: their handles, and what was subscribed and advertised on one only.
//!
//! The engine knows such filters for as long as a link is up. They are asked for again whenever it
//! comes up, so that the program need not care.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zeekwire::{Completion, LinkEvent, LinkId, Node, Peer, Signalled, Subscription, TopicFilter};

use crate::connections::zw_connection;
use crate::context::ContextPointer;
use crate::counted::Counted;
use crate::failure::{Failure, Outcome};
use crate::handlers::{Callback, Done, zw_link_change};
use crate::notices::{LinkNotice, Mailbox, Notice};
use crate::zw_result;

/// The links of a context.
pub(crate) struct Links {
    table: Mutex<Table>,
    mailbox: Arc<Mailbox>,
}

#[derive(Default)]
struct Table {
    /// Set as long as the node runs.
    node: Option<Node>,
    context: ContextPointer,
    name: CString,
    open: HashMap<LinkId, Entry>,
}

struct Entry {
    connection: Arc<zw_connection>,
    is_up: bool,
    /// The program has closed it.
    is_closed: bool,
    /// Ends with the entry.
    subscription: Option<Subscription>,
    subscribed: Counted,
    advertised: Counted,
    /// Who waits for the link, to have a filter subscribed or advertised on it.
    waiting: Vec<(TopicFilter, Callback<Done>)>,
}

impl Entry {
    fn new(connection: Arc<zw_connection>) -> Self {
        Self {
            connection,
            is_up: false,
            is_closed: false,
            subscription: None,
            subscribed: Counted::default(),
            advertised: Counted::default(),
            waiting: Vec::new(),
        }
    }
}

impl Links {
    pub(crate) fn new(mailbox: Arc<Mailbox>) -> Self {
        Self {
            table: Mutex::default(),
            mailbox,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing in here panics half-way through a change.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The node runs: there may be links.
    pub(crate) fn begin(&self, node: &Node, context: ContextPointer, name: &CStr) {
        let mut table = self.lock();
        table.node = Some(node.clone());
        table.context = context;
        table.name = name.to_owned();
    }

    /// There will be no more links. Handles stay.
    pub(crate) fn end(&self) {
        let mut table = self.lock();
        let node = table.node.take();
        let open = table.open.values_mut();
        let subscriptions: Vec<_> = open.map(|entry| entry.subscription.take()).collect();
        drop(table);
        // Without the lock: the last handle of a node ends it.
        drop((subscriptions, node));
    }

    /// Opens a link by `connect`, which must not wait.
    pub(crate) fn open(
        &self,
        connect: impl FnOnce() -> Outcome<Arc<zw_connection>>,
    ) -> Outcome<*mut zw_connection> {
        // The lock keeps events of the link from coming before it is known.
        let mut table = self.lock();
        let connection = connect()?;
        let handle = Arc::as_ptr(&connection).cast_mut();
        table.open.insert(connection.link(), Entry::new(connection));
        Ok(handle)
    }

    /// The program has closed a link. Returns whether it had not before.
    pub(crate) fn close(&self, link: LinkId) -> bool {
        let mut table = self.lock();
        let Some(entry) = table.open.get_mut(&link).filter(|entry| !entry.is_closed) else {
            return false;
        };
        entry.is_closed = true;
        let subscription = entry.subscription.take();
        let waiting = std::mem::take(&mut entry.waiting);
        drop(table);
        drop(subscription);
        for (_, callback) in waiting {
            let result = zw_result::ZW_STOPPED;
            self.mailbox.push(Notice::Done { callback, result });
        }
        true
    }

    /// A link is gone for good: its handle lives as long as notices that name it.
    pub(crate) fn forget(&self, link: LinkId) {
        let gone = self.lock().open.remove(&link);
        drop(gone);
    }

    /// Takes note of what happened to a link, and tells the program. Called on the IO thread.
    pub(crate) fn hear(&self, event: &LinkEvent) {
        let mut table = self.lock();
        match event {
            LinkEvent::Up { link, peer } => {
                let entry = table.entry(*link);
                entry.is_up = true;
                entry.connection.set_peer(peer.node.name.as_str());
                let connection = Arc::clone(&entry.connection);
                table.ask_again(*link, &self.mailbox);
                self.tell(zw_link_change::ZW_LINK_UP, connection, Some(peer), "");
            }
            LinkEvent::Ready { link, peer } => {
                let connection = table.handle(*link);
                self.tell(zw_link_change::ZW_LINK_READY, connection, Some(peer), "");
            }
            LinkEvent::Down {
                link, peer, reason, ..
            } => {
                let connection = table.handle(*link);
                if let Some(entry) = table.open.get_mut(link) {
                    entry.is_up = false;
                }
                let gone = (!connection.was_opened()).then(|| table.open.remove(link));
                self.tell(
                    zw_link_change::ZW_LINK_DOWN,
                    connection,
                    peer.as_ref(),
                    reason,
                );
                drop(table);
                drop(gone);
            }
            LinkEvent::ConnectFailed { link, reason, .. } => {
                let connection = table.handle(*link);
                self.tell(zw_link_change::ZW_LINK_FAILED, connection, None, reason);
            }
            _ => {}
        }
    }

    fn tell(
        &self,
        change: zw_link_change,
        connection: Arc<zw_connection>,
        peer: Option<&Peer>,
        reason: &str,
    ) {
        let (name, location) = match peer {
            Some(peer) => (peer.node.name.to_string(), peer.endpoint.clone()),
            None => (connection.peer_name(), String::new()),
        };
        self.mailbox.push(Notice::Link(LinkNotice {
            change,
            peer: name,
            location: match location.is_empty() {
                true => connection.location().to_owned(),
                false => location,
            },
            reason: reason.to_owned(),
            connection,
        }));
    }

    /// Subscribes on one link, now and whenever it comes up again.
    pub(crate) fn subscribe(
        &self,
        link: LinkId,
        filter: &TopicFilter,
        main: &Signalled,
        callback: Option<Callback<Done>>,
    ) -> Outcome {
        let mut table = self.lock();
        let node = table.node()?;
        let entry = table.entry_of(link)?;
        let completion = match &entry.subscription {
            Some(subscription) => subscription.add(filter.as_bytes())?,
            None => {
                let builder = node.subscribe([filter.as_bytes()])?;
                let subscription = builder.on_link(&node.link(link)).joined(main)?;
                let effective = subscription.effective().clone();
                entry.subscription = Some(subscription);
                effective
            }
        };
        entry.subscribed.add(filter);
        entry.when_done(filter, completion, callback, &self.mailbox);
        Ok(())
    }

    /// Takes a subscription on one link back.
    pub(crate) fn unsubscribe(
        &self,
        link: LinkId,
        filter: &TopicFilter,
        callback: Option<Callback<Done>>,
    ) -> Outcome {
        let mut table = self.lock();
        let entry = table.entry_of(link)?;
        let completion = match (entry.subscribed.remove(filter)?, &entry.subscription) {
            (true, Some(subscription)) => subscription.remove(filter.as_bytes())?,
            _ => Completion::done(),
        };
        self.mailbox.when_done(completion, callback);
        Ok(())
    }

    /// Advertises on one link, now and whenever it comes up again.
    pub(crate) fn advertise(
        &self,
        link: LinkId,
        filter: &TopicFilter,
        callback: Option<Callback<Done>>,
    ) -> Outcome {
        let mut table = self.lock();
        let node = table.node()?;
        let entry = table.entry_of(link)?;
        let completion = node.backend().advertise(filter, Some(link))?;
        entry.advertised.add(filter);
        entry.when_done(filter, completion, callback, &self.mailbox);
        Ok(())
    }

    /// Takes an advertisement on one link back.
    pub(crate) fn unadvertise(
        &self,
        link: LinkId,
        filter: &TopicFilter,
        callback: Option<Callback<Done>>,
    ) -> Outcome {
        let mut table = self.lock();
        let node = table.node()?;
        let entry = table.entry_of(link)?;
        let completion = match entry.advertised.remove(filter)? {
            true => node.backend().unadvertise(filter, Some(link))?,
            false => Completion::done(),
        };
        self.mailbox.when_done(completion, callback);
        Ok(())
    }
}

impl Entry {
    /// Calls back when a filter is in force on the link: after it is up, if it is not.
    fn when_done(
        &mut self,
        filter: &TopicFilter,
        completion: Completion,
        callback: Option<Callback<Done>>,
        mailbox: &Arc<Mailbox>,
    ) {
        match callback {
            Some(callback) if !self.is_up => self.waiting.push((filter.clone(), callback)),
            callback => mailbox.when_done(completion, callback),
        }
    }
}

impl Table {
    fn node(&self) -> Outcome<Node> {
        self.node.clone().ok_or_else(Failure::stopped)
    }

    fn entry_of(&mut self, link: LinkId) -> Outcome<&mut Entry> {
        let found = self.open.get_mut(&link).filter(|entry| !entry.is_closed);
        found.ok_or_else(|| Failure::new(zw_result::ZW_NOT_FOUND, "the connection has been closed"))
    }

    /// The entry of a link; one of a peer that connected by itself is made here.
    fn entry(&mut self, link: LinkId) -> &mut Entry {
        if !self.open.contains_key(&link) {
            self.open.insert(link, Entry::new(self.accepted(link)));
        }
        self.open.get_mut(&link).expect("it was just put there")
    }

    /// The handle of a link, which may be unknown: of one that never came up.
    fn handle(&self, link: LinkId) -> Arc<zw_connection> {
        match self.open.get(&link) {
            Some(entry) => Arc::clone(&entry.connection),
            None => self.accepted(link),
        }
    }

    fn accepted(&self, link: LinkId) -> Arc<zw_connection> {
        let name = self.name.clone();
        Arc::new(zw_connection::accepted(self.context, link, name))
    }

    /// A link came up: asks its peer for what is wanted on it only.
    fn ask_again(&mut self, link: LinkId, mailbox: &Arc<Mailbox>) {
        let Some(node) = self.node.clone() else {
            return;
        };
        let Some(entry) = self.open.get_mut(&link) else {
            return;
        };
        let mut waiting = std::mem::take(&mut entry.waiting);
        let mut asked = Vec::new();
        if let Some(subscription) = &entry.subscription {
            for filter in entry.subscribed.all() {
                // What the engine remembers is of the connection before.
                let _stopped = subscription.remove(filter.as_bytes());
                asked.push((filter.clone(), subscription.add(filter.as_bytes())));
            }
        }
        for filter in entry.advertised.all() {
            let completion = node.backend().advertise(filter, Some(link));
            asked.push((filter.clone(), completion));
        }
        for (filter, completion) in asked {
            let completion = completion.unwrap_or_else(|_stopped| Completion::done());
            for (_, callback) in waiting.extract_if(.., |(other, _)| *other == filter) {
                mailbox.when_done(completion.clone(), Some(callback));
            }
        }
        // Taken back meanwhile: nothing is left to wait for.
        for (_, callback) in waiting {
            mailbox.when_done(Completion::done(), Some(callback));
        }
    }
}

impl Mailbox {
    /// Leaves a notice when something is done, if anybody wants to know.
    pub(crate) fn when_done(
        self: &Arc<Self>,
        completion: Completion,
        callback: Option<Callback<Done>>,
    ) {
        let Some(callback) = callback else {
            return;
        };
        let mailbox = Arc::clone(self);
        let result = zw_result::ZW_OK;
        completion.then(move || mailbox.push(Notice::Done { callback, result }));
    }
}
