//! Keeping the records of all members in step over every link that routes.
//!
//! A node passes an update on as soon as it applied it, before it sends anything that follows from
//! it. Control messages overtake all others and keep their order, so a message never arrives
//! before the updates that its publisher knew when it chose the way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use zeekwire_types::limits::{MEMBER_COUNT_MAX, RECORD_ITEM_COUNT_MAX};
use zeekwire_types::{NodeId, TrafficClass};

use super::{LinkKey, Node};
use crate::Fault;
use crate::routing::Applied;
use crate::session::Session;
use crate::wire::{Body, Control, ControlWriter, Digest, Item, Update};

/// No record is changed so often. What is said beyond it is not believed, since the member in whose
/// name it is said could not outrun it.
const VERSION_MAX: u64 = u64::MAX >> 1;

/// Control messages that wait for a peer that is being told what it lacks; then it is its turn.
const SYNC_BYTES_MAX: usize = 1024 * 1024;

/// What a link that routes has come to.
#[derive(Debug, Default)]
pub(super) struct Mesh {
    /// The peer has what this node knew, and is told of every change since.
    open: bool,
    /// This node has what the peer knew.
    pub(super) synced: bool,
    /// Both ends have announced the link.
    pub(super) active: bool,
    /// Parts of an update or digest whose rest has yet to come.
    update: Option<Update>,
    digest: Vec<(NodeId, u64)>,
    /// Members whose records the peer lacks, and that wait until its queue has room.
    lacking: VecDeque<NodeId>,
    /// Once it has those, the peer is to be told that this is all that was known when it came.
    owes_end: bool,
}

impl Mesh {
    /// Takes note that the peer is to get a record later.
    fn owe(&mut self, origin: &NodeId) {
        if !self.lacking.contains(origin) {
            self.lacking.push_back(origin.clone());
        }
    }
}

impl Node {
    /// Tells a new peer what is known here.
    pub(super) fn begin_sync(&mut self, key: LinkKey) {
        // Those that cannot be reached from here count: the peer need not send them again.
        let known = self.db.records();
        let digest = Digest {
            records: known
                .map(|record| (record.id.clone(), record.version))
                .collect(),
            complete: true,
        };
        if let Some(link) = self.link_mut(key) {
            link.mesh = Some(Mesh::default());
        }
        self.send_control(key, &Control::Digest(digest));
    }

    pub(super) fn handle_digest(&mut self, key: LinkKey, part: Digest) -> Result<(), Fault> {
        let mesh = self.mesh_mut(key)?;
        if mesh.open || mesh.digest.len() + part.records.len() > MEMBER_COUNT_MAX {
            return Err(Fault::OutOfOrder);
        }
        mesh.digest.extend(part.records);
        if !part.complete {
            return Ok(());
        }
        mesh.open = true;
        let theirs: BTreeMap<NodeId, u64> = std::mem::take(&mut mesh.digest).into_iter().collect();
        if let Some(known) = theirs.get(self.id()).copied()
            && known > self.own.version()
            && known <= VERSION_MAX
        {
            let update = self.own.outrun(known);
            self.announce(update);
        }
        // Who cannot be reached may be gone for good: the peer hears of those that it knows.
        let own = &self.db.own().id;
        let newer = self
            .db
            .records()
            .filter(|record| match theirs.get(&record.id) {
                None => record.hops.is_some() || record.id == *own,
                Some(known) => *known < record.version,
            });
        let lacking = newer.map(|record| record.id.clone()).collect();
        let mesh = self.mesh_mut(key)?;
        (mesh.lacking, mesh.owes_end) = (lacking, true);
        self.go_on_syncing(key);
        Ok(())
    }

    /// Sends a peer what it lacks, as far as its queue has room, and at last that this was all.
    pub(super) fn go_on_syncing(&mut self, key: LinkKey) {
        loop {
            let Some(link) = self.link_mut(key).filter(|link| !link.ended) else {
                return;
            };
            let queued = link.session.outgoing.queued_bytes(TrafficClass::Control);
            let Some(mesh) = link.mesh.as_mut() else {
                return;
            };
            // What is published meanwhile may depend on what has yet to be told.
            link.session
                .outgoing
                .set_owes_control(!mesh.lacking.is_empty());
            if queued >= SYNC_BYTES_MAX {
                return;
            }
            let Some(next) = mesh.lacking.pop_front() else {
                if std::mem::take(&mut mesh.owes_end) {
                    self.send_control(key, &Control::Synced);
                }
                return;
            };
            if let Some(record) = self.db.find(&next) {
                let update = record.whole();
                self.send_control(key, &Control::Update(update));
            }
        }
    }

    /// The peer sent all it knew: from now on this node counts the link among its own.
    pub(super) fn handle_synced(&mut self, key: LinkKey) -> Result<(), Fault> {
        let mesh = self.mesh_mut(key)?;
        if std::mem::replace(&mut mesh.synced, true) {
            return Err(Fault::OutOfOrder);
        }
        self.db.touch();
        self.paths_changed = true;
        let named = self.db.records().flat_map(|record| record.neighbours());
        let unknown = named.filter(|node| self.db.find(node).is_none());
        let unknown: BTreeSet<NodeId> = unknown.cloned().collect();
        self.want_unknown(key, unknown);
        if let Some(peer) = self.peer_id(key) {
            self.say(vec![Item::Neighbour(peer)], Vec::new());
        }
        Ok(())
    }

    pub(super) fn handle_update(&mut self, key: LinkKey, part: Update) -> Result<(), Fault> {
        let mesh = self.mesh_mut(key)?;
        let update = match mesh.update.take() {
            None => part,
            Some(mut so_far) => {
                let same = so_far.origin == part.origin
                    && (so_far.base, so_far.version) == (part.base, part.version);
                if !same {
                    return Err(Fault::OutOfOrder);
                }
                so_far.added.extend(part.added);
                so_far.removed.extend(part.removed);
                so_far.complete = part.complete;
                so_far
            }
        };
        if update.added.len() + update.removed.len() > RECORD_ITEM_COUNT_MAX {
            return Err(Fault::RecordTooLong);
        }
        if !update.complete {
            mesh.update = Some(update);
            return Ok(());
        }
        self.take_update(key, update)
    }

    fn take_update(&mut self, key: LinkKey, update: Update) -> Result<(), Fault> {
        if update.version > VERSION_MAX {
            self.refused_records += 1;
            return Ok(());
        }
        if update.origin == *self.id() {
            if update.version > self.own.version() {
                let update = self.own.outrun(update.version);
                self.announce(update);
            }
            return Ok(());
        }
        match self.db.find(&update.origin) {
            None if self.db.records().count() >= MEMBER_COUNT_MAX => {
                self.refused_records += 1;
                return Ok(());
            }
            Some(known)
                if update.base > 0
                    && known.items.len() + update.added.len() > RECORD_ITEM_COUNT_MAX =>
            {
                return Err(Fault::RecordTooLong);
            }
            _ => {}
        }
        match self.db.apply(self.now, &update) {
            Applied::Known => {}
            Applied::Gap => self.send_control(key, &Control::Want(update.origin)),
            Applied::Changed { paths } => {
                self.paths_changed |= paths;
                self.watch.touch();
                self.flood(&update, Some(key));
                if self.mesh_mut(key)?.synced {
                    let named = update.added.into_iter().filter_map(|item| match item {
                        Item::Neighbour(node) => Some(node),
                        _ => None,
                    });
                    self.want_unknown(key, named.collect());
                }
                if update.confirm {
                    self.settle();
                    self.send_routed(update.origin, Body::Confirm(update.version));
                }
            }
        }
        Ok(())
    }

    /// Asks a peer that is in step for members that are named as neighbours and not known here:
    /// they were out of reach of the peer when it told what it knew.
    fn want_unknown(&mut self, key: LinkKey, named: BTreeSet<NodeId>) {
        for node in named {
            if self.db.find(&node).is_none() {
                self.send_control(key, &Control::Want(node));
            }
        }
    }

    /// Sends the whole record that a peer misses, or misses the beginning of.
    pub(super) fn handle_want(&mut self, key: LinkKey, node: &NodeId) -> Result<(), Fault> {
        self.mesh_mut(key)?;
        if let Some(record) = self.db.find(node) {
            let update = record.whole();
            self.send_control(key, &Control::Update(update));
        }
        Ok(())
    }

    /// Adds shares to items of this node's own record, takes others away, and tells everybody what
    /// changed by that.
    pub(super) fn say(&mut self, added: Vec<Item>, removed: Vec<Item>) {
        if let Some(update) = self.own.change(added, removed) {
            self.announce(update);
        }
    }

    /// Applies a change of this node's own record, and tells everybody.
    pub(super) fn announce(&mut self, update: Update) {
        if let Applied::Changed { paths } = self.db.apply(self.now, &update) {
            self.paths_changed |= paths;
            self.watch.touch();
        }
        self.flood(&update, None);
    }

    /// Sends an update over all links that route, but for the one that it came by. Where much waits
    /// already the record goes later, whole, and until then nothing else does.
    fn flood(&mut self, update: &Update, except: Option<LinkKey>) {
        let mut keys = Vec::new();
        for (_, link) in &mut self.links {
            if !link.is_up() || link.ended || Some(link.key) == except {
                continue;
            }
            let queued = link.session.outgoing.queued_bytes(TrafficClass::Control);
            match link.mesh.as_mut().filter(|mesh| mesh.open) {
                None => {}
                Some(mesh) if queued >= SYNC_BYTES_MAX => {
                    mesh.owe(&update.origin);
                    link.session.outgoing.set_owes_control(true);
                }
                Some(_) => keys.push(link.key),
            }
        }
        if keys.is_empty() {
            return;
        }
        // Encoded once, however many there are.
        let mut frames = Vec::new();
        ControlWriter::write(&Control::Update(update.clone()), &mut frames);
        for key in keys {
            self.send_with(key, |session: &mut Session| session.send_frames(&frames));
        }
    }

    /// A link is over: it is no longer one of this node's own.
    pub(super) fn leave_mesh(&mut self, key: LinkKey) {
        let peer = self.peer_id(key);
        let Some(link) = self.link_mut(key) else {
            return;
        };
        let Some(mesh) = link.mesh.take() else {
            return;
        };
        link.session.outgoing.set_owes_control(false);
        // Who waited for the peer waits no longer, even if it had yet to join.
        self.paths_changed = true;
        if !mesh.synced {
            return;
        }
        self.db.touch();
        if let Some(peer) = peer {
            self.say(Vec::new(), vec![Item::Neighbour(peer)]);
        }
    }

    pub(super) fn peer_id(&self, key: LinkKey) -> Option<NodeId> {
        self.link(key)?.peer().map(|hello| hello.node.clone())
    }

    fn mesh_mut(&mut self, key: LinkKey) -> Result<&mut Mesh, Fault> {
        let link = self.link_mut(key).ok_or(Fault::NotRouting)?;
        link.mesh.as_mut().ok_or(Fault::NotRouting)
    }
}
