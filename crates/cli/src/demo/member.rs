//! What all nodes of the demo have in common: how they are made and linked, and how they report.

use std::time::Duration;

use clap::Args;
use zeekwire::{MemberEvent, Node};

use super::report::{Books, Report};
use super::stars;
use crate::client::program;
use crate::failure::Failure;
use crate::output;

/// How often a node reports. What a killed node counted since its last report is not known.
pub(super) const REPORT_EVERY: Duration = Duration::from_millis(50);
/// A killed node is given up after this time, much sooner than by default, so that its share of
/// the work soon goes to others.
const DOWN_AFTER: Duration = Duration::from_millis(300);
/// A peer that makes no progress for so long no longer makes anybody wait: longer than any pause
/// of a busy machine, because the demo is about losing nothing.
const STALL_MAX: Duration = Duration::from_secs(10);

/// Who a node is, and where it is linked to
#[derive(Args, Debug)]
pub(crate) struct MemberFlags {
    /// Its name
    #[arg(long)]
    pub(super) name: String,
    /// Where its rendezvous node listens; none for the first
    #[arg(long)]
    pub(super) connect: Option<String>,
}

/// Starts a node. It is linked to nobody yet.
pub(super) fn start(
    flags: &MemberFlags,
    hear: impl Fn(&MemberEvent) + Send + Sync + 'static,
) -> Result<Node, Failure> {
    // Nobody in the demo drops what it passes on: senders wait instead.
    let builder = Node::builder(&flags.name)
        .program(&program("demo"))
        .member_down_after(DOWN_AFTER)
        .configure(|config| config.stall_max = STALL_MAX)
        .on_member_event(hear)
        .lossless();
    let builder = if stars::is_proxy(&flags.name) {
        builder.pool(stars::POOL)
    } else {
        builder
    };
    Ok(builder.start()?)
}

/// Links it.
pub(super) fn link(node: &Node, flags: &MemberFlags) -> Result<(), Failure> {
    if matches!(&*flags.name, stars::MANAGER | stars::HUB_PROXY) {
        print(&Report::Listening(node.listen("tcp://127.0.0.1:0")?))?;
    }
    if let Some(endpoint) = &flags.connect {
        // Whether it links is seen by the members that it knows.
        let _linking = node.connect(endpoint)?;
    }
    Ok(())
}

/// Hands the books to whoever started the demo.
pub(super) fn report(books: Books) -> Result<(), Failure> {
    print(&Report::Books(Box::new(books)))
}

fn print(report: &Report) -> Result<(), Failure> {
    output::print(serde_json::to_string(report).map_err(Failure::job)?)
}
