//! Envelopes: verifying, and recognising one that resembles the one before.

use zeekwire_buffer::AlignedBytes;
use zeekwire_core::wire::Located;
use zeekwire_types::limits::{ENVELOPE_BYTES_MAX, FORMAT_NAME_BYTES_MAX};
use zeekwire_types::{NodeName, Topic};

use crate::input::Input;

/// Where an envelope from an ordinary builder has its sequence.
const SEQUENCE_AT: usize = 24;

/// Verifies an envelope and then variants of it: a short cut must say what the long way says.
///
/// Input: the envelope behind its length in two bytes, then changes, each a place and a byte.
pub fn envelope(data: &[u8]) {
    let mut input = Input::new(data);
    let known = AlignedBytes::copied(input.long_run());
    let Some(located) = verify(&known) else {
        return;
    };
    assert_eq!(
        located.resembling(&known, &known).unwrap_or(located),
        located
    );
    let mut other = known.clone();
    while !input.is_empty() {
        let place = usize::from(input.number());
        let change = input.byte();
        // Places beyond the end change the sequence, and the bytes after it in the same way.
        let place = if place < other.len() {
            place
        } else {
            SEQUENCE_AT + place % 40
        };
        let Some(byte) = other.get_mut(place) else {
            return;
        };
        *byte ^= change;
        if let Some(short_cut) = located.resembling(&known, &other) {
            assert_eq!(verify(&other), Some(short_cut));
            let (old, new) = (located.envelope(&known), short_cut.envelope(&other));
            assert_eq!(old.topic(), new.topic());
            assert_eq!(
                (old.publisher(), old.format()),
                (new.publisher(), new.format())
            );
        }
        verify(&other);
    }
}

fn verify(bytes: &[u8]) -> Option<Located> {
    let located = Located::verify(bytes).ok()?;
    assert!(bytes.len() <= ENVELOPE_BYTES_MAX);
    let envelope = located.envelope(bytes);
    Topic::check(envelope.topic()).expect("a verified topic");
    NodeName::check(envelope.publisher()).expect("a verified name");
    assert!((1..=FORMAT_NAME_BYTES_MAX).contains(&envelope.format().len()));
    assert_eq!(envelope.located(), &located);
    assert_eq!(
        envelope.publisher().len(),
        located.publisher_place().1.into()
    );
    Some(located)
}
