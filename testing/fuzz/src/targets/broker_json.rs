//! `broker-json-v1`: what decodes can be used, and encodes to bytes that say the same.

use zeekwire_serializer::EventSerializer;
use zeekwire_serializer::broker_json::BrokerJsonV1;

use super::broker_bin::{check_stability, usable};

/// Decodes; then encodes twice: what was lost the first time is not lost again.
pub fn broker_json(data: &[u8]) {
    match BrokerJsonV1.decode(data) {
        Ok(event) => {
            usable(&event);
            check_stability(&BrokerJsonV1, &event);
        }
        Err(error) => assert!(error.to_string().starts_with("broker-json-v1")),
    }
}
