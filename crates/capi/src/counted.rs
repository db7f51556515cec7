//! Filters that are asked for several times, and end with the last.

use std::collections::BTreeMap;

use zeekwire::{Glob, TopicFilter};

use crate::failure::{Failure, Outcome};
use crate::zw_result;

/// Filters, compiled, and how often each was asked for.
#[derive(Default)]
pub(crate) struct Counted(BTreeMap<TopicFilter, (usize, Glob)>);

impl Counted {
    pub(crate) fn add(&mut self, filter: &TopicFilter) {
        let entry = self.0.entry(filter.clone());
        entry.or_insert_with(|| (0, Glob::new(filter.clone()))).0 += 1;
    }

    /// Takes one away. Returns whether it was the last of its kind.
    pub(crate) fn remove(&mut self, filter: &TopicFilter) -> Outcome<bool> {
        let Some((count, _)) = self.0.get_mut(filter) else {
            let text = format!("{filter} is not in force here");
            return Err(Failure::new(zw_result::ZW_NOT_FOUND, text));
        };
        *count -= 1;
        let last = *count == 0;
        if last {
            self.0.remove(filter);
        }
        Ok(last)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &TopicFilter> {
        self.0.keys()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any of them matches.
    pub(crate) fn matches(&self, topic: &[u8]) -> bool {
        self.0.values().any(|(_, glob)| glob.matches(topic))
    }
}
