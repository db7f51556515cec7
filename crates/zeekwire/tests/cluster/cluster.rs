//! Nodes and who is linked to whom.

use std::sync::{Arc, Mutex};

use zeekwire::{Inproc, MemberEvent, Node, NodeBuilder};

use crate::common::{PATIENCE, eventually};

/// What was heard of members, such as `+b` and `-b`.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<Vec<String>>>);

impl Turns {
    pub(crate) fn ear(&self) -> impl Fn(&MemberEvent) + Send + Sync + 'static {
        let turns = Arc::clone(&self.0);
        move |event| {
            let turn = match event {
                MemberEvent::Up(member) => format!("+{}", member.node.name),
                MemberEvent::Down(node) => format!("-{}", node.name),
                MemberEvent::Yielded { to } => format!("yields to {}", to.name),
                _ => return,
            };
            turns.lock().unwrap().push(turn);
        }
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// A member that listens at `inproc://<its name>`.
pub(crate) fn member(here: &Inproc, name: &str) -> Node {
    member_with(here, name, |builder| builder)
}

pub(crate) fn member_with(
    here: &Inproc,
    name: &str,
    edit: impl FnOnce(NodeBuilder) -> NodeBuilder,
) -> Node {
    let builder = Node::builder(name).inproc(here);
    let builder = builder.listen(&format!("inproc://{name}"));
    edit(builder).start().unwrap()
}

/// Links the first node to each of the others, and waits until all are ready.
#[track_caller]
pub(crate) fn link(node: &Node, others: &[&Node]) {
    for other in others {
        let link = node
            .connect(&format!("inproc://{}", other.id().name))
            .unwrap();
        link.wait_ready(PATIENCE).unwrap();
    }
}

/// Waits until every node knows all others as members.
#[track_caller]
pub(crate) fn all_know_all(nodes: &[&Node]) {
    for node in nodes {
        let others = nodes.len() - 1;
        eventually(&format!("{} knows {others} others", node.id().name), || {
            node.members().len() == others
        });
    }
}

/// Members in a row, each linked to the next, that know each other.
#[track_caller]
pub(crate) fn chain<const N: usize>(here: &Inproc, names: [&str; N]) -> [Node; N] {
    let nodes = names.map(|name| member(here, name));
    for pair in nodes.windows(2) {
        link(&pair[0], &[&pair[1]]);
    }
    let known: Vec<&Node> = nodes.iter().collect();
    all_know_all(&known);
    nodes
}
