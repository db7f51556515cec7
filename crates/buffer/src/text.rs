//! Bytes that are text.

/// The bytes as text, if they are UTF-8.
///
/// Names are short and nearly always ASCII, of which eight bytes are looked at together; the
/// library's own check goes byte by byte where there are fewer than sixteen.
#[inline]
#[must_use]
pub fn utf8(bytes: &[u8]) -> Option<&str> {
    if is_ascii(bytes) {
        // SAFETY: ASCII is UTF-8.
        return Some(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    std::str::from_utf8(bytes).ok()
}

#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    const HIGH_BITS: u64 = u64::from_ne_bytes([0x80; 8]);
    let (words, rest) = bytes.as_chunks::<8>();
    let high = match (words, bytes.last_chunk::<8>()) {
        // The last eight bytes overlap what came before.
        (words, Some(last)) => words.iter().fold(u64::from_ne_bytes(*last), |all, word| {
            all | u64::from_ne_bytes(*word)
        }),
        (_, None) => rest.iter().fold(0, |all, byte| all | u64::from(*byte)),
    };
    high & HIGH_BITS == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_from_bytes_wherever_they_are() {
        for len in 0..40 {
            let mut bytes = vec![b'a'; len];
            assert_eq!(utf8(&bytes), std::str::from_utf8(&bytes).ok());
            for place in 0..len {
                bytes[place] = 0xff;
                assert_eq!(utf8(&bytes), None, "{place} of {len}");
                bytes[place] = b'a';
            }
            let text = "\u{e9}".repeat(len) + "a";
            assert_eq!(utf8(text.as_bytes()), Some(&*text));
            assert_eq!(utf8(&text.as_bytes()[1..]).is_some(), len == 0);
        }
    }
}
