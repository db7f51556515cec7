//! Tests of layouts: what every layout holds, and what is refused.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

/// Who connects to whom, as `from>to`, by name.
fn dials(layout: &Layout) -> Vec<String> {
    let of = |member| {
        let targets = layout.connects_to(member);
        targets.map(move |(target, _)| format!("{}>{}", member.name, target.name))
    };
    layout.members().iter().flat_map(of).collect()
}

/// Where each node listens that does, as `name@endpoint`.
fn listeners(layout: &Layout) -> Vec<String> {
    let of = |member: &Member| Some(format!("{}@{}", member.name, layout.listens_at(member)?));
    layout.members().iter().filter_map(of).collect()
}

fn node(name: &str, kind: Option<Kind>, address: Option<&str>) -> Member {
    Member {
        name: NodeName::new(name).unwrap(),
        kind,
        address: address.map(|text| text.parse().unwrap()),
        zone_id: None,
        rendezvous: member::is_rendezvous(kind),
        more_pools: Vec::new(),
        line: 1,
    }
}

#[test]
fn example_is_good_and_names_every_setting() {
    let layout = file::read(EXAMPLE).unwrap();
    assert_eq!(
        listeners(&layout),
        [
            "manager@tcp://127.0.0.1:47760",
            "proxy-1@tcp://127.0.0.1:47761"
        ]
    );
    assert_eq!(layout.members().len(), 8);
    let worker = layout
        .member(&NodeName::new("worker-1-4").unwrap())
        .unwrap();
    assert_eq!(worker.pools(), ["worker", "tap-a"]);
    for wrong in ["nmae = 1", "[[node]]\nname = \"a\"\nnmae = 1"] {
        let unknown = file::read(wrong).unwrap_err();
        let (_, settings) = unknown.text.split_once("expected one of ").unwrap();
        for setting in settings.split('`').skip(1).step_by(2) {
            let shown = [format!("\n{setting} = "), format!("\n[[{setting}]]")];
            assert!(
                shown.iter().any(|shown| EXAMPLE.contains(shown)),
                "{setting} is missing"
            );
        }
    }
}

#[test]
fn defaults_are_those_of_the_program() {
    let endpoint = format!("tcp://127.0.0.1:{RENDEZVOUS_PORT}");
    assert_eq!(endpoint, crate::flags::DEFAULT_ENDPOINT);
    let text = "[[node]]\nname = \"m\"\ntype = \"manager\"\naddress = \"127.0.0.1\"";
    let layout = file::read(text).unwrap();
    assert_eq!(listeners(&layout), [format!("m@{endpoint}")]);
    assert_eq!(layout.topology, Topology::Star);
}

#[test]
fn star_has_links_to_every_rendezvous_only() {
    let text = r#"
        node = [
            { name = "w", type = "worker", count = 2, address = "10.0.0.2" },
            { name = "m", type = "manager", address = "10.0.0.1" },
            { name = "p", type = "proxy", address = "10.0.0.1", rendezvous = true },
        ]"#;
    let layout = file::read(text).unwrap();
    assert_eq!(
        listeners(&layout),
        ["m@tcp://10.0.0.1:47760", "p@tcp://10.0.0.1:47761"]
    );
    assert_eq!(dials(&layout), ["w-1>m", "w-1>p", "w-2>m", "w-2>p", "p>m"]);
}

#[test]
fn manager_that_is_no_rendezvous_connects_as_others_do() {
    let text = r#"
        node = [
            { name = "m", type = "manager", address = "10.0.0.1", rendezvous = false },
            { name = "hub", address = "tcp://hub.example.org:4000", rendezvous = true },
        ]"#;
    let layout = file::read(text).unwrap();
    assert_eq!(listeners(&layout), ["hub@tcp://hub.example.org:4000"]);
    assert_eq!(dials(&layout), ["m>hub"]);
}

#[test]
fn mesh_links_all_of_which_one_has_an_address() {
    let text = r#"
        topology = "mesh"
        rendezvous_port = 4000
        node = [
            { name = "a", address = "10.0.0.1" },
            { name = "b", address = "tcp://10.0.0.1:4001" },
            { name = "c" },
            { name = "d" },
            { name = "m", type = "manager", address = "10.0.0.1" },
        ]"#;
    let layout = file::read(text).unwrap();
    let at = [
        "a@tcp://10.0.0.1:4002",
        "b@tcp://10.0.0.1:4001",
        "m@tcp://10.0.0.1:4000",
    ];
    assert_eq!(listeners(&layout), at);
    let links = [
        "a>m", "b>a", "b>m", "c>a", "c>b", "c>m", "d>a", "d>b", "d>m",
    ];
    assert_eq!(dials(&layout), links);
}

#[test]
fn link_local_address_takes_the_zone_of_who_looks() {
    let text = r#"
        node = [
            { name = "m", type = "manager", address = "fe80::1", zone_id = "eth0" },
            { name = "w", type = "worker", zone_id = "eth1" },
        ]"#;
    let layout = file::read(text).unwrap();
    assert_eq!(listeners(&layout), ["m@tcp://[fe80::1%eth0]:47760"]);
    let (_, seen) = layout.connects_to(&layout.members()[1]).next().unwrap();
    assert_eq!(seen.to_string(), "tcp://[fe80::1%eth1]:47760");
}

#[test]
fn what_cannot_work_is_refused_with_its_line() {
    let manager = "name = \"m\"\ntype = \"manager\"\naddress = \"127.0.0.1\"\n";
    let with = |more: &str| format!("[[node]]\n{manager}{more}");
    for (text, place, what) in [
        (String::new(), None, "no node"),
        ("topology = \"ring\"".to_owned(), None, "line 1, column 12"),
        ("rendezvous_port = 0".to_owned(), None, "1 to 65535"),
        ("rendezvous_port = -1".to_owned(), None, "1 to 65535"),
        ("rendezvous_port = 65536".to_owned(), None, "1 to 65535"),
        ("[[node]]\ntype = \"worker\"".to_owned(), None, "`name`"),
        (
            "[[node]]\nname = \"w\"".to_owned(),
            None,
            "rendezvous = true",
        ),
        (with("adress = \"a\""), None, "`address`"),
        (with("pools = [\"a b\"]"), None, "pool"),
        (with("zone_id = \"\""), None, "eth0"),
        (with("count = -1"), None, "a number of nodes"),
        (with("count = 0"), Some(5), "`count` is 0"),
        (with("count = 5000000000"), Some(5), "more than"),
        (with("count = 2"), Some(2), "second manager"),
        (with(&format!("[[node]]\n{manager}")), Some(6), "line 2"),
        (with("[[node]]\nname = \"M\""), Some(6), "taken by m"),
        (
            with("[[node]]\nname = \"z\"\ntype = \"standalone\""),
            Some(6),
            "standalone",
        ),
        (
            with("[[node]]\nname = \"p\"\nrendezvous = true"),
            Some(6),
            "no address",
        ),
        (
            with(
                "[[node]]\nname = \"p\"\nrendezvous = true\naddress = \"tcp://localhost:1\"\n\
                 [[node]]\nname = \"q\"\nrendezvous = true\naddress = \"tcp://[::1]:1\"",
            ),
            Some(10),
            "p and q would both listen",
        ),
        (
            with("[[node]]\nname = \"w\"\naddress = \"10.0.0.2\""),
            Some(2),
            "w is to connect from another",
        ),
        (
            "rendezvous_port = 65535\n".to_owned()
                + &with("[[node]]\nname = \"p\"\nrendezvous = true\naddress = \"localhost\""),
            Some(7),
            "no port left",
        ),
        (
            with("[[node]]\nname = \"z\"\nrendezvous = true\naddress = \"fe80::1\""),
            Some(2),
            "only its own machine",
        ),
        (
            "[[node]]\nname = \"z\"\nrendezvous = true\naddress = \"fe80::1\"".to_owned(),
            Some(2),
            "zone_id",
        ),
    ] {
        let fault = file::read(&text).unwrap_err();
        assert_eq!(fault.line, place, "of {text}: {}", fault.text);
        assert!(fault.text.contains(what), "of {text}: {}", fault.text);
    }
}

#[test]
fn too_many_nodes_are_refused() {
    let members = (0..=MEMBER_COUNT_MAX).map(|n| node(&format!("w-{n}"), None, None));
    let fault = Layout::new(Topology::Star, 1, members.collect()).unwrap_err();
    assert!(fault.text.contains("links at most"), "{}", fault.text);
}

#[test]
fn unknown_name_is_told_the_known_ones() {
    let workers = (1..=14).map(|n| node(&format!("w-{n}"), Some(Kind::Worker), None));
    let manager = node("m", Some(Kind::Manager), Some("::1"));
    let members = [manager].into_iter().chain(workers).collect();
    let layout = Layout::new(Topology::Star, 1, members).unwrap();
    let error = layout.member(&NodeName::new("x").unwrap()).unwrap_err();
    assert!(
        error.contains("there are m, w-1,") && error.ends_with(" and 3 more"),
        "{error}"
    );
}

/// Nodes with and without addresses on a few hosts, the first of them a rendezvous. Names do not
/// follow the order.
fn members() -> impl Strategy<Value = Vec<Member>> {
    let one = (any::<u32>(), 0..5_u8, any::<bool>());
    proptest::collection::vec(one, 1..24).prop_map(|ones| {
        let members = ones
            .into_iter()
            .enumerate()
            .map(|(at, (random, host, rendezvous))| {
                let address = match host {
                    0 if at > 0 => None,
                    1 => Some(format!("tcp://10.0.0.1:{}", 10 + at)),
                    2 => Some("sensor.example.org".to_owned()),
                    _ => Some("10.0.0.1".to_owned()),
                };
                let mut member = node(&format!("n{random}-{at}"), None, address.as_deref());
                member.rendezvous = at == 0 || (rendezvous && member.address.is_some());
                member
            });
        members.collect()
    })
}

fn topology() -> impl Strategy<Value = Topology> {
    prop_oneof![Just(Topology::Star), Just(Topology::Mesh)]
}

proptest! {
    #[test]
    fn links_join_all_nodes_and_no_pair_dials_both_ways(
        members in members(), topology in topology(), port in 1_u16..60_000,
    ) {
        let layout = Layout::new(topology, port, members).unwrap();
        let count = layout.members().len();
        let mut links = HashSet::new();
        for from in 0..count {
            for (target, endpoint) in layout.connects_to(&layout.members()[from]) {
                prop_assert_eq!(layout.listens_at(target), Some(endpoint));
                let to = layout.index_of(target);
                prop_assert!(links.insert((from.min(to), from.max(to))), "{} and {}", from, to);
            }
        }
        let mut reached = HashSet::from([0]);
        let mut next = vec![0];
        while let Some(at) = next.pop() {
            let linked = |other: &usize| links.contains(&(at.min(*other), at.max(*other)));
            next.extend((0..count).filter(linked).filter(|other| reached.insert(*other)));
        }
        prop_assert_eq!(reached.len(), count);
        // Beyond being joined: exactly the links that the topology promises.
        for (a, first) in layout.members().iter().enumerate() {
            for (b, second) in layout.members().iter().enumerate().skip(a + 1) {
                let promised = first.rendezvous || second.rendezvous
                    || topology == Topology::Mesh
                        && (first.address.is_some() || second.address.is_some());
                prop_assert_eq!(links.contains(&(a, b)), promised);
            }
        }
    }

    #[test]
    fn listeners_have_endpoints_of_their_own(
        members in members(), topology in topology(), port in 1_u16..60_000,
    ) {
        let layout = Layout::new(topology, port, members).unwrap();
        let all: Vec<_> = layout.listens.iter().flatten().collect();
        let unique: HashSet<_> = all.iter().collect();
        prop_assert_eq!(unique.len(), all.len());
    }

    #[test]
    fn order_of_the_file_does_not_turn_links_round(
        members in members(), topology in topology(), seed in any::<usize>(),
    ) {
        let turned = {
            let mut turned = members.clone();
            turned.rotate_left(seed % members.len());
            turned.reverse();
            turned
        };
        let sorted = |members| {
            let mut links = dials(&Layout::new(topology, 4000, members).unwrap());
            links.sort();
            links
        };
        prop_assert_eq!(sorted(members), sorted(turned));
    }

    #[test]
    fn layout_survives_being_written_and_read(
        members in members(), topology in topology(), port in 1_u16..60_000,
    ) {
        let layout = Layout::new(topology, port, members).unwrap();
        let again = file::read(&toml(&layout)).unwrap();
        prop_assert_eq!(dials(&again), dials(&layout));
        prop_assert_eq!(listeners(&again), listeners(&layout));
        prop_assert_eq!(again.rendezvous_port, port);
    }

    #[test]
    fn any_text_is_read_or_refused(
        text in "(\\[|\\]|=|:|#|;|%\\(|\n| |type|host|worker|manager|a|1){0,60}",
    ) {
        let members = node_cfg::read(&text).map(|(members, _)| members);
        let _refused = members.and_then(|members| Layout::new(Topology::Mesh, 1, members));
        let _refused = file::read(&text);
    }
}
