//! `zeekwire node`: a node that listens, connects, answers pings and prints events.

mod border;
mod news;
mod settings;

use std::sync::mpsc::channel;
use std::time::Duration;

use zeekwire::{
    Event, LinkEvent, ListenOptions, Message, MessageExt, Node, NodeName, Receiver, RecvError,
    SetupError, Subscription, Topic,
};

use crate::admin::AdminServer;
use crate::client::{forward, program};
use crate::commands::ping::{PING, PONG};
use crate::commands::subscribe::Printer;
use crate::config::{Filter, NodeConfig, Place, Text};
use crate::failure::Failure;
use crate::metrics::MetricsServer;
use crate::output;
use crate::stop::Stop;

use border::Border;
use news::{News, hear_members};

pub(crate) use settings::NodeFlags;

/// What waits for links may take so long to leave when the node ends.
const FLUSH_MAX: Duration = Duration::from_secs(2);

/// Runs the command.
pub(crate) fn run(flags: &NodeFlags) -> Result<(), Failure> {
    let config = flags.settings()?;
    let stop = Stop::on_signals()?;
    let (link_in, links) = channel();
    let (member_in, members) = channel();
    let mut border = Border::new(&config);
    let (tell, hear) = (forward(link_in), border.as_ref().map(Border::observer));
    let observe = move |event: &LinkEvent| {
        if let Some(hear) = &hear {
            hear(event);
        }
        tell(event);
    };
    let node = Node::builder(config.name.0.as_str())
        .program(&program("node"))
        .configure(settings::routing_of(&config))
        .event_queue(config.queue.bytes_max.0, config.queue.policy.0)
        .queued_bytes_max(config.queue.total_bytes_max.0)
        .heartbeat(
            config.heartbeat.every_ms.duration(),
            config.heartbeat.silence_max_ms.duration(),
        )
        .on_link_event(observe)
        .on_member_event(hear_members(member_in))
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
    let _metrics = match &config.metrics {
        Some(Text(address)) => Some(MetricsServer::start(
            address,
            config.insecure_remote,
            &node,
        )?),
        None => None,
    };
    if let Some(border) = &mut border {
        border.start(&node)?;
    }
    open_links(&node, &config, border.as_ref())?;
    let ended = serve(&config, receiver.as_ref(), &News { links, members }, stop);
    node.shut_down(FLUSH_MAX);
    ended
}

/// Tells news, and prints what was subscribed to, until the node is to end.
fn serve(
    config: &NodeConfig,
    receiver: Option<&Receiver>,
    news: &News,
    stop: Stop,
) -> Result<(), Failure> {
    let Some(receiver) = receiver else {
        while !stop.is_set() {
            news.wait(Stop::LOOK_EVERY)?;
        }
        return Ok(());
    };
    let stop = stop.on_closed_output();
    let mut printer = Printer::new(config.json);
    while !stop.is_set() {
        news.tell()?;
        match receiver.recv_timeout(Stop::LOOK_EVERY) {
            Ok(received) => _ = printer.print(&received.message())?,
            Err(RecvError::Timeout) => printer.flush()?,
            Err(RecvError::Closed) => break,
        }
    }
    printer.flush()
}

fn open_links(node: &Node, config: &NodeConfig, border: Option<&Border>) -> Result<(), Failure> {
    let options = ListenOptions {
        insecure_remote: config.insecure_remote,
        ..ListenOptions::default()
    };
    let name = &node.id().name;
    for Text(Place(endpoint)) in &config.listen {
        let (_, bound) = node.listen_with(&endpoint.to_string(), options.clone())?;
        output::note(format_args!("{name} listens at {bound}"));
    }
    for Text(endpoints) in &config.connect {
        let link = node.connect(&endpoints.to_string())?;
        output::note(format_args!("{name} connects to {endpoints}"));
        if let Some(border) = border {
            border.dialled(link.id(), endpoints);
        }
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
