//! Control is never dropped: a peer that cannot take it is disconnected, and what was asked for
//! becomes effective.

use std::collections::BTreeMap;

use zeekwire_core::node::Link;
use zeekwire_types::{Instant, TrafficClass};

use super::Breach;

/// No control message of a link was dropped.
pub(crate) fn check(link: &Link) -> Result<(), Breach> {
    counted(
        link.session
            .outgoing
            .drops()
            .of(TrafficClass::Control)
            .messages,
    )
}

fn counted(messages: u64) -> Result<(), Breach> {
    match messages {
        0 => Ok(()),
        _ => Err(Breach::new(
            "control",
            format!("{messages} control messages were dropped"),
        )),
    }
}

/// What was asked for before `since` has been completed by now.
pub(crate) fn completed(
    host: usize,
    pending: &BTreeMap<u64, (Instant, Vec<usize>)>,
    since: Instant,
) -> Option<Breach> {
    let late = pending.iter().find(|(_, (asked_at, _))| *asked_at <= since);
    late.map(|(token, _)| {
        let text = format!("n{host}: token {token} is not complete yet");
        Breach::new("control", text)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn drops_and_completions_that_never_come_are_noticed() {
        assert_eq!(counted(0), Ok(()));
        assert!(counted(1).is_err());
        let asked_at = Instant::ZERO + Duration::from_secs(3);
        let pending = BTreeMap::from([(5, (asked_at, Vec::new()))]);
        assert_eq!(completed(0, &pending, Instant::ZERO), None);
        assert!(completed(0, &pending, asked_at).is_some());
    }
}
