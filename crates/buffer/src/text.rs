//! Bytes that are text.

/// The bytes as text, if they are UTF-8.
///
/// Names are short and nearly always ASCII, and the library's check goes byte by byte for such
/// lengths.
#[inline]
#[must_use]
pub fn utf8(bytes: &[u8]) -> Option<&str> {
    match short_ascii(bytes) {
        Some(text) => Some(text),
        None => std::str::from_utf8(bytes).ok(),
    }
}

/// The bytes as text, if they are ASCII and 4 to 32: then two pieces, which may overlap, hold them
/// all.
#[inline(always)]
#[must_use]
pub fn short_ascii(bytes: &[u8]) -> Option<&str> {
    let has_high_bits = match bytes.len() {
        16..=32 => {
            let (a, b) = ends::<16>(bytes)?;
            (u128::from_ne_bytes(a) | u128::from_ne_bytes(b)) & u128::from_ne_bytes([0x80; 16]) != 0
        }
        8..16 => {
            let (a, b) = ends::<8>(bytes)?;
            (u64::from_ne_bytes(a) | u64::from_ne_bytes(b)) & u64::from_ne_bytes([0x80; 8]) != 0
        }
        4..8 => {
            let (a, b) = ends::<4>(bytes)?;
            (u32::from_ne_bytes(a) | u32::from_ne_bytes(b)) & u32::from_ne_bytes([0x80; 4]) != 0
        }
        _ => return None,
    };
    if has_high_bits {
        return None;
    }
    // SAFETY: no byte has its highest bit set, and ASCII is UTF-8.
    Some(unsafe { std::str::from_utf8_unchecked(bytes) })
}

/// The first and the last `N` bytes.
#[inline(always)]
fn ends<const N: usize>(bytes: &[u8]) -> Option<([u8; N], [u8; N])> {
    Some((*bytes.first_chunk()?, *bytes.last_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_from_bytes_wherever_they_are() {
        for len in 0..40 {
            let mut bytes = vec![b'a'; len];
            assert_eq!(utf8(&bytes), std::str::from_utf8(&bytes).ok());
            assert_eq!(short_ascii(&bytes).is_some(), (4..=32).contains(&len));
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
