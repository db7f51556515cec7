//! The roles of a cluster: a forwarder, and a sender and receiver that tell when messages flow.

use std::io;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::{
    ENDPOINT, PATIENCE, TOPIC_EVENTS, effective, forever, link, linked, own_name, publish,
};
use crate::failure::{Failure, Result};
use crate::payload::{PAYLOAD_BYTES_MIN, Sequence, now_ns};
use crate::role::{self, Job};
use crate::words::Words;
use zeekwire::Node;

/// Between two messages of a beacon.
const BEACON_EVERY: Duration = Duration::from_millis(1);
/// Between two looks at what a witness saw.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Passes on what others publish. Says `listening ADDRESS` once it is linked to its addresses.
pub(crate) fn relay(job: &Job) -> Result<()> {
    let lossless = job.lossless;
    let node = Node::builder(&own_name("forwarder"))
        .configure(move |config| config.lossless = lossless)
        .start()?;
    link(&node, &job.address)?;
    let endpoint = node.listen(ENDPOINT)?;
    role::say(&format!("listening {endpoint}"))?;
    role::end_with_stdin();
    forever()
}

/// Publishes a message each millisecond that tells when it was sent. Says `ready` when it begins.
pub(crate) fn beacon(job: &Job) -> Result<()> {
    let node = linked("beacon", &job.address)?;
    role::say("ready")?;
    role::end_with_stdin();
    let mut payload = vec![0; job.payload_bytes.max(PAYLOAD_BYTES_MIN)];
    for counter in 0_u64.. {
        payload[..8].copy_from_slice(&counter.to_le_bytes());
        payload[8..16].copy_from_slice(&now_ns().to_le_bytes());
        publish(&node, TOPIC_EVENTS, &payload)?;
        thread::sleep(BEACON_EVERY);
    }
    Ok(())
}

/// Receives what a beacon sends. Says `ready` once subscribed and `flowing` at the first message.
/// Told `after sent_ns=TIME`, it says when the first message arrived that was sent later:
/// `again at_ns=TIME`, with how many are missing, and how many came twice or out of order.
pub(crate) fn witness(job: &Job) -> Result<()> {
    let node = Node::builder(&own_name("witness")).start()?;
    let seen = Arc::new(Mutex::new(Seen::default()));
    let sight = Arc::clone(&seen);
    let events = node.subscribe([TOPIC_EVENTS])?;
    let subscription = events.handler(move |message| lock(&sight).take(message.payload()))?;
    link(&node, &job.address)?;
    effective(&subscription)?;
    role::say("ready")?;
    until(PATIENCE, || (!lock(&seen).times.is_empty()).then_some(()))?;
    role::say("flowing")?;
    let mut line = String::new();
    while io::stdin().read_line(&mut line)? > 0 {
        let sent_ns: u64 = Words::new(line.trim()).value("sent_ns")?;
        let at_ns = until(PATIENCE, || lock(&seen).arrival_after(sent_ns))?;
        let Sequence { lost, late, .. } = lock(&seen).sequence;
        role::say(&format!("again at_ns={at_ns} lost={lost} late={late}"))?;
        line.clear();
    }
    process::exit(0)
}

/// What a witness saw.
#[derive(Debug, Default)]
struct Seen {
    sequence: Sequence,
    /// When each message was sent, and when it arrived.
    times: Vec<(u64, u64)>,
}

impl Seen {
    fn take(&mut self, payload: &[u8]) {
        self.sequence.take(payload);
        if let Some(sent_ns) = payload.get(8..).and_then(<[u8]>::first_chunk) {
            self.times.push((u64::from_le_bytes(*sent_ns), now_ns()));
        }
    }

    /// When the first message arrived that was sent after `sent_ns`.
    fn arrival_after(&self, sent_ns: u64) -> Option<u64> {
        let later = self.times.iter().find(|(sent, _)| *sent > sent_ns);
        later.map(|(_, arrived)| *arrived)
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks again and again until there is something.
fn until<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let deadline = std::time::Instant::now() + patience;
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if std::time::Instant::now() > deadline {
            return Err(Failure::new("no message arrived in time"));
        }
        thread::sleep(LOOK_EVERY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sent_later_counts() {
        let seen = Seen {
            times: vec![(10, 11), (20, 90), (30, 91)],
            ..Seen::default()
        };
        assert_eq!(seen.arrival_after(10), Some(90));
        assert_eq!(seen.arrival_after(30), None);
    }

    #[test]
    fn send_time_and_order_are_read_from_the_payload() {
        let mut seen = Seen::default();
        for counter in [0_u64, 3, 2] {
            let mut payload = counter.to_le_bytes().to_vec();
            payload.extend((100 + counter).to_le_bytes());
            seen.take(&payload);
        }
        assert_eq!((seen.sequence.lost, seen.sequence.late), (2, 1));
        let sent: Vec<u64> = seen.times.iter().map(|(sent, _)| *sent).collect();
        assert_eq!(sent, [100, 103, 102]);
    }
}
