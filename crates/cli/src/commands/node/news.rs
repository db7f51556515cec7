//! What a node tells of others while it runs: links and members that come and go.

use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use zeekwire::MemberEvent;

use crate::client::LinkNews;
use crate::failure::Failure;
use crate::output;
use crate::render::printable;

/// What is still to be told.
#[derive(Debug)]
pub(super) struct News {
    pub(super) links: Receiver<LinkNews>,
    pub(super) members: Receiver<MemberEvent>,
}

impl News {
    /// Tells what has come.
    ///
    /// # Errors
    /// When the node cannot stay what it is: another has its name.
    pub(super) fn tell(&self) -> Result<(), Failure> {
        self.links.try_iter().for_each(|news| news.tell());
        self.members.try_iter().try_for_each(|event| tell(&event))
    }

    /// Tells what comes within a time, or a little later.
    ///
    /// # Errors
    /// As [`News::tell`].
    pub(super) fn wait(&self, time: Duration) -> Result<(), Failure> {
        if let Ok(news) = self.links.recv_timeout(time) {
            news.tell();
        }
        self.tell()
    }
}

/// An observer of members that passes on what happens.
pub(super) fn hear_members(
    events: Sender<MemberEvent>,
) -> impl Fn(&MemberEvent) + Send + Sync + 'static {
    move |event| {
        // Nobody listens any more: the node is ending.
        let _ending = events.send(event.clone());
    }
}

fn tell(event: &MemberEvent) -> Result<(), Failure> {
    match event {
        MemberEvent::Up(member) => {
            let pools = match &member.pools[..] {
                [] => String::new(),
                pools => format!(" (pools: {})", pools.join(", ")),
            };
            let text = format!("member {} is up{pools}", member.node.name);
            output::note(printable(&text));
        }
        MemberEvent::Down(node) => output::note(format_args!("member {} is down", node.name)),
        MemberEvent::Yielded { to } => {
            return Err(Failure::job(format_args!(
                "another live node is called {} and has the better right to the name (its \
                 incarnation is {}): give each node a --name of its own",
                to.name, to.incarnation
            )));
        }
        _ => {}
    }
    Ok(())
}
