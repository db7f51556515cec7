//! What goes over links: one direction each, with rates where there are two samples.

use serde::Serialize;
use zeekwire::status::{ClassStatus, LinkStatus, NodeStatus};

use super::Sample;

/// One direction of a link.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Flow {
    /// Who sends.
    pub(crate) from: String,
    /// Who receives; the endpoint while nobody is there.
    pub(crate) to: String,
    /// The state of the link.
    pub(crate) state: String,
    /// Why it is not up.
    pub(crate) last_error: Option<String>,
    /// Messages a second, control messages among them.
    pub(crate) messages_per_s: Option<f64>,
    /// Bytes a second, of all classes.
    pub(crate) bytes_per_s: Option<f64>,
    /// The queue that is fullest; none where only the receiver tells.
    pub(crate) queue: Option<Queue>,
    /// Messages that were dropped instead of sent.
    pub(crate) dropped_messages: u64,
    /// Whether origins wait for the link.
    pub(crate) congested: bool,
}

/// One class's queue of one direction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Queue {
    pub(crate) class: String,
    pub(crate) queued_bytes: u64,
    pub(crate) queue_bytes_max: u64,
    pub(crate) credit_bytes: u64,
}

/// All directions of all links of a sample, with rates since an earlier one. Each is told by its
/// sender; where that did not answer, or is a client, by its receiver.
pub(crate) fn flows(sample: &Sample, before: Option<&Sample>) -> Vec<Flow> {
    let mut flows = Vec::new();
    for node in &sample.nodes {
        let earlier = before.and_then(|sample| {
            let same = |other: &&NodeStatus| other.incarnation == node.incarnation;
            sample.node(&node.name).filter(same)
        });
        for link in &node.links {
            let same = |other: &&LinkStatus| {
                (other.id, &other.peer_incarnation) == (link.id, &link.peer_incarnation)
            };
            let was = earlier.and_then(|node| node.links.iter().find(same));
            let seconds = earlier.map_or(0.0, |earlier| node.uptime_s - earlier.uptime_s);
            let rates = Rates { was, seconds };
            flows.push(outgoing(node, link, &rates));
            let peer = link.peer.as_deref();
            if let Some(peer) = peer.filter(|peer| sample.node(peer).is_none()) {
                flows.push(incoming(node, peer, link, &rates));
            }
        }
    }
    flows.sort_by(|a, b| (&a.from, &a.to).cmp(&(&b.from, &b.to)));
    flows
}

fn outgoing(node: &NodeStatus, link: &LinkStatus, rates: &Rates<'_>) -> Flow {
    let is_up = link.state == "up";
    let bytes = |link: &LinkStatus| link.classes.iter().map(|class| class.sent_bytes).sum();
    Flow {
        from: node.name.clone(),
        to: link.peer.clone().unwrap_or_else(|| link.endpoint.clone()),
        state: link.state.clone(),
        last_error: link.last_error.clone().filter(|_| !is_up),
        messages_per_s: rates.of(link, |link| link.messages_sent),
        bytes_per_s: rates.of(link, bytes),
        queue: fullest(link).map(Queue::new).filter(|_| is_up),
        dropped_messages: link
            .classes
            .iter()
            .map(|class| class.dropped_messages)
            .sum(),
        congested: link.congested,
    }
}

fn incoming(node: &NodeStatus, peer: &str, link: &LinkStatus, rates: &Rates<'_>) -> Flow {
    let bytes = |link: &LinkStatus| link.classes.iter().map(|class| class.received_bytes).sum();
    Flow {
        from: peer.to_owned(),
        to: node.name.clone(),
        state: link.state.clone(),
        last_error: None,
        messages_per_s: rates.of(link, |link| link.messages_received),
        bytes_per_s: rates.of(link, bytes),
        queue: None,
        dropped_messages: 0,
        congested: false,
    }
}

/// The earlier state of a link, and how long ago that was by its node's clock.
struct Rates<'a> {
    was: Option<&'a LinkStatus>,
    seconds: f64,
}

impl Rates<'_> {
    #[expect(clippy::cast_precision_loss, reason = "a rate is shown rounded")]
    fn of(&self, link: &LinkStatus, count: impl Fn(&LinkStatus) -> u64) -> Option<f64> {
        let was = self.was.filter(|_| self.seconds > 0.0)?;
        Some(count(link).saturating_sub(count(was)) as f64 / self.seconds)
    }
}

/// The class whose queue is fullest: that of events unless another holds more. Control messages
/// are not told of, as nothing keeps them back.
fn fullest(link: &LinkStatus) -> Option<&ClassStatus> {
    let told = link.classes.iter().filter(|class| class.class != "control");
    let held = |class: &&ClassStatus| (class.queued_bytes, class.class == "event");
    told.max_by_key(held)
}

impl Queue {
    fn new(class: &ClassStatus) -> Self {
        Self {
            class: class.class.clone(),
            queued_bytes: class.queued_bytes as u64,
            queue_bytes_max: class.queue_bytes_max as u64,
            credit_bytes: class.credit_bytes,
        }
    }
}
