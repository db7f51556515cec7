//! Asking everybody.

use std::time::{Duration, Instant};

use zeekwire::{Event, Inproc, MessageExt, Node, Subscription, Value};

use crate::cluster::chain;
use crate::common::{PATIENCE, eventually, receiver};

/// Answers with its own name, `times` times.
fn answers(node: &Node, topic: &str, times: usize) -> Subscription {
    let name = node.id().name.to_string();
    let subscription = node.subscribe([topic]).unwrap().answer(move |question| {
        assert_eq!(question.message().event().unwrap().name, "Ask::who");
        for _ in 0..times {
            let answer = Event::new("Answer::me", [Value::from(name.as_str())]);
            question.answer(&answer).unwrap();
        }
    });
    let subscription = subscription.unwrap();
    assert!(subscription.wait_effective(PATIENCE));
    subscription
}

fn question() -> Event {
    Event::new("Ask::who", [])
}

#[test]
fn every_answering_node_is_heard_once() {
    let here = Inproc::new();
    let nodes = chain(&here, ["a", "b", "c", "d"]);
    let _answering = [answers(&nodes[1], "who", 3), answers(&nodes[3], "w*", 1)];
    // Those who only listen are not asked, and answers are no messages to them.
    let ear = receiver(&nodes[0], "who");
    let mail = receiver(&nodes[0], ".node.a");
    let survey = nodes[0].survey("who", &question()).unwrap();
    let answers = survey.ask(Duration::from_millis(1_500)).unwrap();
    let mut from: Vec<_> = answers
        .map(|answer| answer.publisher().to_owned())
        .collect();
    from.sort_unstable();
    assert_eq!(from, ["b", "d"]);
    for silent in [ear, mail] {
        assert!(silent.recv_timeout(Duration::from_millis(20)).is_err());
    }
}

#[test]
fn a_survey_ends_early_when_enough_have_answered() {
    let here = Inproc::new();
    let nodes = chain(&here, ["a", "b", "c"]);
    let _answering = [answers(&nodes[1], "who", 1), answers(&nodes[2], "who", 1)];
    let began = Instant::now();
    let survey = nodes[0].survey("who", &question()).unwrap().count(1);
    let mut answers = survey.ask(2 * PATIENCE).unwrap();
    assert!(answers.next().is_some() && answers.next().is_none() && answers.is_over());
    assert!(began.elapsed() < PATIENCE);
    let nobody = nodes[0].survey("nobody", &question()).unwrap();
    assert_eq!(nobody.ask(Duration::from_millis(50)).unwrap().count(), 0);
}

#[test]
fn a_client_asks_and_a_client_answers() {
    let here = Inproc::new();
    let nodes = chain(&here, ["a", "b"]);
    let [asker, answerer] = ["x", "y"].map(|name| {
        let node = Node::builder(name).inproc(&here).client().start().unwrap();
        let member = if name == "x" {
            "inproc://a"
        } else {
            "inproc://b"
        };
        node.connect(member).unwrap().wait_ready(PATIENCE).unwrap();
        node
    });
    let _answering = answers(&answerer, "who", 1);
    let survey = asker.survey("who", &question()).unwrap().count(1);
    let from: Vec<_> = survey.ask(PATIENCE).unwrap().collect();
    assert_eq!(from[0].publisher(), "y");
    drop(nodes);
}

#[test]
fn the_status_of_the_whole_cluster_is_seen_from_any_member() {
    let here = Inproc::new();
    let nodes = chain(&here, ["a", "b", "c", "d"]);
    for node in [&nodes[0], &nodes[2]] {
        eventually("all three others tell of themselves", || {
            let statuses = node.cluster_status(Some(3), PATIENCE).unwrap();
            statuses.len() == 3 && statuses.iter().all(|status| status.members.len() == 3)
        });
    }
}

#[test]
fn a_handler_on_the_io_thread_may_ask() {
    let here = Inproc::new();
    let nodes = chain(&here, ["a", "b"]);
    let _answering = answers(&nodes[1], "who", 1);
    let (told, heard) = std::sync::mpsc::channel();
    let asker = nodes[0].clone();
    let hearing = nodes[0].subscribe(["go"]).unwrap().on_io_thread(move |_| {
        let survey = asker.survey("who", &question()).unwrap().count(1);
        told.send(survey.ask(PATIENCE).unwrap()).unwrap();
    });
    let hearing = hearing.unwrap();
    assert!(hearing.wait_effective(PATIENCE));
    nodes[1].publish("go", &question()).unwrap();
    let answers = heard.recv_timeout(PATIENCE).unwrap();
    assert_eq!(answers.count(), 1);
    // The handler holds its own node.
    nodes[0].shut_down(Duration::ZERO);
}

#[test]
fn nodes_own_topics_are_not_for_questions() {
    let here = Inproc::new();
    let nodes = chain(&here, ["a", "b"]);
    for topic in [".node.b", ".share/g/b/t"] {
        let survey = nodes[0].survey(topic, &question()).unwrap();
        assert!(survey.ask(Duration::from_millis(10)).is_err());
    }
}

#[test]
fn a_trace_ends_with_its_time() {
    let here = Inproc::new();
    let nodes = chain(&here, ["a", "b"]);
    let (told, heard) = std::sync::mpsc::channel();
    let report = move |_| told.send(()).unwrap();
    nodes[0]
        .trace("t", Duration::from_millis(50), report)
        .unwrap();
    // First its own hop, then the end of the reports.
    heard.recv_timeout(PATIENCE).unwrap();
    let over = std::sync::mpsc::RecvTimeoutError::Disconnected;
    assert_eq!(heard.recv_timeout(PATIENCE), Err(over));
}
