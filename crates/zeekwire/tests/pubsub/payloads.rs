//! Payloads of every size, intact over every transport.

use crate::common::{Over, PATIENCE, Pair, receiver, send};

fn pattern(bytes: usize) -> Vec<u8> {
    let mut state = u32::try_from(bytes).unwrap() | 1;
    let step = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    std::iter::repeat_with(step).take(bytes).collect()
}

#[test]
fn payloads_of_every_size_arrive_intact() {
    const KIB: usize = 1024;
    let near = |size: usize| [size - 1, size, size + 1];
    let mut sizes: Vec<usize> = (0..20).collect();
    // Around the fragment's size with a header and an envelope, and the block's.
    sizes.extend((32 * KIB - 160..32 * KIB + 16).step_by(8).flat_map(near));
    sizes.extend(
        [200, 4 * KIB, 64 * KIB, 256 * KIB, 1024 * KIB]
            .into_iter()
            .flat_map(near),
    );
    sizes.extend([3_000_000, 8 * 1024 * KIB]);
    for over in Over::ALL {
        let pair = Pair::new(over);
        let (there, back) = (
            receiver(&pair.server, "there"),
            receiver(&pair.client, "back"),
        );
        for size in &sizes {
            let payload = pattern(*size);
            send(&pair.client, "there", &payload);
            let received = there.recv_timeout(PATIENCE).unwrap();
            assert!(
                received.payload() == payload,
                "{over:?}: {size} bytes were changed"
            );
            assert_eq!(
                received.payload().as_ptr() as usize % 8,
                0,
                "{size} bytes, not aligned"
            );
            send(&pair.server, "back", received.payload());
            let returned = back.recv_timeout(PATIENCE).unwrap();
            assert!(
                returned.payload() == payload,
                "{over:?}: {size} bytes were changed back"
            );
        }
    }
}

#[test]
fn a_lone_long_message_goes_out_at_once() {
    // Its publisher sends it, if the loop sleeps; what does not fit the socket is for the loop.
    let pair = Pair::with(
        Over::Tcp,
        |server| server,
        |client| {
            let slow = std::time::Duration::from_secs(600);
            client.heartbeat(slow, slow).configure(|config| {
                config.stall_max = std::time::Duration::from_secs(600);
                config.set_event_queue(64 << 20, zeekwire::DropPolicy::Block);
            })
        },
    );
    let inbox = receiver(&pair.server, "topic");
    for size in [8 << 20, 1 << 20, 20 << 20] {
        // Lets the loop fall asleep; nothing but the message shall wake it.
        std::thread::sleep(std::time::Duration::from_millis(20));
        send(&pair.client, "topic", &vec![7; size]);
        let received = inbox.recv_timeout(PATIENCE).unwrap();
        assert_eq!(received.payload().len(), size);
    }
}

#[test]
fn short_and_long_messages_keep_their_order() {
    let pair = Pair::tcp();
    let inbox = receiver(&pair.server, "topic");
    let sizes = [10, 100_000, 20, 40_000, 30, 2_000_000, 40, 33_000, 50];
    for (n, size) in (0_u64..).zip(sizes) {
        send(&pair.client, "topic", &crate::common::numbered(n, size));
    }
    for (n, size) in (0..).zip(sizes) {
        let received = inbox.recv_timeout(PATIENCE).unwrap();
        assert_eq!(crate::common::number(received.payload()), n);
        assert_eq!(received.payload().len(), size);
    }
}
