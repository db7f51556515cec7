//! Doing what the protocol asks for.

use std::time::Duration;

use zeekwire_backend::{LinkEvent, MemberEvent};
use zeekwire_core::node::{LinkEnd, LinkKey, Output};
use zeekwire_types::Instant;

use super::Engine;
use super::sockets::LinkState;

impl Engine {
    pub(super) fn handle_output(&mut self, now: Instant, output: Output) {
        match output {
            Output::Decide { link } => self.ask_hook(link),
            Output::LinkUp { link } => {
                // The node may have become one that others' messages pass through.
                self.release_withheld();
                if let Some((id, peer)) = self.peer_of(link) {
                    self.connected(now, id);
                    self.observe(&LinkEvent::Up { link: id, peer });
                }
            }
            Output::PeerReady { link } => {
                if let Some((id, peer)) = self.peer_of(link) {
                    self.observe(&LinkEvent::Ready { link: id, peer });
                }
            }
            Output::CloseLink { link, end } => self.end_link(now, link, &end),
            Output::Completed { token } => {
                if let Some(completer) = self.completers.remove(&token) {
                    completer.complete();
                }
            }
            Output::Relaxed => {
                self.release_held(now);
                self.release_withheld();
            }
            Output::NodeUp { node } => {
                let member = self.member(&node);
                self.member_changed(&MemberEvent::Up(member));
            }
            Output::NodeDown { node } => self.member_changed(&MemberEvent::Down(node)),
            Output::Yielded { to } => self.give_way(to),
            Output::TopicChanged { filter, subscribed } => {
                if let Some(observer) = &self.topic_observer {
                    observer(&filter, subscribed);
                }
            }
            Output::Traced { trace } => self.trace_came(now, trace),
        }
    }

    /// Lets publishers go on whose topics need not be held any more.
    pub(super) fn release_held(&mut self, now: Instant) {
        let Self { outbox, node, .. } = self;
        outbox.release(|class, topic| node.is_held(now, class, topic));
    }

    fn ask_hook(&mut self, key: LinkKey) {
        let Some((_, peer)) = self.peer_of(key) else {
            return;
        };
        let verdict = match self.accept_hooks.remove(&key) {
            Some(hook) => hook(&peer),
            None => Ok(()),
        };
        self.node.decide(key, verdict);
    }

    /// The protocol is done with a link: tells the owner, and connects again if that is wanted.
    fn end_link(&mut self, now: Instant, key: LinkKey, end: &LinkEnd) {
        let found = self.sockets_of(key);
        let Some((id, peer)) = found else { return };
        let record = self.links.get_mut(&id);
        let (lost, lost_peer) = record
            .map(|record| (record.last_error.clone(), record.lost_peer.take()))
            .unwrap_or_default();
        let peer = peer.or(lost_peer);
        let reason = match (end, lost) {
            (LinkEnd::ConnectionLost, Some(lost)) => format!("the connection was lost: {lost}"),
            _ => end.to_string(),
        };
        if let LinkEnd::Preamble(_) | LinkEnd::Fault(_) | LinkEnd::Refused(_) = end {
            tracing::warn!(node = %self.node.id().name, link = id.0, %reason, "link failed");
        }
        let closing = self
            .links
            .get(&id)
            .is_none_or(|record| record.state == LinkState::Closing);
        let retry_in = if closing { None } else { self.next_attempt(id) };
        if let Some(record) = self.links.get_mut(&id) {
            record.last_error = Some(reason.clone());
            record.changed_at = now;
            // A closing link keeps its connection until that is gone.
            if !closing {
                record.key = None;
                record.state = LinkState::Waiting;
            }
        }
        if !closing {
            self.wait_to_dial(now, id, retry_in);
            // Keeps the goodbye short; the owner closes with its own time.
            self.close_connection(now, key, Duration::ZERO);
        }
        self.observe(&LinkEvent::Down {
            link: id,
            peer,
            reason,
            retry_in,
        });
    }

    fn sockets_of(
        &mut self,
        key: LinkKey,
    ) -> Option<(zeekwire_backend::LinkId, Option<zeekwire_backend::Peer>)> {
        let socket = self.socket_with(key)?;
        let id = self.sockets.get_mut(&socket)?.connection()?.id;
        Some((id, self.peer_of(key).map(|(_, peer)| peer)))
    }
}
