//! Credit messages, made by patching one that was built before.
//!
//! They come with every few hundred messages of a busy link, so they should cost no more than a
//! copy.

use zeekwire_types::TrafficClass;

use super::{Control, ControlWriter};

/// Bytes of a credit message's frame: header, root pointer, the union and its pointer, two words.
const FRAME_BYTES: usize = 16 + 8 + 16 + 8 + 16;

/// A credit message that lacks its class and limit.
#[derive(Clone, Copy, Debug)]
pub struct CreditTemplate([u8; FRAME_BYTES]);

impl CreditTemplate {
    /// Builds the template.
    ///
    /// # Panics
    /// When builders stop to lay the message out as they always did.
    #[must_use]
    pub fn new() -> Self {
        let class = TrafficClass::Log;
        let limit = 0x0123_4567_89ab_cdef;
        let mut bytes = Vec::new();
        ControlWriter::write(&Control::Credit { class, limit }, &mut bytes);
        let template = Self(
            bytes
                .try_into()
                .expect("a credit message has a fixed length"),
        );
        let known = [[class as u8, 0, 0, 0, 0, 0, 0, 0], limit.to_le_bytes()].concat();
        assert_eq!(
            template.0[FRAME_BYTES - 16..],
            known,
            "the fields come last"
        );
        template
    }

    /// The frame of a credit message.
    #[must_use]
    pub fn frame(&self, class: TrafficClass, limit: u64) -> [u8; FRAME_BYTES] {
        let mut frame = self.0;
        frame[FRAME_BYTES - 16] = class as u8;
        frame[FRAME_BYTES - 8..].copy_from_slice(&limit.to_le_bytes());
        frame
    }
}

impl Default for CreditTemplate {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::split;

    #[test]
    fn a_patched_message_is_what_a_builder_makes() {
        let template = CreditTemplate::new();
        for (class, limit) in [(TrafficClass::Store, 0), (TrafficClass::Event, u64::MAX)] {
            let mut built = Vec::new();
            ControlWriter::write(&Control::Credit { class, limit }, &mut built);
            let frame = template.frame(class, limit);
            assert_eq!(frame[..], built);
            assert!(split(&frame).expect("well framed").is_some());
        }
    }
}
