//! What the demo's processes say to each other as events, and how both ends digest rows.

use std::hash::{DefaultHasher, Hash, Hasher};

use zeekwire::{Event, Metadata, Value, args};

/// Metadata that numbers a worker's rows, from 0. Packages use ids from 200.
const NUMBER: u64 = 200;

/// What all topics of the demo match.
pub(super) const FILTER: &str = "demo/*";
/// The event with which the manager lets a worker go.
pub(super) const COUNTED: &str = "DemoManager::counted";

const PROGRESS: &str = "DemoWorker::progress";
const DONE: &str = "DemoWorker::done";

/// The name of a worker's node.
pub(super) fn worker_name(index: u32) -> String {
    format!("worker-{}", index + 1)
}

/// The topic of a worker's rows of one log.
pub(super) fn row_topic(worker: &str, log: &str) -> String {
    format!("demo/{worker}/{log}")
}

/// The topic of what a worker says of itself.
pub(super) fn report_topic(worker: &str) -> String {
    format!("demo/{worker}")
}

/// An event for a row, with room for its number and time.
pub(super) fn row_event(log: &str, row: Value) -> Event {
    let mut event = Event::new(format!("Demo::{log}"), [row]);
    event.metadata = vec![
        Metadata {
            id: NUMBER,
            value: Value::Count(0),
        },
        Metadata {
            id: Metadata::NETWORK_TIMESTAMP,
            value: Value::Time(0.0),
        },
    ];
    event
}

/// Fills in the number and time of a row's event.
pub(super) fn stamp(event: &mut Event, number: u64, time: f64) {
    for entry in &mut event.metadata {
        match entry.id {
            NUMBER => entry.value = Value::Count(number),
            _ => entry.value = Value::Time(time),
        }
    }
}

/// What a worker knows of itself.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Told {
    /// Rows published so far.
    pub(super) sent: u64,
    /// Rows given up on this side, because there was no room.
    pub(super) dropped: u64,
    /// The digest of all of them; only once it is done.
    pub(super) digest: Option<u64>,
}

impl Told {
    pub(super) fn event(&self) -> Event {
        match self.digest {
            None => Event::new(PROGRESS, args![self.sent, self.dropped]),
            Some(digest) => Event::new(DONE, args![self.sent, self.dropped, digest]),
        }
    }
}

/// An event of a worker, as the manager understands it.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    /// A row, its number, the time at which it was sent, and its fingerprint.
    Row {
        number: u64,
        sent_at: f64,
        fingerprint: u64,
    },
    /// What the worker knows of itself.
    Told(Told),
}

/// Understands an event. `None` when it is not one of the demo's.
pub(super) fn understand(event: &Event) -> Option<Heard> {
    match event.name.as_str() {
        PROGRESS => {
            let (sent, dropped) = event.extract().ok()?;
            Some(Heard::Told(Told {
                sent,
                dropped,
                digest: None,
            }))
        }
        DONE => {
            let (sent, dropped, digest) = event.extract().ok()?;
            Some(Heard::Told(Told {
                sent,
                dropped,
                digest: Some(digest),
            }))
        }
        _ => {
            let find = |id| event.metadata.iter().find(|entry| entry.id == id);
            let number = find(NUMBER)?.value.extract().ok()?;
            let sent_at = find(Metadata::NETWORK_TIMESTAMP)?.value.extract().ok()?;
            Some(Heard::Row {
                number,
                sent_at,
                fingerprint: fingerprint(event),
            })
        }
    }
}

/// A number that depends on the event's name and all of its arguments, their types among them.
/// Both ends run the same build, so they agree on it.
pub(super) fn fingerprint(event: &Event) -> u64 {
    let mut hasher = DefaultHasher::new();
    event.name.hash(&mut hasher);
    event
        .args
        .iter()
        .for_each(|arg| hash_value(arg, &mut hasher));
    hasher.finish()
}

/// A digest of rows so far, and one more. Depends on their order.
pub(super) const fn digest(so_far: u64, fingerprint: u64) -> u64 {
    so_far.rotate_left(7).wrapping_add(fingerprint)
}

fn hash_value(value: &Value, hasher: &mut DefaultHasher) {
    value.type_name().hash(hasher);
    match value {
        Value::Bool(x) => x.hash(hasher),
        Value::Count(x) => x.hash(hasher),
        Value::Int(x) => x.hash(hasher),
        Value::Double(x) | Value::Time(x) | Value::Interval(x) => x.to_bits().hash(hasher),
        Value::String(x) => x.hash(hasher),
        Value::Enum(x) => x.hash(hasher),
        Value::Port(x) => x.hash(hasher),
        Value::Addr(x) => x.hash(hasher),
        Value::Subnet(x) => x.hash(hasher),
        Value::Set(x) | Value::Vector(x) | Value::List(x) => {
            x.len().hash(hasher);
            x.iter().for_each(|value| hash_value(value, hasher));
        }
        Value::Record(x) => {
            x.names.hash(hasher);
            x.fields.iter().for_each(|value| hash_value(value, hasher));
        }
        // Logs hold no others.
        other => other.to_string().hash(hasher),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_understood_after_the_way() {
        let row = Value::record([("a", Value::Count(1)), ("b", Value::from(["x"]))]);
        let mut event = row_event("conn", row);
        stamp(&mut event, 7, 1.5);
        let format = zeekwire::serializer::by_name("capnp-v1").unwrap();
        let mut bytes = Vec::new();
        format.encode(&event, &mut bytes).unwrap();
        let heard = understand(&format.decode(&bytes).unwrap());
        let fingerprint = fingerprint(&event);
        assert_eq!(
            heard,
            Some(Heard::Row {
                number: 7,
                sent_at: 1.5,
                fingerprint
            })
        );
    }

    #[test]
    fn counts_are_understood() {
        for digest in [None, Some(u64::MAX)] {
            let told = Told {
                sent: 5,
                dropped: 1,
                digest,
            };
            assert_eq!(understand(&told.event()), Some(Heard::Told(told)));
        }
        assert_eq!(understand(&Event::new("x", [])), None);
    }

    #[test]
    fn digest_notices_a_change_of_type_value_and_order() {
        let of = |value: Value| fingerprint(&Event::new("e", [value]));
        assert_ne!(of(Value::Count(1)), of(Value::Int(1)));
        assert_ne!(of(Value::string("a")), of(Value::string("b")));
        assert_ne!(digest(digest(0, 1), 2), digest(digest(0, 2), 1));
    }
}
