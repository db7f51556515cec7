//! What is delivered is what was published, and somebody here asked for it.

use super::Breach;
use crate::driver;
use crate::history::{Delivered, History};
use crate::topics;

pub(crate) fn check(
    history: &History,
    delivered: &Delivered,
    topic: Option<&'static str>,
    payload: &[u8],
) -> Result<(), Breach> {
    let sent = &history.sent[delivered.sent];
    let Delivered {
        host,
        life,
        subscriber,
        ..
    } = *delivered;
    let who = format!(
        "n{host} s{subscriber}: {} {} of n{}",
        sent.class, sent.sequence, sent.host
    );
    if topic != Some(sent.topic) {
        return Err(Breach::new(
            "intact",
            format!("{who} has the topic {topic:?}"),
        ));
    }
    let mut expected = Vec::with_capacity(sent.len);
    let key = (sent.host, sent.life, sent.class, sent.sequence);
    driver::payload(key, sent.len, &mut expected);
    if payload != expected {
        return Err(Breach::new("intact", format!("{who} has another payload")));
    }
    let mut filters = history.in_force(host, life, subscriber);
    if filters.any(|one| topics::matches(one.filter.as_bytes(), sent.topic.as_bytes())) {
        return Ok(());
    }
    let text = format!("{who} about {} was not asked for", sent.topic);
    Err(Breach::new("intact", text))
}

#[cfg(test)]
mod tests {
    use zeekwire_types::{Instant, TrafficClass};

    use super::*;
    use crate::history::{Sent, Subscribed};

    #[test]
    fn damage_and_what_nobody_asked_for_are_noticed() {
        let class = TrafficClass::Event;
        let (at, sequence, len) = (Instant::ZERO, 7, 40);
        let mut history = History::default();
        let topic = "t";
        history.publish(Sent {
            host: 0,
            life: 1,
            class,
            sequence,
            topic,
            len,
            at,
            moment: 0,
        });
        history.subscribed.push(Subscribed {
            host: 1,
            life: 1,
            subscriber: 0,
            filter: "t*".to_owned(),
            asked_at: at,
            completed: None,
            ended_at: None,
        });
        let to = Delivered {
            sent: 0,
            host: 1,
            life: 1,
            subscriber: 0,
            at,
        };
        let mut payload = Vec::new();
        driver::payload((0, 1, class, sequence), len, &mut payload);
        assert_eq!(check(&history, &to, Some("t"), &payload), Ok(()));
        assert!(check(&history, &to, Some("z"), &payload).is_err());
        let other = Delivered {
            subscriber: 1,
            ..to
        };
        assert!(check(&history, &other, Some("t"), &payload).is_err());
        payload[39] ^= 1;
        assert!(check(&history, &to, Some("t"), &payload).is_err());
    }
}
