//! Flags of commands that are linked to other nodes as a client.

use clap::Args;
use zeekwire::{Endpoint, NodeName};

use super::{DEFAULT_ENDPOINT, Seconds, endpoint};

/// How a client is linked.
#[derive(Args, Debug)]
#[command(next_help_heading = "Links")]
pub(crate) struct LinkFlags {
    /// Connect to this endpoint, tcp://HOST:PORT or ipc://PATH; may be given several times
    /// [default: tcp://127.0.0.1:47760 unless --listen is given]
    #[arg(short, long, value_name = "ENDPOINT", value_parser = endpoint)]
    pub(crate) connect: Vec<Endpoint>,

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
    #[arg(long, value_name = "SECS", default_value_t = Seconds(std::time::Duration::from_secs(5)))]
    pub(crate) wait: Seconds,
}

impl LinkFlags {
    /// The endpoints to connect to.
    pub(crate) fn endpoints(&self) -> Vec<String> {
        if self.connect.is_empty() && self.listen.is_empty() {
            return vec![DEFAULT_ENDPOINT.to_owned()];
        }
        self.connect.iter().map(ToString::to_string).collect()
    }
}
