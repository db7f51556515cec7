//! How a node is told to run: flags, over a configuration file, over the defaults.

use std::path::PathBuf;

use clap::Args;
use zeekwire::{DropPolicy, Endpoint, NodeName, RuntimeConfig};

use crate::config::{
    Filter, ForwardingMode, Milliseconds, NodeConfig, Place, Pool, QueueBytes, Text,
};
use crate::failure::Failure;
use crate::flags::{Endpoints, NodeCfgFlags, endpoint, filter};
use crate::layout::Layout;
use crate::metrics::MetricsAddress;

/// Run a node until SIGINT or SIGTERM
///
/// The node listens, answers `zeekwire ping` and `zeekwire status`, and prints the events that it
/// subscribes to. It passes on what others publish, to wherever it is wanted. Links and members
/// that come and go are told on standard error.
///
/// `zeekwire config example` prints a configuration file that holds the defaults; flags win over a
/// file. With --layout or --node-cfg, the node takes its part in a cluster: the layout says where
/// it listens and whom it connects to, in place of what the configuration file says, and
/// `zeekwire layout` shows that of all nodes.
#[derive(Args, Debug)]
pub(crate) struct NodeFlags {
    /// Read this configuration file, in TOML; `zeekwire config check` tells what is wrong with one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Be the node of this layout file, in TOML, that --name says; `zeekwire layout --example`
    /// prints one to start from
    #[arg(long, value_name = "FILE", conflicts_with = "node_cfg")]
    layout: Option<PathBuf>,

    /// The node's name, unique among the nodes that meet [default: node]
    #[arg(short, long, value_name = "NAME")]
    name: Option<NodeName>,

    /// Listen at this endpoint, tcp://HOST:PORT or ipc://PATH; may be given several times. Port 0
    /// takes a free one [default: tcp://127.0.0.1:47760]
    #[arg(short, long, value_name = "ENDPOINT", value_parser = endpoint)]
    listen: Vec<Endpoint>,

    /// Listen nowhere
    #[arg(long, conflicts_with = "listen")]
    no_listen: bool,

    /// Allow --listen at addresses that other machines can reach. Links are neither encrypted nor
    /// authenticated yet: whoever reaches the port can read and write everything
    #[arg(long)]
    insecure_remote: bool,

    /// Connect to this endpoint, again and again, or to one of several with commas between them: to
    /// the next when one fails or is lost. May be given several times, to be connected to each
    #[arg(short, long, value_name = "ENDPOINT")]
    connect: Vec<Endpoints>,

    /// Let publishers find this node under this label, to share work among all nodes that have the
    /// same one; may be given several times
    #[arg(long, value_name = "LABEL")]
    pool: Vec<Pool>,

    /// How to pass on what others publish: routed to wherever it is wanted, off, or by the rules of
    /// the configuration file alone [default: routed]
    #[arg(long, value_name = "HOW")]
    forwarding: Option<ForwardingMode>,

    /// Hold publishers back, all the way to the origin, rather than drop what the next link has no
    /// room for. One slow subscriber then slows everybody who publishes through this node
    #[arg(long)]
    lossless: bool,

    /// Take a member for one that was never away when it could not be reached for less than so many
    /// milliseconds [default: 2000]
    #[arg(long, value_name = "MS")]
    member_down_after_ms: Option<Milliseconds>,

    /// Print events whose topic matches this filter, in which `*` stands for any run of bytes; may
    /// be given several times
    #[arg(short, long, value_name = "FILTER", value_parser = filter)]
    subscribe: Vec<String>,

    /// Print events as JSON lines
    #[arg(long)]
    json: bool,

    /// Do not answer `zeekwire ping`
    #[arg(long)]
    no_echo: bool,

    /// Have no socket for `zeekwire status`
    #[arg(long)]
    no_admin: bool,

    /// Serve metrics for Prometheus at this address, such as 127.0.0.1:9911, to whoever asks there
    /// for /metrics. Addresses that other machines can reach need --insecure-remote
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<MetricsAddress>,

    /// Let so many bytes of events wait for each link [default: 8388608, 8 MiB]
    #[arg(long, value_name = "BYTES")]
    queue_bytes_max: Option<QueueBytes>,

    /// What happens to events beyond: block, drop-oldest, drop-newest or disconnect
    /// [default: block]
    #[arg(long, value_name = "POLICY")]
    queue_policy: Option<DropPolicy>,

    /// Send a heartbeat on a link that was quiet for so many milliseconds [default: 3000]
    #[arg(long, value_name = "MS")]
    heartbeat_every_ms: Option<Milliseconds>,

    /// Give up a peer that was silent for so many milliseconds [default: 4500]
    #[arg(long, value_name = "MS")]
    heartbeat_silence_max_ms: Option<Milliseconds>,

    // Last: flags that follow would stand under its heading.
    #[command(flatten)]
    node_cfg: NodeCfgFlags,
}

impl NodeFlags {
    /// The file, or the defaults, with what the flags say instead.
    pub(super) fn settings(&self) -> Result<NodeConfig, Failure> {
        let mut config = match &self.config {
            Some(path) => NodeConfig::load(path)?,
            None => NodeConfig::default(),
        };
        if let Some(name) = &self.name {
            config.name = Text(name.clone());
        }
        config.insecure_remote |= self.insecure_remote;
        if !self.pool.is_empty() {
            config.pools = self.pool.iter().cloned().map(Text).collect();
        }
        self.take_part(&mut config)?;
        if !self.listen.is_empty() || self.no_listen {
            config.listen = self.listen.iter().cloned().map(Place).map(Text).collect();
        }
        if !self.connect.is_empty() {
            config.connect = self.connect.iter().cloned().map(Text).collect();
        }
        if !self.subscribe.is_empty() {
            config.subscribe = self
                .subscribe
                .iter()
                .cloned()
                .map(Filter)
                .map(Text)
                .collect();
        }
        config.forwarding = self.forwarding.map_or(config.forwarding, Text);
        config.lossless |= self.lossless;
        config.member_down_after_ms = self
            .member_down_after_ms
            .unwrap_or(config.member_down_after_ms);
        config.json |= self.json;
        config.echo &= !self.no_echo;
        config.admin &= !self.no_admin;
        config.metrics = self.metrics.map(Text).or(config.metrics);
        config.queue.bytes_max = self.queue_bytes_max.unwrap_or(config.queue.bytes_max);
        config.queue.policy = self.queue_policy.map_or(config.queue.policy, Text);
        let heartbeat = &mut config.heartbeat;
        heartbeat.every_ms = self.heartbeat_every_ms.unwrap_or(heartbeat.every_ms);
        heartbeat.silence_max_ms = self
            .heartbeat_silence_max_ms
            .unwrap_or(heartbeat.silence_max_ms);
        config.check().map_err(Failure::Usage)?;
        Ok(config)
    }

    /// Listens and connects as the layout says, if there is one.
    fn take_part(&self, config: &mut NodeConfig) -> Result<(), Failure> {
        let (layout, path) = match (self.layout.as_deref(), self.node_cfg.path()) {
            (Some(path), _) => (Layout::load(path)?, path),
            (None, Some(path)) => (self.node_cfg.load(path)?, path),
            (None, None) => return Ok(()),
        };
        let member = layout
            .member(&config.name.0)
            .map_err(|error| Failure::usage(format_args!("{}: {error}", path.display())))?;
        let listen = layout.listens_at(member);
        if let Some(endpoint) = listen.as_ref().filter(|endpoint| !endpoint.is_local())
            && self.listen.is_empty()
            && !self.no_listen
            && !config.insecure_remote
        {
            let remark = member.remark(format_args!(
                "{} is to listen at {endpoint}, which other machines can reach, and links are \
                 neither encrypted nor authenticated yet: allow it with --insecure-remote, or \
                 give all nodes loopback addresses",
                member.name
            ));
            return Err(Failure::Usage(remark.in_file(path)));
        }
        config.listen = listen.into_iter().map(Place).map(Text).collect();
        let connect = layout.connects_to(member).map(|(_, endpoint)| endpoint);
        config.connect = connect.map(Endpoints::from).map(Text).collect();
        for label in member.pools() {
            let pool = Text(Pool(label.to_owned()));
            if !config.pools.contains(&pool) {
                config.pools.push(pool);
            }
        }
        Ok(())
    }
}

/// Sets what concerns the cluster.
pub(super) fn routing_of(
    config: &NodeConfig,
) -> impl Fn(&mut RuntimeConfig) + Send + Sync + 'static {
    let pools: Vec<String> = config
        .pools
        .iter()
        .map(|Text(Pool(pool))| pool.clone())
        .collect();
    let (Text(ForwardingMode(forwarding)), lossless) = (config.forwarding, config.lossless);
    let member_down_after = config.member_down_after_ms.duration();
    move |runtime| {
        runtime.pools.clone_from(&pools);
        runtime.forwarding = forwarding;
        runtime.lossless = lossless;
        runtime.member_down_after = member_down_after;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;
    use zeekwire::Forwarding;

    use super::*;
    use crate::flags::{Command, Flags};

    /// The settings that a command line gives.
    fn settings(args: &[&str]) -> NodeConfig {
        let typed = ["zeekwire", "node"].iter().chain(args);
        match Flags::try_parse_from(typed).unwrap().command {
            Command::Node(flags) => flags.settings().unwrap(),
            other => panic!("not a node: {other:?}"),
        }
    }

    #[test]
    fn flags_say_what_concerns_the_cluster() {
        let args = "--forwarding off --lossless --member-down-after-ms 50 --pool a --pool b";
        let config = settings(&args.split(' ').collect::<Vec<_>>());
        let mut runtime = RuntimeConfig::new(config.name.0.clone());
        routing_of(&config)(&mut runtime);
        assert_eq!(runtime.forwarding, Forwarding::Off);
        assert_eq!(
            (runtime.lossless, &runtime.pools[..]),
            (true, &["a", "b"].map(String::from)[..])
        );
        assert_eq!(runtime.member_down_after, Duration::from_millis(50));
    }

    #[test]
    fn defaults_of_the_program_are_those_of_the_library() {
        let config = settings(&[]);
        let library = RuntimeConfig::new(config.name.0.clone());
        let mut runtime = library.clone();
        routing_of(&config)(&mut runtime);
        assert_eq!(runtime.forwarding, library.forwarding);
        assert_eq!(
            (runtime.lossless, &runtime.pools),
            (library.lossless, &library.pools)
        );
        assert_eq!(runtime.member_down_after, library.member_down_after);
    }

    #[test]
    fn pools_of_layout_and_flags_add_up() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cluster.toml");
        let node = "[[node]]\nname = \"m\"\ntype = \"manager\"\naddress = \"::1\"\npools = [\"b\"]";
        std::fs::write(&file, node).unwrap();
        let layout = ["--layout", file.to_str().unwrap(), "-n", "m"];
        let config = settings(&[&layout[..], &["--pool", "a", "--pool", "b"]].concat());
        let pools: Vec<_> = config
            .pools
            .iter()
            .map(|Text(Pool(pool))| &pool[..])
            .collect();
        assert_eq!(pools, ["a", "b", "manager"]);
        assert_eq!(config.listen.len(), 1);
    }
}
