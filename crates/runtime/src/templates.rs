//! Envelopes of the topics that this node publishes on, made once for each.

use std::collections::HashMap;

use zeekwire_core::wire::EnvelopeTemplate;
use zeekwire_types::NodeId;

/// Topics whose envelopes are remembered; beyond it all are forgotten and made anew.
const TEMPLATE_COUNT_MAX: usize = 1024;

/// Envelopes by topic and format.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    entries: Vec<Entry>,
    by_topic: HashMap<Box<[u8]>, Vec<usize>>,
    last: usize,
}

#[derive(Debug)]
struct Entry {
    topic: Box<[u8]>,
    format: Box<str>,
    template: EnvelopeTemplate,
}

impl Templates {
    /// The envelope of a topic and format, both checked before.
    #[inline]
    pub(crate) fn find(&mut self, id: &NodeId, topic: &[u8], format: &str) -> &EnvelopeTemplate {
        let is_last = self
            .entries
            .get(self.last)
            .is_some_and(|entry| *entry.topic == *topic && *entry.format == *format);
        if !is_last {
            self.last = self.search(id, topic, format);
        }
        &self.entries[self.last].template
    }

    fn search(&mut self, id: &NodeId, topic: &[u8], format: &str) -> usize {
        let known = self.by_topic.get(topic).into_iter().flatten();
        let found = known
            .copied()
            .find(|index| *self.entries[*index].format == *format);
        if let Some(index) = found {
            return index;
        }
        if self.entries.len() >= TEMPLATE_COUNT_MAX {
            self.entries.clear();
            self.by_topic.clear();
        }
        let template = EnvelopeTemplate::new(id, topic, format);
        self.entries.push(Entry {
            topic: topic.into(),
            format: format.into(),
            template,
        });
        let index = self.entries.len() - 1;
        self.by_topic.entry(topic.into()).or_default().push(index);
        index
    }
}
