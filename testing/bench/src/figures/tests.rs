//! Figures and their targets.

use std::cell::RefCell;
use std::path::PathBuf;

use super::*;

struct Fake {
    value: f64,
    lost: u64,
}

impl Run for Fake {
    fn lost(&self) -> u64 {
        self.lost
    }
}

const RATE: Comparison<Fake> = Comparison {
    id: "pubsub_rate_vs_zeromq_proxy",
    target: Target::AtLeast(4.0),
    unit: "M msg/s",
    ours: System::Ours,
    rival: System::Zeromq,
    quantity: |run| run.value,
};
const NATS: Comparison<Fake> = Comparison {
    id: "pubsub_rate_vs_nats",
    rival: System::Nats,
    ..RATE
};

fn bench(only: &[&str], nats_server: Option<PathBuf>) -> Bench {
    let programs = Programs {
        own: PathBuf::from("own"),
        zeromq: Some(PathBuf::from("zeromq")),
        nats_server,
        valgrind: None,
        zeek: None,
    };
    let only = only.iter().map(|id| (*id).to_owned()).collect();
    Bench {
        programs,
        runs: 3,
        only,
        group: Group::Events,
    }
}

fn fake(system: System) -> Result<Fake> {
    match system {
        System::Ours => Ok(Fake {
            value: 8.0,
            lost: 1,
        }),
        System::Zeromq => Ok(Fake {
            value: 2.0,
            lost: 0,
        }),
        _ => Err(Failure::new("fell over")),
    }
}

#[test]
fn systems_take_turns() {
    let order = RefCell::new(Vec::new());
    compare(&bench(&[], Some(PathBuf::new())), &[RATE, NATS], |system| {
        order.borrow_mut().push(system);
        Ok(Fake {
            value: 1.0,
            lost: 0,
        })
    });
    let turn = [System::Ours, System::Zeromq, System::Nats];
    assert_eq!(order.into_inner(), [turn, turn, turn].concat());
}

#[test]
fn loss_is_told_beside_the_rate() {
    let rows = compare(&bench(&[], None), &[RATE], fake);
    let [row] = rows.as_slice() else {
        panic!("one comparison is one row")
    };
    assert!(row.holds());
    assert!(
        row.text().contains("ours lost 3 messages"),
        "{}",
        row.text()
    );
}

#[test]
fn missing_rival_is_skipped_and_the_others_are_measured() {
    let rows = compare(&bench(&[], None), &[RATE, NATS], fake);
    assert!(matches!(rows[0].outcome, Outcome::Measured { .. }));
    assert!(matches!(rows[1].outcome, Outcome::Skipped(_)));
}

#[test]
fn failing_rival_fails_its_own_row_only() {
    let rows = compare(&bench(&[], Some(PathBuf::new())), &[RATE, NATS], fake);
    assert!(matches!(rows[0].outcome, Outcome::Measured { .. }));
    assert!(
        rows[1].text().contains("FAILED: nats: fell over"),
        "{}",
        rows[1].text()
    );
}

#[test]
fn only_what_is_asked_for_is_run() {
    let rows = compare(
        &bench(&["pubsub_rate_vs_zeromq_proxy"], Some(PathBuf::new())),
        &[RATE, NATS],
        |system| {
            assert_ne!(system, System::Nats);
            fake(system)
        },
    );
    assert_eq!(rows.len(), 1);
}

#[test]
fn rivals_alone_do_not_run_ours() {
    let bench = Bench {
        group: Group::Rivals,
        ..bench(&[], None)
    };
    let rows = compare(&bench, &[RATE], |system| {
        assert_ne!(system, System::Ours);
        fake(system)
    });
    assert!(
        rows[0].json().contains(r#""ours":null,"rival":2.0"#),
        "{}",
        rows[0].json()
    );
}

#[test]
fn unknown_id_is_refused_with_the_list() {
    let error = bench(&["nonsense"], None)
        .run(|_| Ok(()))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("nonsense") && error.contains("rtt_p50_vs_tcp"),
        "{error}"
    );
}

#[test]
fn ids_are_unique() {
    let mut ids: Vec<_> = FIGURES.iter().flat_map(Figure::all_ids).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn figures_of_another_group_are_not_known() {
    let events = bench(&["reroute_s"], None).run(|_| Ok(()));
    assert!(events.unwrap_err().to_string().contains("reroute_s"));
    let cluster = Bench {
        group: Group::Cluster,
        ..bench(&["match_10000_vs_10"], None)
    };
    let error = cluster.run(|_| Ok(())).unwrap_err().to_string();
    assert!(error.contains("silent_peer_s"), "{error}");
}
