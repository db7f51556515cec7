//! `zeekwire layout`: checks the layout of a cluster, and shows who connects to whom.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::failure::Failure;
use crate::flags::NodeCfgFlags;
use crate::layout::{self, EXAMPLE, Layout, Member};
use crate::output::{self, Output};

/// Check the layout of a cluster, and show who listens where and who connects to whom
///
/// A layout file names the nodes of a cluster. Each of them runs with the same file, as `zeekwire
/// node --layout FILE --name NAME`, and derives from it where it listens and whom it connects to.
/// zeekctl's node.cfg serves as well. What is shown here is what the nodes will do.
#[derive(Args, Debug)]
pub(crate) struct LayoutFlags {
    /// The layout file, in TOML
    #[arg(value_name = "FILE", required_unless_present_any = ["node_cfg", "example"],
          conflicts_with = "node_cfg")]
    file: Option<PathBuf>,

    /// How to show the layout
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = Format::Table)]
    format: Format,

    /// Print an annotated layout file to start from
    #[arg(long, conflicts_with_all = ["file", "node_cfg"])]
    example: bool,

    #[command(flatten)]
    node_cfg: NodeCfgFlags,
}

/// How a layout is shown.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// One line for each node
    Table,
    /// A layout file, such as to go on from a node.cfg
    Toml,
    /// For programs, with the endpoint of each connection
    Json,
}

/// Runs the command.
pub(crate) fn run(flags: &LayoutFlags) -> Result<(), Failure> {
    if flags.example {
        return write(EXAMPLE);
    }
    let layout = match (&flags.file, flags.node_cfg.path()) {
        (Some(path), _) => Layout::load(path),
        (None, Some(path)) => flags.node_cfg.load(path),
        (None, None) => return Err(Failure::usage("name a layout file")),
    };
    // The file is what is checked, not what was typed: a bad one is a job that failed.
    let layout = layout.map_err(|failure| match failure {
        Failure::Usage(text) => Failure::Job(text),
        other => other,
    })?;
    match flags.format {
        Format::Table => write(&format!("{}\n", layout::table(&layout)))?,
        Format::Toml => write(&layout::toml(&layout))?,
        Format::Json => write(&format!("{}\n", layout::json(&layout)))?,
    }
    note_danger(&layout);
    Ok(())
}

fn write(text: &str) -> Result<(), Failure> {
    let mut output = Output::new();
    output.bytes(text.as_bytes())?;
    output.flush()
}

/// Says which nodes start only with a flag that allows it.
fn note_danger(layout: &Layout) {
    let is_remote = |member: &Member| layout.listens_at(member).is_some_and(|at| !at.is_local());
    let remote: Vec<_> = layout.members().iter().filter(|m| is_remote(m)).collect();
    let who = match remote[..] {
        [] => return,
        [one] => format!("{} listens where other machines can reach it", one.name),
        [first, ..] => format!(
            "{} and {} more listen where other machines can reach them",
            first.name,
            remote.len() - 1
        ),
    };
    output::note(format_args!(
        "{who}, which needs --insecure-remote: links are neither encrypted nor authenticated yet"
    ));
}
