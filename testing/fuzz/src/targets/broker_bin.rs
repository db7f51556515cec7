//! `broker-bin-v1`: what decodes can be used, and encodes to bytes that say the same.

use zeekwire_serializer::broker_bin::BrokerBinV1;
use zeekwire_serializer::{EncodeFault, EventSerializer, event_to_json};
use zeekwire_types::Event;

/// Decodes; then encodes twice: what was lost the first time is not lost again.
pub fn broker_bin(data: &[u8]) {
    let event = match BrokerBinV1.decode(data) {
        Ok(event) => event,
        Err(error) => {
            assert!(error.to_string().starts_with("broker-bin-v1"));
            return;
        }
    };
    usable(&event);
    check_stability(&BrokerBinV1, &event);
}

/// Every format takes or refuses the event, and it prints.
pub(super) fn usable(event: &Event) {
    assert!(event.args.iter().all(|arg| arg.is_depth_allowed()));
    assert!(!event.to_string().is_empty());
    let mut json = Vec::new();
    event_to_json(event, &mut json);
    assert!(String::from_utf8(json).is_ok_and(|line| !line.contains('\n')));
    let capnp = zeekwire_serializer::by_name("capnp-v1").expect("it is built in");
    let mut bytes = Vec::new();
    capnp
        .encode(event, &mut bytes)
        .expect("it carries all events");
    assert_eq!(capnp.decode(&bytes).as_ref(), Ok(event));
}

/// What a Broker format made of an event once, it makes of it again.
pub(super) fn check_stability(format: &dyn EventSerializer, event: &Event) {
    let mut first = b"before".to_vec();
    if let Err(error) = format.encode(event, &mut first) {
        // Numbers that the format rounds may become the same, or too large.
        let allowed = [EncodeFault::Duplicate, EncodeFault::TimeOutOfRange];
        assert!(allowed.contains(&error.fault()), "{error}");
        assert_eq!(first, b"before");
        return;
    }
    let first = first.split_off(6);
    let again = format.decode(&first);
    let again = again.unwrap_or_else(|error| panic!("own bytes are refused: {error}"));
    let mut second = Vec::new();
    format
        .encode(&again, &mut second)
        .expect("it was encoded before");
    assert!(first == second, "{first:?} became {second:?}");
}
