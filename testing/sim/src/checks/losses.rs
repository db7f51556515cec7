//! A publisher hears of each loss of its messages at most once, and of all while nothing breaks.

use super::Breach;
use crate::driver;
use crate::workload;
use crate::world::World;

/// Compares what publishers heard with what was lost.
pub(crate) fn check(world: &World<'_>) -> Option<Breach> {
    world.hosts.iter().enumerate().find_map(|(host, state)| {
        let (topic, class) = workload::own_topic(world.plan.scenario, host)?;
        let heard = driver::own_losses(state.node.as_ref()?, class);
        let history = &world.history;
        let on_links = history.topic_lost.get(topic.as_bytes());
        let in_inboxes = history.inbox_lost.get(&(host, class));
        let lost = on_links.unwrap_or(&0) + in_inboxes.unwrap_or(&0);
        let untold = history.untold_lost[class.index()];
        compare(
            host,
            heard,
            (lost, lost + untold),
            world.faulted_at.is_none(),
        )
    })
}

/// `lost` is what was seen to be lost, and with what may have been.
fn compare(host: usize, heard: u64, lost: (u64, u64), is_whole: bool) -> Option<Breach> {
    let text = format!("n{host} heard of {heard} losses, and there were {lost:?}");
    let wrong = heard > lost.1 || is_whole && heard < lost.0;
    wrong.then(|| Breach::new("losses", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_told_twice_or_not_at_all_are_noticed() {
        assert_eq!(compare(0, 5, (5, 5), true), None);
        assert!(compare(0, 6, (5, 5), true).is_some());
        assert!(compare(0, 6, (5, 5), false).is_some());
        assert!(compare(0, 4, (5, 5), true).is_some());
        assert_eq!(compare(0, 4, (5, 5), false), None);
        assert_eq!(compare(0, 6, (5, 7), false), None);
    }
}
