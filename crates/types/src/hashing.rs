//! A hash that every node computes alike, whatever its machine, seed or release.

/// Sixty-four bits over all of `bytes`: FNV-1a, with the finish of MurmurHash3 so that inputs which
/// differ in one digit get values that have nothing in common. For choices on which nodes must
/// agree; not against those who choose their input.
#[must_use]
pub fn agreed_hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let hash = bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    mixed(hash)
}

/// All of `bits` spread over all others: the finish of MurmurHash3.
#[must_use]
pub const fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ bits >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let bits = (bits ^ bits >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    bits ^ bits >> 33
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nodes_agree_on_does_not_change_between_releases() {
        assert_eq!(mixed(1), 0xb456_bcfc_34c2_cb2c);
        assert_eq!(agreed_hash([]), mixed(0xcbf2_9ce4_8422_2325));
        assert_ne!(agreed_hash(*b"proxy-1"), agreed_hash(*b"proxy-2"));
    }
}
