//! Memory for a peer that takes nothing stays within its budget, for small messages too.

use std::time::Duration;

use zeekwire::DropPolicy;

use super::stalled::Stalled;
use crate::common::{Over, alone, eventually, numbered, plays, send};

const NAME: &str = "memory::a_stopped_peer_costs_its_budget_and_no_more";
const BUDGET_BYTES: usize = 4 << 20;
const COUNT: u64 = 150_000;

/// Memory in use by this process.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<usize>()
        .unwrap()
        * 1024
}

#[cfg(target_os = "linux")]
#[test]
fn a_stopped_peer_costs_its_budget_and_no_more() {
    if !plays(NAME) {
        // Other tests of this process use memory as well.
        return alone(NAME);
    }
    let soon = Duration::from_millis(50);
    for policy in [
        DropPolicy::DropOldest,
        DropPolicy::DropNewest,
        DropPolicy::Block,
    ] {
        let stalled = Stalled::new(Over::Tcp, BUDGET_BYTES, policy, soon);
        let client = &stalled.pair.client;
        // What the first messages make everybody allocate is not the queue's.
        (0..1_000).for_each(|n| send(client, "topic", &numbered(n, 100)));
        let before = resident_bytes();
        (0..COUNT).for_each(|n| send(client, "topic", &numbered(n, 100)));
        eventually("all are routed", || {
            client.status().published.queued_bytes == 0
        });
        let grown = resident_bytes().saturating_sub(before);
        let link = stalled.pair.client_link();
        assert!(
            link.classes[2].dropped_messages > 0,
            "{policy}: the queue was never full"
        );
        // The ring has two halves of half a MiB; the rest is the allocator's.
        let allowed = BUDGET_BYTES + (3 << 20);
        assert!(
            grown <= allowed,
            "{policy}: grew by {grown} bytes, not by {allowed} at most"
        );
        stalled.rest();
    }
}
