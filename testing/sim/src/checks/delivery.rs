//! Everything that is published after a subscription's completion arrives, while routes stand.
//!
//! A message is owed to a subscriber when the subscription was complete before it was published,
//! and the ways between the two were the same from some time before it was published, so that all
//! knew them, until a later message came the same way, or to the end. Whatever happened to other
//! links and hosts is no excuse; a drop that was counted on the way is.

use std::collections::HashMap;
use std::time::Duration;

use zeekwire_types::{Instant, TrafficClass};

use super::Breach;
use crate::driver::RESPONDERS;
use crate::history::{History, Sent, Subscribed};
use crate::topics;
use crate::truth::Truth;

/// A message that was owed to a subscriber and did not come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Missed {
    pub(crate) sent: usize,
    pub(crate) host: usize,
    subscribed: usize,
    /// When it must have passed, had it not been lost.
    until: Instant,
}

/// All that was owed and did not come.
pub(crate) fn missed(
    history: &History,
    truth: &Truth,
    news: Duration,
    end: Instant,
) -> Vec<Missed> {
    let mut wanted: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut missed = Vec::new();
    for (number, sent) in history.sent.iter().enumerate() {
        let takers = wanted
            .entry(sent.topic)
            .or_insert_with(|| takers_of(history, sent.topic));
        for taker in takers.iter() {
            let one = &history.subscribed[*taker];
            if one.host == sent.host || !is_before(one, sent) {
                continue;
            }
            if history.has(number, one.host, one.subscriber) {
                continue;
            }
            let until = history
                .overtaken_at(sent, one.host, one.life)
                .unwrap_or(end);
            if one.ended_at.is_some_and(|ended| ended <= until) {
                continue;
            }
            let span = (Instant::from_nanos(0).max(sent.at - news), until);
            if truth.is_steady(sent.host, one.host, span) {
                let (host, subscribed) = (one.host, *taker);
                missed.push(Missed {
                    sent: number,
                    host,
                    subscribed,
                    until,
                });
            }
        }
    }
    missed
}

fn takers_of(history: &History, topic: &str) -> Vec<usize> {
    let all = history.subscribed.iter().enumerate();
    let all = all.filter(|(_, one)| one.subscriber < RESPONDERS);
    let wanted = all.filter(|(_, one)| topics::matches(one.filter.as_bytes(), topic.as_bytes()));
    wanted.map(|(number, _)| number).collect()
}

/// Whether a subscription was complete when a message was published.
fn is_before(one: &Subscribed, sent: &Sent) -> bool {
    one.completed
        .is_some_and(|(_, moment)| moment < sent.moment)
}

/// Finds what was missed although nothing was dropped on the way.
pub(crate) fn check(
    history: &History,
    truth: &Truth,
    missed: &[Missed],
    news: Duration,
) -> Vec<Breach> {
    let unexcused = missed.iter().find(|missed| {
        let sent = &history.sent[missed.sent];
        let passers = truth.passers(sent.host, missed.host, (sent.at - news, missed.until));
        let excuses = history.dropped.iter().filter(|dropped| {
            dropped.class == sent.class
                && dropped.class != TrafficClass::Control
                && (sent.at..=missed.until).contains(&dropped.at)
                && passers.contains(&dropped.host)
        });
        excuses.count() == 0
    });
    let breach = unexcused.map(|missed| {
        let sent = &history.sent[missed.sent];
        let one = &history.subscribed[missed.subscribed];
        let text = format!(
            "n{} s{} asked for {:?} and never had {} {} of n{} about {}, #{}",
            missed.host,
            one.subscriber,
            one.filter,
            sent.class,
            sent.sequence,
            sent.host,
            sent.topic,
            missed.sent
        );
        Breach::new("delivery", text)
    });
    breach.into_iter().collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::history::{Delivered, Dropped};
    use crate::truth::Standing;

    pub(crate) fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    /// n0 and n1 are linked, n1 asked for everything, and n0 published three events.
    pub(crate) fn published() -> (History, Truth) {
        let mut truth = Truth::new(vec![true, true]);
        truth.set(at(0), 0, [0, 1], Standing::Sure);
        let mut history = History::default();
        history.subscribed.push(Subscribed {
            host: 1,
            life: 1,
            subscriber: 0,
            filter: "*".to_owned(),
            asked_at: at(1),
            completed: Some((at(2), 1)),
            ended_at: None,
        });
        for sequence in 0..3 {
            history.publish(Sent {
                host: 0,
                life: 1,
                class: TrafficClass::Event,
                sequence,
                topic: "t",
                len: 1,
                at: at(1000 + sequence),
                moment: 2 + sequence,
            });
        }
        (history, truth)
    }

    pub(crate) fn deliver(history: &mut History, sent: usize) {
        let at = at(1010);
        history.deliver(Delivered {
            sent,
            host: 1,
            life: 1,
            subscriber: 0,
            at,
        });
    }

    fn found(history: &History, truth: &Truth) -> usize {
        let news = Duration::from_millis(500);
        let missed = missed(history, truth, news, at(9000));
        check(history, truth, &missed, news).len()
    }

    #[test]
    fn a_message_that_did_not_come_is_noticed() {
        let (mut history, truth) = published();
        assert_eq!(found(&history, &truth), 1);
        deliver(&mut history, 0);
        deliver(&mut history, 2);
        assert_eq!(found(&history, &truth), 1);
        let (mut history, truth) = published();
        (0..3).for_each(|sent| deliver(&mut history, sent));
        assert_eq!(found(&history, &truth), 0);
    }

    #[test]
    fn a_counted_drop_and_a_lost_link_are_excuses() {
        let (mut history, truth) = published();
        let class = TrafficClass::Event;
        history.dropped.push(Dropped {
            at: at(1003),
            host: 0,
            class,
            messages: 3,
        });
        assert_eq!(found(&history, &truth), 0);
        let (history, mut truth) = published();
        truth.set(at(1003), 0, [0, 1], Standing::Unsure);
        assert_eq!(found(&history, &truth), 0);
    }

    #[test]
    fn what_was_published_before_completion_is_not_owed() {
        let (mut history, truth) = published();
        history.subscribed[0].completed = Some((at(1001), 3));
        deliver(&mut history, 2);
        assert_eq!(found(&history, &truth), 0);
        history.subscribed[0].completed = Some((at(1001), 2));
        assert_eq!(found(&history, &truth), 1);
    }
}
