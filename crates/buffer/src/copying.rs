//! Copies of short runs.

/// Copies `from` over `to`, as `copy_from_slice` does. Up to 32 bytes go through registers, in two
/// pieces that may overlap: a call of the library's copy would take longer than the copy.
///
/// # Panics
/// When the lengths differ.
#[inline]
pub fn copy_short(to: &mut [u8], from: &[u8]) {
    assert_eq!(to.len(), from.len(), "both runs are equally long");
    match from.len() {
        33.. => to.copy_from_slice(from),
        16.. => ends::<16>(to, from),
        8.. => ends::<8>(to, from),
        4.. => ends::<4>(to, from),
        2.. => ends::<2>(to, from),
        1 => to[0] = from[0],
        0 => {}
    }
}

/// Copies the first and the last `N` bytes of runs that have at least as many.
#[inline(always)]
fn ends<const N: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) {
        if let Some(to) = to.first_chunk_mut::<N>() {
            *to = *first;
        }
        if let Some(to) = to.last_chunk_mut::<N>() {
            *to = *last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_copied_whole() {
        let from: Vec<u8> = (1..=100).collect();
        for length in 0..=from.len() {
            let mut to = vec![0; length + 1];
            copy_short(&mut to[..length], &from[..length]);
            assert_eq!(to[..length], from[..length]);
            assert_eq!(to[length], 0, "nothing behind it is touched");
        }
    }
}
