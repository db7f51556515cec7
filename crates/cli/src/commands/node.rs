//! `zeekwire node`: a node that listens, connects, answers pings and prints events.

use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::Duration;

use clap::Args;
use zeekwire::{
    DropPolicy, Endpoint, Event, ListenOptions, Message, MessageExt, Node, NodeName, RecvError,
    SetupError, Subscription, Topic,
};

use crate::admin::AdminServer;
use crate::client::{LinkNews, forward, program};
use crate::commands::ping::{PING, PONG};
use crate::commands::subscribe::Printer;
use crate::config::{Filter, Milliseconds, NodeConfig, Place, QueueBytes, Text};
use crate::failure::Failure;
use crate::flags::{endpoint, filter};
use crate::output;
use crate::stop::Stop;

/// What waits for links may take so long to leave when the node ends.
const FLUSH_MAX: Duration = Duration::from_secs(2);

/// Run a node until SIGINT or SIGTERM
///
/// The node listens, answers `zeekwire ping` and `zeekwire status`, and prints the events that it
/// subscribes to. Nodes do not forward yet: what a peer publishes ends here.
///
/// `zeekwire config example` prints a configuration file that holds the defaults; flags win over a
/// file.
#[derive(Args, Debug)]
pub(crate) struct NodeFlags {
    /// Read this configuration file, in TOML; `zeekwire config check` tells what is wrong with one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

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

    /// Connect to this endpoint, again and again; may be given several times
    #[arg(short, long, value_name = "ENDPOINT", value_parser = endpoint)]
    connect: Vec<Endpoint>,

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

    /// Let so many bytes of events wait for each link [default: 8388608, 8 MiB]
    #[arg(long, value_name = "BYTES")]
    queue_bytes_max: Option<QueueBytes>,

    /// What happens to events beyond: block, drop-oldest, drop-newest or disconnect
    /// [default: block]
    #[arg(long, value_name = "POLICY")]
    queue_policy: Option<DropPolicy>,

    /// Send a heartbeat on a link that was quiet for so many milliseconds [default: 2000]
    #[arg(long, value_name = "MS")]
    heartbeat_every_ms: Option<Milliseconds>,

    /// Give up a peer that was silent for so many milliseconds [default: 5000]
    #[arg(long, value_name = "MS")]
    heartbeat_silence_max_ms: Option<Milliseconds>,
}

impl NodeFlags {
    /// The file, or the defaults, with what the flags say instead.
    fn settings(&self) -> Result<NodeConfig, Failure> {
        let mut config = match &self.config {
            Some(path) => NodeConfig::load(path)?,
            None => NodeConfig::default(),
        };
        if let Some(name) = &self.name {
            config.name = Text(name.clone());
        }
        if !self.listen.is_empty() || self.no_listen {
            config.listen = self.listen.iter().cloned().map(Place).map(Text).collect();
        }
        if !self.connect.is_empty() {
            config.connect = self.connect.iter().cloned().map(Place).map(Text).collect();
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
        config.insecure_remote |= self.insecure_remote;
        config.json |= self.json;
        config.echo &= !self.no_echo;
        config.admin &= !self.no_admin;
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
}

/// Runs the command.
pub(crate) fn run(flags: &NodeFlags) -> Result<(), Failure> {
    let config = flags.settings()?;
    let stop = Stop::on_signals()?;
    let (news_in, news) = channel();
    let node = Node::builder(config.name.0.as_str())
        .program(&program("node"))
        .event_queue(config.queue.bytes_max.0, config.queue.policy.0)
        .heartbeat(
            config.heartbeat.every_ms.duration(),
            config.heartbeat.silence_max_ms.duration(),
        )
        .on_link_event(forward(news_in))
        .start()?;
    let _echo = if config.echo {
        Some(echo(&node)?)
    } else {
        None
    };
    let filters = config.subscribe.iter().map(|Text(Filter(filter))| filter);
    let receiver = match config.subscribe.len() {
        0 => None,
        _ => Some(node.subscribe(filters)?.receiver()?),
    };
    let _admin = config.admin.then(|| AdminServer::start(&node));
    open_links(&node, &config)?;
    let tell = |news: &LinkNews| news.tell();
    match receiver {
        None => {
            while !stop.is_set() {
                if let Ok(news) = news.recv_timeout(Stop::LOOK_EVERY) {
                    tell(&news);
                }
            }
        }
        Some(receiver) => {
            let stop = stop.on_closed_output();
            let mut printer = Printer::new(config.json);
            while !stop.is_set() {
                news.try_iter().for_each(|news| tell(&news));
                match receiver.recv_timeout(Stop::LOOK_EVERY) {
                    Ok(received) => _ = printer.print(&received.message())?,
                    Err(RecvError::Timeout) => printer.flush()?,
                    Err(RecvError::Closed) => break,
                }
            }
            printer.flush()?;
        }
    }
    node.shut_down(FLUSH_MAX);
    Ok(())
}

fn open_links(node: &Node, config: &NodeConfig) -> Result<(), Failure> {
    let options = ListenOptions {
        insecure_remote: config.insecure_remote,
        ..ListenOptions::default()
    };
    let name = &node.id().name;
    for Text(Place(endpoint)) in &config.listen {
        let (_, bound) = node.listen_with(&endpoint.to_string(), options.clone())?;
        output::note(format_args!("{name} listens at {bound}"));
    }
    for Text(Place(endpoint)) in &config.connect {
        node.connect(&endpoint.to_string())?;
        output::note(format_args!("{name} connects to {endpoint}"));
    }
    if config.listen.is_empty() && config.connect.is_empty() {
        output::note(format_args!(
            "{name} neither listens nor connects: it stays alone"
        ));
    }
    Ok(())
}

/// Answers each ping with a pong to whoever sent it.
fn echo(node: &Node) -> Result<Subscription, SetupError> {
    let answering = node.clone();
    let own = Topic::of_node(&node.id().name);
    node.subscribe([own.as_bytes()])?
        .on_io_thread(move |message| answer(&answering, message))
}

fn answer(node: &Node, message: &Message<'_>) {
    let Ok(event) = message.event() else { return };
    if event.name != PING {
        return;
    }
    if let Ok(publisher) = NodeName::new(message.publisher()) {
        let pong = Event::new(PONG, event.args);
        // A pong that finds no room is a ping without answer, which its sender tells.
        let _no_room = node.publish(Topic::of_node(&publisher).as_bytes(), &pong);
    }
}
