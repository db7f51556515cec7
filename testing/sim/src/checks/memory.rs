//! Queues keep to their budgets, and so do messages that are not whole yet.

use zeekwire_core::node::Link;
use zeekwire_core::session::IncomingLimits;
use zeekwire_types::TrafficClass;

use super::Breach;

/// No plan has a longer message.
const MESSAGE_BYTES_MAX: usize = 160_000;
/// What a socket did not take of a turn's write is queued whatever the budget says.
const TURN_BYTES_MAX: usize = MESSAGE_BYTES_MAX;

/// What one peer may have sent of a class before it must wait.
pub(crate) fn under_way(limits: &IncomingLimits) -> usize {
    let window = limits.window_bytes.into_iter().max().unwrap_or(0);
    usize::try_from(window).unwrap_or(usize::MAX) + MESSAGE_BYTES_MAX
}

/// Looks at one link, which may hold so much more than its budgets say.
pub(crate) fn check(link: &Link, more: usize) -> Result<(), Breach> {
    let limits = link.session.outgoing.limits();
    for class in TrafficClass::ALL {
        let queued = link.session.outgoing.queued_bytes(class);
        queue(class, queued, limits.budget_bytes[class.index()] + more)?;
    }
    parts(link.session.incoming.held_bytes())
}

fn queue(class: TrafficClass, queued: usize, budget: usize) -> Result<(), Breach> {
    // One message always finds room in an empty queue.
    let most = match class {
        TrafficClass::Control => budget,
        _ => budget.max(MESSAGE_BYTES_MAX) + TURN_BYTES_MAX,
    };
    if queued <= most {
        return Ok(());
    }
    let text = format!("{queued} bytes of {class} wait where {budget} may");
    Err(Breach::new("memory", text))
}

fn parts(held: usize) -> Result<(), Breach> {
    // Three classes, and buffers that double as they grow.
    if held <= 3 * 2 * MESSAGE_BYTES_MAX {
        return Ok(());
    }
    let text = format!("{held} bytes are held for messages that are not whole");
    Err(Breach::new("memory", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_and_parts_beyond_their_bounds_are_noticed() {
        assert_eq!(queue(TrafficClass::Event, 400_000, 500_000), Ok(()));
        assert!(queue(TrafficClass::Event, 700_000, 500_000).is_err());
        assert!(queue(TrafficClass::Control, 1_001, 1_000).is_err());
        assert_eq!(parts(200_000), Ok(()));
        assert!(parts(1_000_000).is_err());
    }
}
