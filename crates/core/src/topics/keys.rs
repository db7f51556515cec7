//! Who holds one filter.

/// Keys in ascending order. Most filters have one, which needs no memory of its own.
#[derive(Debug)]
pub(super) enum Keys<K> {
    One([K; 1]),
    #[expect(
        clippy::box_collection,
        reason = "a pointer is all that the common case pays"
    )]
    Many(Box<Vec<K>>),
}

impl<K: Copy + Ord> Keys<K> {
    #[inline]
    pub(super) fn as_slice(&self) -> &[K] {
        match self {
            Self::One(key) => key,
            Self::Many(keys) => keys,
        }
    }

    /// Adds a key. Returns whether it is new.
    pub(super) fn insert(&mut self, key: K) -> bool {
        let Err(at) = self.as_slice().binary_search(&key) else {
            return false;
        };
        match self {
            Self::One([only]) => {
                let both = if at == 0 {
                    vec![key, *only]
                } else {
                    vec![*only, key]
                };
                *self = Self::Many(Box::new(both));
            }
            Self::Many(keys) => keys.insert(at, key),
        }
        true
    }

    /// Removes a key that is there. Returns whether others are left; the last one stays.
    pub(super) fn remove(&mut self, key: K) -> bool {
        let Self::Many(keys) = self else { return false };
        let at = keys
            .binary_search(&key)
            .expect("a key is in the records of its filters");
        keys.remove(at);
        if let [only] = keys[..] {
            *self = Self::One([only]);
        } else if keys.capacity() > 4 * keys.len() {
            keys.shrink_to(2 * keys.len());
        }
        true
    }
}
