//! A question reaches those who answer questions, and nobody else; each node answers once.

use std::time::Duration;

use zeekwire_types::Instant;

use super::Breach;
use crate::driver::RESPONDERS;
use crate::history::{History, Question, Subscribed};
use crate::topics;
use crate::truth::Truth;

/// Where routes stand for so long after a question, its answer has come.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// A subscriber hears a question: question, host, its life, subscriber.
pub(crate) fn hear(history: &mut History, heard: (usize, usize, u32, u32)) -> Result<(), Breach> {
    let (question, host, life, subscriber) = heard;
    let who = format!("n{host} s{subscriber} hears question {}", question + 1);
    let Some(asked) = history.questions.get(question) else {
        return Err(Breach::new("surveys", format!("{who}, which nobody asked")));
    };
    let mut filters = history.in_force(host, life, subscriber);
    let wanted = filters.any(|one| topics::matches(one.filter.as_bytes(), asked.topic.as_bytes()));
    drop(filters);
    if subscriber < RESPONDERS || !wanted {
        let text = format!("{who}, and does not answer questions about {}", asked.topic);
        return Err(Breach::new("surveys", text));
    }
    match history.heard.insert(heard) {
        true => Ok(()),
        false => Err(Breach::new("surveys", format!("{who} twice"))),
    }
}

/// A host takes an answer: question, who answers, in which life.
pub(crate) fn take(
    history: &mut History,
    host: usize,
    answer: (usize, usize, u32),
) -> Result<(), Breach> {
    let (question, from, life) = answer;
    let text = format!("n{host} takes an answer of n{from} to {}", question + 1);
    let is_its_own = |asked: &Question| asked.host == host;
    if !history.questions.get(question).is_some_and(is_its_own) {
        return Err(Breach::new(
            "surveys",
            format!("{text}, which it never asked"),
        ));
    }
    let responders = (question, from, life, 0)..=(question, from, life, u32::MAX);
    if history.heard.range(responders).next().is_none() {
        return Err(Breach::new(
            "surveys",
            format!("{text}, who never heard it"),
        ));
    }
    match history.answers.insert(answer) {
        true => Ok(()),
        false => Err(Breach::new("surveys", format!("{text} twice"))),
    }
}

/// Finds an answer that is missing although routes stood and nothing was lost.
pub(crate) fn check(
    history: &History,
    truth: &Truth,
    news: Duration,
    end: Instant,
) -> Option<Breach> {
    let numbered = history.questions.iter().enumerate();
    numbered.into_iter().find_map(|(number, asked)| {
        let until = end.min(asked.at + ANSWERED_WITHIN);
        let span = (Instant::ZERO.max(asked.at - news), until);
        let mut owing = history.subscribed.iter().filter(|one| {
            let answers = one.subscriber >= RESPONDERS && one.host != asked.host;
            answers && is_effective(one, asked, until)
        });
        let silent = owing.find(|one| {
            let ways = [(asked.host, one.host), (one.host, asked.host)];
            let steady = |(from, to): (usize, usize)| truth.is_steady(from, to, span);
            let lost = |(from, to): (usize, usize)| {
                let passers = truth.passers(from, to, span);
                history.dropped.iter().any(|dropped| {
                    (span.0..=until).contains(&dropped.at) && passers.contains(&dropped.host)
                })
            };
            !history.answers.contains(&(number, one.host, one.life))
                && ways.into_iter().all(steady)
                && !ways.into_iter().any(lost)
        })?;
        let text = format!(
            "n{} asked question {} about {}, and n{} did not answer",
            asked.host,
            number + 1,
            asked.topic,
            silent.host
        );
        Some(Breach::new("surveys", text))
    })
}

fn is_effective(one: &Subscribed, asked: &Question, until: Instant) -> bool {
    one.completed
        .is_some_and(|(_, moment)| moment < asked.moment)
        && one.ended_at.is_none_or(|ended| ended > until)
        && topics::matches(one.filter.as_bytes(), asked.topic.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::delivery::tests::{at, published};
    use super::*;

    /// n0 asks, and n1 answers questions.
    fn asked() -> (History, Truth) {
        let (mut history, truth) = published();
        history.subscribed[0].subscriber = RESPONDERS;
        history.questions.push(Question {
            host: 0,
            topic: "t",
            at: at(1000),
            moment: 9,
        });
        (history, truth)
    }

    #[test]
    fn questions_heard_by_others_or_twice_are_noticed() {
        let (mut history, _) = asked();
        assert!(hear(&mut history, (0, 1, 1, 3)).is_err());
        assert!(hear(&mut history, (1, 1, 1, RESPONDERS)).is_err());
        assert_eq!(hear(&mut history, (0, 1, 1, RESPONDERS)), Ok(()));
        assert!(hear(&mut history, (0, 1, 1, RESPONDERS)).is_err());
    }

    #[test]
    fn answers_out_of_nowhere_or_twice_are_noticed() {
        let (mut history, _) = asked();
        assert!(take(&mut history, 0, (0, 1, 1)).is_err());
        assert_eq!(hear(&mut history, (0, 1, 1, RESPONDERS)), Ok(()));
        assert!(take(&mut history, 1, (0, 1, 1)).is_err());
        assert_eq!(take(&mut history, 0, (0, 1, 1)), Ok(()));
        assert!(take(&mut history, 0, (0, 1, 1)).is_err());
    }

    #[test]
    fn an_answer_that_never_comes_is_noticed() {
        let (mut history, truth) = asked();
        let found =
            |history: &History| check(history, &truth, Duration::from_millis(500), at(9000));
        assert!(found(&history).is_some());
        history.answers.insert((0, 1, 1));
        assert_eq!(found(&history), None);
        history.answers.clear();
        history.subscribed[0].completed = Some((at(1001), 10));
        assert_eq!(found(&history), None);
    }
}
