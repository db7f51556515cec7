//! Whatever was owed and did not come is counted as dropped somewhere.

use std::collections::BTreeSet;

use zeekwire_types::TrafficClass;

use super::Breach;
use super::delivery::Missed;
use crate::history::History;

/// Each message that somebody missed was dropped at least once.
pub(crate) fn check(history: &History, missed: &[Missed]) -> Option<Breach> {
    let messages: BTreeSet<usize> = missed.iter().map(|missed| missed.sent).collect();
    TrafficClass::ALL.into_iter().find_map(|class| {
        let of_class = messages
            .iter()
            .filter(|sent| history.sent[**sent].class == class);
        let lost = of_class.count() as u64;
        let drops = history
            .dropped
            .iter()
            .filter(|dropped| dropped.class == class);
        let counted: u64 = drops.map(|dropped| dropped.messages).sum();
        let text = format!("{lost} messages of {class} are missing, {counted} were counted");
        (lost > counted).then(|| Breach::new("accounting", text))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::delivery::{missed, tests};
    use super::*;
    use crate::history::Dropped;

    #[test]
    fn fewer_counted_than_missing_is_noticed() {
        let (mut history, truth) = tests::published();
        let class = TrafficClass::Event;
        for (messages, fine) in [(0, false), (1, false), (1, true)] {
            history.dropped.push(Dropped {
                at: tests::at(1003),
                host: 0,
                class,
                messages,
            });
            tests::deliver(&mut history, 0);
            let missed = missed(&history, &truth, Duration::ZERO, tests::at(9000));
            assert_eq!(missed.len(), 2);
            assert_eq!(check(&history, &missed).is_none(), fine);
        }
    }
}
