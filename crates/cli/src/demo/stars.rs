//! Who takes part: a manager, two proxies and the workers, in two linked stars.
//!
//! The manager and the first proxy are rendezvous nodes: they listen, everybody else connects to
//! one of them, and the proxy's star hangs on the manager's by one link. Whoever is killed is a
//! leaf, so that nobody but the killed loses anything.

/// The rendezvous of the first star, and where all rows go.
pub(super) const MANAGER: &str = "manager";
/// The rendezvous of the second star.
pub(super) const HUB_PROXY: &str = "proxy-1";
/// The proxy that is killed and restarted.
pub(super) const DOOMED_PROXY: &str = "proxy-2";
/// The worker that is killed and restarted.
pub(super) const DOOMED_WORKER: &str = "worker-1";
/// The label of the pool that the proxies form.
pub(super) const POOL: &str = "proxy";

/// The name of a worker's node.
pub(super) fn worker_name(index: u32) -> String {
    format!("worker-{}", index + 1)
}

/// All nodes, the rendezvous nodes first.
pub(super) fn names(workers: u32) -> Vec<String> {
    let fixed = [MANAGER, HUB_PROXY, DOOMED_PROXY].map(str::to_owned);
    fixed
        .into_iter()
        .chain((0..workers).map(worker_name))
        .collect()
}

/// To whom a node connects; nobody in the manager's case.
pub(super) fn rendezvous_of(name: &str) -> Option<&'static str> {
    match name {
        MANAGER => None,
        HUB_PROXY => Some(MANAGER),
        DOOMED_PROXY => Some(HUB_PROXY),
        // Odd workers are in the manager's star, even ones in the proxy's.
        worker => Some(if worker.ends_with(['1', '3', '5', '7', '9']) {
            MANAGER
        } else {
            HUB_PROXY
        }),
    }
}

/// Whether a node belongs to the pool that work is hashed over.
pub(super) fn is_proxy(name: &str) -> bool {
    matches!(name, HUB_PROXY | DOOMED_PROXY)
}

/// Whether a node publishes.
pub(super) fn is_worker(name: &str) -> bool {
    name != MANAGER && !is_proxy(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_one_rendezvous_hang_on_a_rendezvous_and_the_doomed_are_leaves() {
        let all = names(4);
        assert_eq!(all.len(), 7);
        let mut sizes = [0, 0];
        for name in &all {
            match rendezvous_of(name) {
                None => assert_eq!(name, MANAGER),
                Some(MANAGER) => sizes[0] += 1,
                Some(HUB_PROXY) => sizes[1] += 1,
                Some(other) => panic!("{other} is no rendezvous"),
            }
        }
        assert_eq!(sizes, [3, 3], "members of the stars, proxy-1 in both");
        assert!(all.iter().any(|name| name == DOOMED_WORKER));
        assert!(is_proxy(DOOMED_PROXY) && is_worker(DOOMED_WORKER) && !is_worker(MANAGER));
    }
}
