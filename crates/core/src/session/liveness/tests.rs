//! Who speaks when, and who is given up.

use super::*;

fn at(ms: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(ms)
}

#[test]
fn a_silent_peer_is_given_up_and_a_silent_side_speaks() {
    let mut liveness = Liveness::new(Instant::ZERO, LivenessLimits::default());
    assert_eq!(liveness.pulse(at(2_624), true), Pulse::Fine);
    assert_eq!(liveness.pulse(at(2_625), true), Pulse::Speak);
    liveness.sent(at(2_625));
    assert_eq!(liveness.pulse(at(4_499), true), Pulse::Fine);
    assert_eq!(
        liveness.pulse(at(4_500), true),
        Pulse::Silent(Duration::from_millis(4_500))
    );
    liveness.expect_heartbeats(Duration::from_secs(4));
    assert_eq!(liveness.pulse(at(5_999), true), Pulse::Speak);
    assert_eq!(
        liveness.pulse(at(6_000), true),
        Pulse::Silent(Duration::from_secs(6))
    );
}

#[test]
fn a_silent_peer_with_default_limits_is_found_within_five_seconds() {
    let limits = LivenessLimits::default();
    let mut liveness = Liveness::new(Instant::ZERO, limits);
    liveness.expect_heartbeats(limits.heartbeat);
    // The worst case: the tick before came just too early.
    let last = limits.silence_max + Liveness::tick_interval(&limits);
    assert!(last + Duration::from_millis(100) < Duration::from_secs(5));
    assert!(matches!(
        liveness.pulse(Instant::ZERO + limits.silence_max, true),
        Pulse::Silent(_)
    ));
}

#[test]
fn a_heartbeat_is_answered_once_half_of_the_interval_is_over() {
    let mut liveness = Liveness::new(Instant::ZERO, LivenessLimits::default());
    liveness.received(at(1_499));
    assert!(!liveness.heartbeat_received());
    liveness.received(at(1_500));
    assert!(liveness.heartbeat_received());
    liveness.sent(at(1_500));
    liveness.received(at(1_501));
    assert!(!liveness.heartbeat_received());
}

#[test]
fn who_answered_last_waits_an_eighth_longer_before_it_speaks() {
    let mut liveness = Liveness::new(Instant::ZERO, LivenessLimits::default());
    liveness.received(at(2_000));
    assert!(liveness.heartbeat_received());
    liveness.sent(at(2_000));
    assert_eq!(liveness.pulse(at(4_999), true), Pulse::Fine);
    assert_eq!(liveness.pulse(at(5_000), true), Pulse::Speak);
    // From then on it leads, until it answers again.
    liveness.sent(at(5_000));
    assert_eq!(
        liveness.pulse(at(7_625), true),
        Pulse::Silent(Duration::from_millis(5_625))
    );
    liveness.received(at(7_000));
    assert_eq!(liveness.pulse(at(7_625), true), Pulse::Speak);
}

/// One of two sides whose ticks come a little late, as ticks do.
struct Side {
    liveness: Liveness,
    tick_at: u64,
    late_us: u64,
    led: u32,
}

#[test]
fn on_an_idle_link_one_side_goes_on_leading() {
    let limits = LivenessLimits::default();
    let tick_us = u64::try_from(Liveness::tick_interval(&limits).as_micros()).unwrap();
    let micros = |us| Instant::ZERO + Duration::from_micros(us);
    for phase_us in (0..tick_us).step_by(7_919) {
        let mut sides = [(0, 900), (phase_us, 100)].map(|(tick_at, late_us)| Side {
            liveness: Liveness::new(Instant::ZERO, limits),
            tick_at,
            late_us,
            led: 0,
        });
        // An hour, in which the ticks of the two slide past each other several times.
        loop {
            let turn = usize::from(sides[1].tick_at < sides[0].tick_at);
            let now = micros(sides[turn].tick_at);
            if now >= at(3_600_000) {
                break;
            }
            let [one, other] = &mut sides;
            let (this, peer) = if turn == 0 {
                (one, other)
            } else {
                (other, one)
            };
            this.tick_at += tick_us + this.late_us;
            match this.liveness.pulse(now, true) {
                Pulse::Fine => continue,
                Pulse::Speak => {}
                Pulse::Silent(silent) => panic!("{silent:?}"),
            }
            this.liveness.sent(now);
            this.led += 1;
            let there = now + Duration::from_micros(50);
            peer.liveness.received(there);
            assert!(peer.liveness.heartbeat_received());
            peer.liveness.sent(there);
            this.liveness.received(there);
            assert!(!this.liveness.heartbeat_received());
        }
        let led = sides.map(|side| side.led);
        let mostly = led[0].max(led[1]);
        // Each two and five eighths of a second, and a little for late ticks.
        assert!((1_360..=1_372).contains(&mostly), "{led:?} at {phase_us}");
        assert_eq!(led[0].min(led[1]), 0, "{led:?} at {phase_us}");
    }
}
