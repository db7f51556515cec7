//! Routes from records, held against all-pairs shortest paths.

use std::collections::BTreeMap;

use proptest::prelude::*;
use zeekwire_types::{NodeId, TopicFilter};

use super::*;
use crate::routing::tree_number;
use crate::testing::node_id;

const TOPIC: &[u8] = b"t";

fn id(n: usize) -> NodeId {
    node_id(&format!("n{n}"), 1 + n as u64)
}

fn filter(text: &str) -> Item {
    Item::Filter(TopicFilter::new(text).expect("a filter"))
}

/// What member `n` says, where `links` are the pairs of neighbours.
fn record(n: usize, links: &[(usize, usize)], subscribes: bool) -> Update {
    let neighbours = links.iter().filter_map(|&(a, b)| match n {
        _ if n == a => Some(b),
        _ if n == b => Some(a),
        _ => None,
    });
    let mut added: Vec<Item> = neighbours.map(|other| Item::Neighbour(id(other))).collect();
    added.extend(subscribes.then(|| filter("t")));
    Update {
        origin: id(n),
        base: 0,
        version: 2,
        tree: tree_number(&id(n), 0),
        complete: true,
        confirm: false,
        added,
        removed: Vec::new(),
    }
}

/// Member `n`'s database, which heard of the others in the order of `heard`. Its link to a
/// neighbour has the neighbour's number.
fn database(n: usize, records: &[Update], heard: &[usize]) -> Database {
    let mut database = Database::new(n as u64, &records[n]);
    for other in heard.iter().filter(|other| **other != n) {
        database.apply(Instant::ZERO, &records[*other]);
    }
    let links = records[n].added.iter().filter_map(|item| match item {
        Item::Neighbour(node) => Some(node.clone()),
        _ => None,
    });
    let links = links.map(|node| {
        let number = node.name.as_str()[1..].parse().expect("a number");
        (node, number)
    });
    let links: BTreeMap<NodeId, u32> = links.collect();
    database.rebuild(
        Instant::ZERO,
        links.iter().map(|(node, link)| (node, *link)),
    );
    database
}

/// All-pairs shortest paths (Floyd, Warshall, 1962).
fn distances(count: usize, links: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let far = count + 1;
    let mut distances = vec![vec![far; count]; count];
    for (n, row) in distances.iter_mut().enumerate() {
        row[n] = 0;
    }
    for &(a, b) in links {
        distances[a][b] = 1;
        distances[b][a] = 1;
    }
    for k in 0..count {
        for a in 0..count {
            for b in 0..count {
                distances[a][b] = distances[a][b].min(distances[a][k] + distances[k][b]);
            }
        }
    }
    distances
}

/// Carries a message from member `root` along all databases. Returns the hops after which each
/// member got it, once for each time.
fn carried(databases: &mut [Database], root: usize) -> Vec<Vec<usize>> {
    let tree = databases[root].own().tree;
    let mut got = vec![Vec::new(); databases.len()];
    let mut going = vec![(root, 0)];
    while let Some((at, hops)) = going.pop() {
        got[at].push(hops);
        assert!(got[at].len() < 3, "messages run in circles");
        let mut links = Vec::new();
        assert!(databases[at].links_towards(TOPIC, tree, &mut links));
        links.sort_unstable();
        links.dedup();
        going.extend(links.into_iter().map(|next| (next as usize, hops + 1)));
    }
    got
}

fn graphs() -> impl Strategy<Value = (usize, Vec<(usize, usize)>, u64, u64)> {
    (2_usize..24).prop_flat_map(|count| {
        let link = (0..count, 0..count).prop_filter("no loops", |(a, b)| a != b);
        let link = link.prop_map(|(a, b)| (a.min(b), a.max(b)));
        let links = prop::collection::btree_set(link, 0..count * 2);
        let links = links.prop_map(|links| links.into_iter().collect());
        (Just(count), links, any::<u64>(), any::<u64>())
    })
}

proptest! {
    #[test]
    fn every_subscriber_is_reached_once_by_a_shortest_path(
        (count, links, subscribers, order) in graphs()
    ) {
        let wants = |n: usize| subscribers >> (n % 64) & 1 == 1;
        let records: Vec<Update> = (0..count).map(|n| record(n, &links, wants(n))).collect();
        let mut databases: Vec<Database> = (0..count).map(|n| {
            let mut heard: Vec<usize> = (0..count).collect();
            // Each member hears of the others in an order of its own.
            heard.sort_by_key(|other| {
                (order ^ (n * 31 + other) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            });
            database(n, &records, &heard)
        }).collect();
        let distances = distances(count, &links);
        for root in 0..count {
            let got = carried(&mut databases, root);
            for n in (0..count).filter(|n| *n != root) {
                let reachable = distances[root][n] < count;
                if wants(n) && reachable {
                    prop_assert_eq!(&got[n], &[distances[root][n]], "from {} to {}", root, n);
                }
                prop_assert!(got[n].len() <= 1);
                let hops = databases[root].find(&id(n)).expect("known").hops;
                prop_assert_eq!(hops.map(usize::from), reachable.then_some(distances[root][n]));
            }
        }
    }
}

#[test]
fn a_link_counts_when_both_ends_name_it() {
    let links = [(0, 1)];
    let mut records = [record(0, &links, true), record(1, &links, true)];
    records[1]
        .added
        .retain(|item| !matches!(item, Item::Neighbour(_)));
    let one_sided = database(0, &records, &[1]);
    assert_eq!(one_sided.find(&id(1)).expect("known").hops, None);
    let records = [record(0, &links, true), record(1, &links, true)];
    let mutual = database(0, &records, &[1]);
    assert_eq!(mutual.find(&id(1)).expect("known").hops, Some(1));
    assert_eq!(mutual.link_to(&id(1)), Some(1));
}

#[test]
fn a_change_without_its_base_is_a_gap_and_an_old_one_is_known() {
    let records = [record(0, &[], false), record(1, &[], false)];
    let mut database = database(0, &records, &[]);
    let change = Update {
        base: 2,
        version: 3,
        ..records[1].clone()
    };
    assert_eq!(database.apply(Instant::ZERO, &change), Applied::Gap);
    // No link leads to it yet.
    let whole = Applied::Changed { paths: false };
    assert_eq!(database.apply(Instant::ZERO, &records[1]), whole);
    let changed = database.apply(Instant::ZERO, &change);
    assert_eq!(changed, Applied::Changed { paths: false });
    assert_eq!(database.apply(Instant::ZERO, &change), Applied::Known);
    assert_eq!(database.apply(Instant::ZERO, &records[1]), Applied::Known);
}

#[test]
fn a_superseded_life_has_no_paths_and_only_its_own_name_ends_it() {
    let links = [(0, 1), (0, 2)];
    let mut records = [
        record(0, &links, false),
        record(1, &links, true),
        record(2, &links, true),
    ];
    let ended = Item::Superseded(id(1));
    records[2].added.push(ended.clone());
    let slander = database(0, &records, &[1, 2]);
    assert_eq!(slander.find(&id(1)).expect("known").hops, Some(1));
    let later = node_id("n1", 99);
    records[0].added.push(Item::Neighbour(later.clone()));
    let mut database = database(0, &records, &[1, 2]);
    let heir = Update {
        origin: later,
        added: vec![ended, Item::Neighbour(id(0))],
        ..records[1].clone()
    };
    database.apply(Instant::ZERO, &heir);
    let links = || [(id(1), 1), (id(2), 2), (heir.origin.clone(), 3)];
    let rebuild = |database: &mut Database, now: Instant| {
        let links = links();
        let links = links.iter().map(|(node, link)| (node, *link));
        database.rebuild(now, links);
    };
    rebuild(&mut database, Instant::ZERO);
    assert_eq!(database.find(&id(1)).expect("known").hops, None);
    // What the heir said counts no longer when it was lost for a while.
    let gone = Update {
        base: 2,
        version: 3,
        added: Vec::new(),
        removed: vec![Item::Neighbour(id(0))],
        ..heir.clone()
    };
    database.apply(Instant::ZERO, &gone);
    rebuild(&mut database, Instant::ZERO);
    assert_eq!(database.find(&id(1)).expect("known").hops, None);
    assert!(!database.has_stale_claims(Instant::ZERO));
    let later = Instant::ZERO + CLAIM_KEPT;
    assert!(database.has_stale_claims(later));
    rebuild(&mut database, later);
    assert_eq!(database.find(&id(1)).expect("known").hops, Some(1));
}

#[test]
fn equal_tree_numbers_are_noticed_by_the_member_that_comes_later() {
    let links = [(0, 1)];
    let mut records = [record(0, &links, false), record(1, &links, false)];
    records[0].tree = records[1].tree;
    assert!(!database(0, &records, &[1]).own_number_is_taken());
    assert!(database(1, &records, &[0]).own_number_is_taken());
}

#[test]
fn a_member_long_lost_is_forgotten() {
    let records = [record(0, &[(0, 1)], false), record(1, &[(0, 1)], true)];
    let mut database = database(0, &records, &[1]);
    database.rebuild(Instant::ZERO, std::iter::empty());
    let later = Instant::ZERO + Duration::from_secs(5);
    assert!(database.find(&id(1)).is_some());
    database.apply(
        Instant::ZERO,
        &Update {
            version: 3,
            added: Vec::new(),
            ..records[0].clone()
        },
    );
    database.rebuild(Instant::ZERO, std::iter::empty());
    database.forget_lost(later, Duration::from_secs(6));
    assert!(database.find(&id(1)).is_some());
    database.forget_lost(later, Duration::from_secs(5));
    assert!(database.find(&id(1)).is_none() && !database.is_wanted(TOPIC));
}
