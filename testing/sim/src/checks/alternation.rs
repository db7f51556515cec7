//! For each observer and name, up and down take turns: a new life is up after the old one was
//! down, a down is of who was up, and nobody is down for an absence shorter than the grace.

use std::collections::BTreeMap;
use std::time::Duration;

use zeekwire_types::Instant;

use super::Breach;
use crate::history::History;
use crate::truth::Truth;

/// Lives that each observer knows to be up, by observer and name.
#[derive(Debug, Default)]
pub(crate) struct Alternation {
    up: BTreeMap<(usize, usize), u32>,
}

impl Alternation {
    /// An observer was told that a life of a host is up.
    pub(crate) fn up(&mut self, observer: usize, host: usize, life: u32) -> Result<(), Breach> {
        let key = (observer, host);
        if let Some(other) = self.up.insert(key, life) {
            let text = format!("n{observer}: life {life} of n{host} is up, as life {other} was");
            return Err(Breach::new("alternation", text));
        }
        Ok(())
    }

    /// An observer was told that a life of a host is down.
    pub(crate) fn down(&mut self, observer: usize, host: usize, life: u32) -> Result<(), Breach> {
        let key = (observer, host);
        match self.up.remove(&key) {
            Some(known) if known == life => Ok(()),
            known => {
                let text = format!("n{observer}: life {life} of n{host} is down, up was {known:?}");
                Err(Breach::new("alternation", text))
            }
        }
    }

    /// A host's life ended, and with it what it knew.
    pub(crate) fn end_life(&mut self, host: usize) {
        self.up.retain(|(observer, _), _| *observer != host);
    }
}

/// Whether an observer had a reason to take a host for gone: for the whole grace no way led there,
/// or none for so long that the news of it came.
pub(crate) fn excuse(
    truth: &Truth,
    (observer, host): (usize, usize),
    now: Instant,
    grace: Duration,
    news: Duration,
) -> Result<(), Breach> {
    let connected = truth.longest_connection(observer, host, (now - grace, now));
    if connected < news.min(grace) {
        return Ok(());
    }
    let text = format!("n{observer}: n{host} is down, and was connected for {connected:?}");
    Err(Breach::new("alternation", text))
}

/// Whether an observer to whom a life is up knows all that it asked for before `since`.
pub(crate) fn effective(
    history: &History,
    (host, life): (usize, u32),
    since: Instant,
    observer: usize,
    known: &[String],
) -> Result<(), Breach> {
    let mut asked = history.subscribed.iter().filter(|one| {
        let known_by_now = one.asked_at < since && one.completed.is_some();
        (one.host, one.life) == (host, life) && one.ended_at.is_none() && known_by_now
    });
    match asked.find(|one| !known.contains(&one.filter)) {
        None => Ok(()),
        Some(one) => {
            let filter = &one.filter;
            let text = format!("n{observer}: n{host} is up, its filter {filter:?} is not known");
            Err(Breach::new("alternation", text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::delivery;
    use super::*;
    use crate::truth::Standing;

    #[test]
    fn an_up_before_subscriptions_are_known_is_noticed() {
        let (history, _) = delivery::tests::published();
        let since = delivery::tests::at(50);
        let known = |filters: &[String]| effective(&history, (1, 1), since, 0, filters);
        assert_eq!(known(&["*".to_owned()]), Ok(()));
        assert!(known(&[]).is_err());
    }

    #[test]
    fn ups_and_downs_out_of_turn_are_noticed() {
        let mut turns = Alternation::default();
        assert_eq!(turns.up(0, 1, 1), Ok(()));
        assert!(turns.up(0, 1, 2).is_err());
        let mut turns = Alternation::default();
        assert!(turns.down(0, 1, 1).is_err());
        assert_eq!(turns.up(0, 1, 2), Ok(()));
        assert!(turns.down(0, 1, 1).is_err());
        assert_eq!(turns.up(2, 1, 2), Ok(()));
        assert_eq!(turns.down(2, 1, 2), Ok(()));
        assert_eq!(turns.up(2, 1, 2), Ok(()));
        assert_eq!(turns.down(2, 1, 2), Ok(()));
        // A life that ended in silence may still be believed in elsewhere, for a while.
        assert_eq!(turns.up(2, 1, 1), Ok(()));
    }

    #[test]
    fn a_down_without_a_lasting_absence_is_noticed() {
        let at = |ms| Instant::ZERO + Duration::from_millis(ms);
        let (grace, news) = (Duration::from_secs(2), Duration::from_millis(100));
        let mut truth = Truth::new(vec![true, true]);
        truth.set(at(0), 0, [0, 1], Standing::Sure);
        let at_once = |truth: &Truth| excuse(truth, (0, 1), at(10_000), grace, news);
        assert!(at_once(&truth).is_err());
        truth.set(at(9_000), 0, [0, 1], Standing::Gone);
        assert!(at_once(&truth).is_err());
        let mut truth = Truth::new(vec![true, true]);
        truth.set(at(0), 0, [0, 1], Standing::Sure);
        truth.set(at(8_050), 0, [0, 1], Standing::Gone);
        assert_eq!(at_once(&truth), Ok(()));
    }
}
