//! Of each group that shares a subscription one gets each message: never two, and one while routes
//! stand.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use zeekwire_types::Instant;

use super::Breach;
use crate::driver::{self, Key};
use crate::history::{Copy, History, Sent, Subscribed};
use crate::topics;
use crate::truth::Truth;

/// Where routes stand for so long after a message, its copy has come.
const BROUGHT_WITHIN: Duration = Duration::from_secs(10);

/// Who fell silent is noticed within this time.
const BELIEVED: Duration = Duration::from_secs(8);

/// A copy is made.
pub(crate) fn give(history: &mut History, key: Key, copy: Copy) -> Result<(), Breach> {
    let text = format!("group {} gets message #{} twice", copy.group, copy.sent);
    match history.copy(key, copy) {
        true => Ok(()),
        false => Err(Breach::new("shares", text)),
    }
}

/// A copy is brought to a subscriber: host, its life and number.
pub(crate) fn bring(
    history: &mut History,
    number: usize,
    (host, life, subscriber): (usize, u32, u32),
    topic: &[u8],
    payload: &[u8],
) -> Result<(), Breach> {
    let copy = &history.copies[number];
    let who = format!("n{host} s{subscriber} is brought a copy of #{}", copy.sent);
    let breach = |what: &str| Err(Breach::new("shares", format!("{who}{what}")));
    let sent = &history.sent[copy.sent];
    let mut expected = Vec::with_capacity(sent.len);
    let key = (sent.host, sent.life, sent.class, sent.sequence);
    driver::payload(key, sent.len, &mut expected);
    if topic != copy.topic || payload != expected {
        return breach(" that is damaged");
    }
    let mut filters = history.in_force(host, life, subscriber);
    let shares = filters.any(|one| topics::matches(one.filter.as_bytes(), topic));
    drop(filters);
    if !shares {
        return breach(" and shares nothing like it");
    }
    if copy.brought.iter().any(|(other, _)| *other != host) {
        return breach(", as another host was");
    }
    if copy.brought.contains(&(host, subscriber)) {
        return breach(" twice");
    }
    history.copies[number].brought.push((host, subscriber));
    Ok(())
}

/// Finds a message that nobody of a group got, although each of them could have.
pub(crate) fn check(
    history: &History,
    truth: &Truth,
    is_member: &[bool],
    news: Duration,
    end: Instant,
) -> Option<Breach> {
    let mut groups: BTreeMap<&str, Vec<&Subscribed>> = BTreeMap::new();
    for one in &history.subscribed {
        if let Some((group, _)) = parts(one) {
            groups.entry(group).or_default().push(one);
        }
    }
    let brought = history
        .copies
        .iter()
        .filter(|copy| !copy.brought.is_empty());
    let brought: BTreeSet<(usize, &str)> = brought
        .map(|copy| (copy.sent, copy.group.as_str()))
        .collect();
    for (number, sent) in history.sent.iter().enumerate() {
        for (group, sharers) in &groups {
            let owed = !brought.contains(&(number, *group))
                && is_owed(history, truth, is_member, (sent, sharers), (news, end));
            if owed {
                let text = format!(
                    "nobody of group {group} had {} {} of n{} about {}, #{number}",
                    sent.class, sent.sequence, sent.host, sent.topic
                );
                return Some(Breach::new("shares", text));
            }
        }
    }
    None
}

/// Group and filter of a shared subscription.
fn parts(one: &Subscribed) -> Option<(&str, &str)> {
    let mut parts = one.filter.strip_prefix(".share/")?.splitn(3, '/');
    Some((parts.next()?, parts.nth(1)?))
}

/// Whether somebody of a group must have had a message: all who could have been chosen were there
/// all the time, at least one of them knowingly.
fn is_owed(
    history: &History,
    truth: &Truth,
    is_member: &[bool],
    (sent, sharers): (&Sent, &[&Subscribed]),
    (news, end): (Duration, Instant),
) -> bool {
    let until = end.min(sent.at + BROUGHT_WITHIN);
    let span = (Instant::ZERO.max(sent.at - news), until);
    // A member gives no copy of its own messages to itself.
    let takes = |one: &&&Subscribed| {
        let (_, filter) = parts(one).unwrap_or_default();
        // Who ended in silence is believed in for a while.
        let over = one.ended_at.is_some_and(|ended| ended + BELIEVED < span.0);
        let own = one.host == sent.host && is_member[sent.host];
        topics::matches(filter.as_bytes(), sent.topic.as_bytes())
            && one.asked_at <= until
            && !over
            && !own
    };
    let mut is_known = false;
    for one in sharers.iter().filter(takes) {
        is_known |= one
            .completed
            .is_some_and(|(_, moment)| moment < sent.moment);
        // A client that is chosen for its own message has it from its member.
        let steady = match one.host == sent.host {
            true => (0..is_member.len())
                .any(|near| is_member[near] && truth.is_steady(sent.host, near, span)),
            false => truth.is_steady(sent.host, one.host, span),
        };
        if one.ended_at.is_some_and(|ended| ended <= until) || !steady {
            return false;
        }
        let passers = truth.passers(sent.host, one.host, span);
        let lost = history.dropped.iter().any(|dropped| {
            (sent.at..=until).contains(&dropped.at) && passers.contains(&dropped.host)
        });
        if lost {
            return false;
        }
    }
    is_known
}

#[cfg(test)]
mod tests {
    use super::super::delivery::tests::{at, published};
    use super::*;

    fn shared() -> (History, Truth) {
        let (mut history, truth) = published();
        history.subscribed[0].filter = ".share/g/n1/*".to_owned();
        (history, truth)
    }

    fn copy(sent: usize) -> Copy {
        Copy {
            sent,
            group: "g".to_owned(),
            topic: b".share/g/n1/t".to_vec(),
            brought: Vec::new(),
        }
    }

    fn key(sequence: u64) -> Key {
        (0, 1, zeekwire_types::TrafficClass::Event, sequence)
    }

    #[test]
    fn two_copies_for_one_group_are_noticed() {
        let (mut history, _) = shared();
        assert_eq!(give(&mut history, key(9), copy(0)), Ok(()));
        assert_eq!(give(&mut history, key(10), copy(1)), Ok(()));
        assert!(give(&mut history, key(11), copy(0)).is_err());
    }

    #[test]
    fn copies_brought_twice_or_to_others_are_noticed() {
        let (mut history, _) = shared();
        assert_eq!(give(&mut history, key(9), copy(0)), Ok(()));
        let mut payload = Vec::new();
        driver::payload(key(0), 1, &mut payload);
        let topic = b".share/g/n1/t";
        let mut brings = |taker, topic: &[u8], payload: &[u8]| {
            bring(&mut history, 0, taker, topic, payload).is_ok()
        };
        assert!(!brings((1, 1, 7), topic, &payload));
        assert!(!brings((1, 1, 0), b".share/g/n1/z", &payload));
        assert!(!brings((1, 1, 0), topic, b"?"));
        assert!(brings((1, 1, 0), topic, &payload));
        assert!(!brings((1, 1, 0), topic, &payload));
    }

    #[test]
    fn a_message_that_nobody_of_a_group_had_is_noticed() {
        let (mut history, truth) = shared();
        let news = Duration::from_millis(500);
        let found = |history: &History, is_member: bool| {
            check(history, &truth, &[is_member; 2], news, at(9000))
        };
        assert!(found(&history, true).is_some());
        for sent in 0..3 {
            let mut copy = copy(sent);
            copy.brought.push((1, 0));
            assert_eq!(give(&mut history, key(9 + sent as u64), copy), Ok(()));
        }
        assert_eq!(found(&history, true), None);
        history.copies[2].brought.clear();
        assert!(found(&history, true).is_some());
        history.subscribed[0].ended_at = Some(at(1001));
        assert_eq!(found(&history, true), None);
    }
}
