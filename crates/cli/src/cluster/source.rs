//! Where samples of a cluster come from: a member that runs here, or a link to one.

use std::path::PathBuf;
use std::time::Duration;

use zeekwire::status::NodeStatus;

use super::{Sample, known};
use crate::admin::{Directory, Found, ask_cluster, search};
use crate::client::Client;
use crate::failure::Failure;
use crate::output;

/// Somebody who can ask all members.
#[derive(Debug)]
pub(crate) enum Source {
    /// A member that runs here, by its admin socket.
    Local { name: String, path: PathBuf },
    /// A client of this process, and the name of the node that it is attached to.
    Client { client: Box<Client>, peer: String },
}

impl Source {
    /// Asks all members what they see of themselves.
    pub(crate) fn sample(&self, timeout: Duration) -> Result<Sample, Failure> {
        match self {
            Self::Local { name, path } => {
                let told = ask_cluster(path, timeout).map_err(|error| {
                    Failure::job(format_args!("{name} does not tell of its cluster: {error}"))
                })?;
                Ok(Sample::new(name, told))
            }
            Self::Client { client, peer } => {
                let told = ask_as_client(client, timeout)?;
                if told.is_empty() {
                    return Err(Failure::job(format_args!(
                        "no member of a cluster answered within {} s: {peer} is none, or is cut \
                         off. --connect names another endpoint, --timeout gives more time",
                        timeout.as_secs_f64()
                    )));
                }
                Ok(Sample::new(peer, told))
            }
        }
    }
}

/// Asks as a client, who knows no members: the first answers say how many there are.
fn ask_as_client(client: &Client, timeout: Duration) -> Result<Vec<NodeStatus>, Failure> {
    let mut wanted = 1;
    loop {
        let asked = client.node.cluster_status(Some(wanted), timeout);
        let told = asked.map_err(|error| Failure::job(format_args!("cannot ask: {error}")))?;
        let count = known(&told).len();
        // Who did not answer this time will not the next time either.
        if told.len() < wanted || count <= told.len() {
            return Ok(told);
        }
        wanted = count;
    }
}

/// The nodes of this user that run here: members through which clusters can be asked, with what
/// all told of themselves. Those that do not answer are told on standard error.
pub(crate) fn sources() -> Result<Vec<(Source, NodeStatus)>, Failure> {
    let directory = Directory::of_user();
    let found = search(&directory).map_err(|error| {
        Failure::job(format_args!(
            "cannot look for nodes in {}: {error}",
            directory.path().display()
        ))
    })?;
    let mut nodes = Vec::new();
    for Found { path, status } in found {
        match status {
            Ok(status) => {
                let name = status.name.clone();
                nodes.push((Source::Local { name, path }, status));
            }
            Err(error) => output::note(format_args!("{}: {error}", path.display())),
        }
    }
    Ok(nodes)
}
