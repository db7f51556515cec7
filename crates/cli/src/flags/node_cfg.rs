//! Flags that name zeekctl's `node.cfg`, and say of the cluster what that file does not.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::Failure;
use crate::layout::{Layout, RENDEZVOUS_PORT, Topology};
use crate::output;

/// A cluster that zeekctl runs.
#[derive(Args, Debug)]
#[command(next_help_heading = "Clusters of zeekctl")]
pub(crate) struct NodeCfgFlags {
    /// Read the layout from this node.cfg of zeekctl, as it is
    #[arg(long, value_name = "FILE")]
    node_cfg: Option<PathBuf>,

    /// Which nodes of --node-cfg are linked: star, each with the manager, or mesh, each with each
    /// [default: star]
    #[arg(long, value_name = "TOPOLOGY", requires = "node_cfg")]
    topology: Option<Topology>,

    /// The port at which the manager of --node-cfg listens; in a mesh, other nodes take this or
    /// the next ones that are free on their hosts [default: 47760]
    #[arg(long, value_name = "PORT", requires = "node_cfg",
          value_parser = clap::value_parser!(u16).range(1..))]
    rendezvous_port: Option<u16>,
}

impl NodeCfgFlags {
    /// The file, if one was named.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.node_cfg.as_deref()
    }

    /// Reads the file, and notes what in it is not used.
    pub(crate) fn load(&self, path: &Path) -> Result<Layout, Failure> {
        let (layout, remarks) = Layout::load_node_cfg(
            path,
            self.topology.unwrap_or_default(),
            self.rendezvous_port.unwrap_or(RENDEZVOUS_PORT),
        )?;
        for remark in remarks {
            output::note(remark.in_file(path));
        }
        Ok(layout)
    }
}
