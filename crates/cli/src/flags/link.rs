//! Flags of commands that are linked to other nodes as a client.

use std::time::Duration;

use clap::Args;
use zeekwire::{Endpoint, NodeName};

use super::{DEFAULT_ENDPOINT, Endpoints, Seconds, endpoint};

/// A link may take so long to come up, unless flags say otherwise.
const WAIT_MAX: Seconds = Seconds(Duration::from_secs(5));

/// How a client is linked.
#[derive(Args, Debug)]
#[command(next_help_heading = "Links")]
pub(crate) struct LinkFlags {
    /// Connect to this endpoint, tcp://HOST:PORT or ipc://PATH, or to one of several with commas
    /// between them: to the next when one fails or is lost. May be given several times, to be
    /// connected to each [default: tcp://127.0.0.1:47760 unless --listen is given]
    #[arg(short, long, value_name = "ENDPOINT")]
    pub(crate) connect: Vec<Endpoints>,

    /// Listen at this endpoint, so that others connect; may be given several times. Port 0 takes
    /// a free one
    #[arg(short, long, value_name = "ENDPOINT", value_parser = endpoint)]
    pub(crate) listen: Vec<Endpoint>,

    /// Allow --listen at addresses that other machines can reach. Links are neither encrypted nor
    /// authenticated yet: whoever reaches the port can read and write everything
    #[arg(long)]
    pub(crate) insecure_remote: bool,

    /// This node's name [default: the command and its process id, such as sub-4711]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<NodeName>,

    /// Give up when not linked within this time, in seconds
    #[arg(long, value_name = "SECS", default_value_t = WAIT_MAX)]
    pub(crate) wait: Seconds,
}

impl LinkFlags {
    /// What links to these endpoints, or one of them, and says nothing else.
    pub(crate) fn to(endpoints: Endpoints) -> Self {
        Self {
            connect: vec![endpoints],
            listen: Vec::new(),
            insecure_remote: false,
            name: None,
            wait: WAIT_MAX,
        }
    }

    /// The endpoints to connect to.
    pub(crate) fn endpoints(&self) -> Vec<String> {
        if self.connect.is_empty() && self.listen.is_empty() {
            return vec![DEFAULT_ENDPOINT.to_owned()];
        }
        self.connect.iter().map(ToString::to_string).collect()
    }
}
