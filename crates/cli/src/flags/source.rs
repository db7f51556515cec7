//! Flags that say whom to ask about a cluster.

use clap::Args;

use super::{Endpoints, LinkFlags, Seconds};
use crate::client::{Client, interrupted};
use crate::cluster::{ANSWER_MAX, Source};
use crate::failure::Failure;
use crate::stop::Stop;

/// Who is asked, and for how long.
#[derive(Args, Debug)]
#[command(next_help_heading = "Whom to ask")]
pub(crate) struct SourceFlags {
    /// Ask as a client of the member that listens at this endpoint, tcp://HOST:PORT or ipc://PATH,
    /// or of the first of several, with commas between them, that is there [default: nodes of this
    /// user that run here, by their admin sockets]
    #[arg(short, long, value_name = "ENDPOINT")]
    connect: Option<Endpoints>,

    /// Go on without members that have not answered within this time, in seconds
    #[arg(short, long, value_name = "SECS", default_value_t = Seconds(ANSWER_MAX))]
    pub(crate) timeout: Seconds,
}

impl SourceFlags {
    /// The member to be a client of, if one was named.
    pub(crate) fn open(&self, command: &str, stop: &Stop) -> Result<Option<Source>, Failure> {
        let Some(endpoints) = &self.connect else {
            return Ok(None);
        };
        let flags = LinkFlags::to(endpoints.clone());
        let mut client = Client::start(&flags, command)?;
        client.open_links(&flags)?;
        let peers = client.wait_linked(stop)?;
        let peer = peers.first().ok_or_else(|| interrupted(stop))?;
        Ok(Some(Source::Client {
            peer: peer.node.name.to_string(),
            client: Box::new(client),
        }))
    }
}
