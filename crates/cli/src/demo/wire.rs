//! What the demo's processes say to each other as events, and how both ends know them again.

use std::hash::{DefaultHasher, Hash, Hasher};

use zeekwire::{Event, Metadata, Value};

/// Metadata that numbers what one life of a worker publishes for one receiver, from 0. Packages
/// use ids from 200.
const NUMBER: u64 = 200;
/// Metadata that holds the fingerprint of the event as it was published.
const FINGERPRINT: u64 = 201;

/// What the topics of all rows match.
pub(super) const ROWS: &str = "demo/*";

/// The topic of a worker's rows of one log.
pub(super) fn row_topic(worker: &str, log: &str) -> String {
    format!("demo/{worker}/{log}")
}

/// An event with room for its number and time.
pub(super) fn numbered(name: String, args: impl IntoIterator<Item = Value>) -> Event {
    let mut event = Event::new(name, args);
    let entry = |id, value| Metadata { id, value };
    event.metadata = vec![
        entry(NUMBER, Value::Count(0)),
        entry(FINGERPRINT, Value::Count(fingerprint(&event))),
        entry(Metadata::NETWORK_TIMESTAMP, Value::Time(0.0)),
    ];
    event
}

/// Fills in an event's number and time.
pub(super) fn stamp(event: &mut Event, number: u64, time: f64) {
    for entry in &mut event.metadata {
        match entry.id {
            NUMBER => entry.value = Value::Count(number),
            Metadata::NETWORK_TIMESTAMP => entry.value = Value::Time(time),
            _ => {}
        }
    }
}

/// An event of a worker, as its receiver understands it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Heard {
    pub(super) number: u64,
    /// When it was published, in seconds since the Unix epoch.
    pub(super) sent_at: f64,
    /// Whether it is what was published.
    pub(super) intact: bool,
}

/// Understands an event. `None` when it is not one of the demo's.
pub(super) fn understand(event: &Event) -> Option<Heard> {
    let find = |id| event.metadata.iter().find(|entry| entry.id == id);
    let claimed: u64 = find(FINGERPRINT)?.value.extract().ok()?;
    Some(Heard {
        number: find(NUMBER)?.value.extract().ok()?,
        sent_at: find(Metadata::NETWORK_TIMESTAMP)?.value.extract().ok()?,
        intact: claimed == fingerprint(event),
    })
}

/// A number that depends on the event's name and all of its arguments, their types among them.
/// Both ends run the same build, so they agree on it.
fn fingerprint(event: &Event) -> u64 {
    let mut hasher = DefaultHasher::new();
    event.name.hash(&mut hasher);
    event
        .args
        .iter()
        .for_each(|arg| hash_value(arg, &mut hasher));
    hasher.finish()
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

    fn over_the_wire(event: &Event) -> Event {
        let format = zeekwire::serializer::by_name("capnp-v1").unwrap();
        let mut bytes = Vec::new();
        format.encode(event, &mut bytes).unwrap();
        format.decode(&bytes).unwrap()
    }

    #[test]
    fn rows_are_understood_after_the_way_and_damage_is_seen() {
        let row = Value::record([("a", Value::Count(1)), ("b", Value::from(["x"]))]);
        let mut event = numbered("Demo::conn".to_owned(), [row]);
        stamp(&mut event, 7, 1.5);
        let heard = |event: &Event| understand(&over_the_wire(event)).unwrap();
        let (number, sent_at) = (7, 1.5);
        let intact = true;
        assert_eq!(
            heard(&event),
            Heard {
                number,
                sent_at,
                intact
            }
        );
        event.args.push(Value::Count(0));
        assert!(!heard(&event).intact);
        assert_eq!(understand(&Event::new("x", [])), None);
    }

    #[test]
    fn fingerprint_notices_a_change_of_type_and_value() {
        let of = |value: Value| fingerprint(&Event::new("e", [value]));
        assert_ne!(of(Value::Count(1)), of(Value::Int(1)));
        assert_ne!(of(Value::string("a")), of(Value::string("b")));
    }
}
