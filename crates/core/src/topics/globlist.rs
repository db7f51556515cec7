//! The filters with inner stars that share one literal prefix.

use std::ops::ControlFlow;

use super::arena::{Arena, NONE};
use super::glob::Glob;
use super::gram::Gram;
use super::grams::GramTable;
use super::hash::TopicHasher;
use super::rows::{Probe, Row, visit_rows};

/// Filters that differ in what follows their prefix and its star.
///
/// A few are simply tried. When there are more, each is filed under a gram, and those with only
/// short literals stay loose: they are tried for topics that have all their bytes.
#[derive(Debug)]
pub(super) struct GlobList {
    loose: Vec<Row>,
    grams: Option<Box<GramTable>>,
    len: usize,
}

/// Where in a list a filter is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Place {
    gram: Option<Gram>,
    at: u32,
}

/// One filter with an inner star.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) glob: Glob,
    /// The record of the filter.
    pub(super) record: u32,
    place: Place,
}

impl GlobList {
    pub(super) const fn new() -> Self {
        Self {
            loose: Vec::new(),
            grams: None,
            len: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Adds the inner filter `id` and notes its place there.
    pub(super) fn insert(&mut self, id: u32, inners: &mut Arena<Inner>, hasher: &TopicHasher) {
        self.len += 1;
        if self.grams.is_none() && self.len > DIRECT_ROW_COUNT_MAX {
            self.grams = Some(Box::new(GramTable::new()));
            for row in std::mem::take(&mut self.loose) {
                self.file(row, inners, hasher);
            }
        }
        self.file(Row::new(id, &inners[id].glob), inners, hasher);
    }

    /// Removes the inner filter `id`.
    pub(super) fn remove(&mut self, id: u32, inners: &mut Arena<Inner>, hasher: &TopicHasher) {
        let place = inners[id].place;
        let at = place.at as usize;
        let moved = match (&mut self.grams, place.gram) {
            (Some(grams), Some(gram)) => grams.remove(gram, at, hasher),
            _ => {
                debug_assert_eq!(self.loose[at].id, id);
                self.loose.swap_remove(at);
                if self.loose.capacity() > 4 * self.loose.len() {
                    self.loose.shrink_to(2 * self.loose.len());
                }
                self.loose.get(at).copied()
            }
        };
        if let Some(moved) = moved {
            inners[moved.id].place = place;
        }
        self.len -= 1;
        // Half of what makes a table, so that a filter which comes and goes does not make and
        // drop one each time.
        if self.len <= DIRECT_ROW_COUNT_MAX / 2
            && let Some(grams) = self.grams.take()
        {
            for row in grams.rows() {
                self.file(*row, inners, hasher);
            }
        }
    }

    /// Visits all filters that may match a topic which starts with the list's prefix of `from`
    /// bytes. Each is visited once at most.
    pub(super) fn visit(
        &self,
        probe: &mut Probe<'_>,
        from: usize,
        hasher: &TopicHasher,
        visit: &mut impl FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        visit_rows(&self.loose, probe, visit)?;
        match &self.grams {
            Some(grams) => grams.visit(probe, from, hasher, visit),
            None => ControlFlow::Continue(()),
        }
    }

    /// Replaces every id of an inner filter by what `moved` holds for it.
    pub(super) fn renumber(&mut self, moved: &[u32]) {
        let filed = self.grams.iter_mut().flat_map(|grams| grams.rows_mut());
        for row in self.loose.iter_mut().chain(filed) {
            row.id = moved[row.id as usize];
        }
    }

    /// Puts a row where it belongs and notes its place.
    fn file(&mut self, row: Row, inners: &mut Arena<Inner>, hasher: &TopicHasher) {
        let glob = &inners[row.id].glob;
        let gram = self
            .grams
            .as_ref()
            .and_then(|grams| grams.choose(glob, hasher));
        let at = match (&mut self.grams, gram) {
            (Some(grams), Some(gram)) => grams.insert(gram, row, hasher),
            _ => {
                self.loose.push(row);
                self.loose.len() - 1
            }
        };
        let at = u32::try_from(at).expect("there are fewer rows than ids");
        inners[row.id].place = Place { gram, at };
    }
}

impl Inner {
    /// A filter that is in no list yet and whose record is still to be told.
    pub(super) const fn new(glob: Glob) -> Self {
        Self {
            glob,
            record: NONE,
            place: Place { gram: None, at: 0 },
        }
    }
}

/// Up to this many filters are tried one by one.
const DIRECT_ROW_COUNT_MAX: usize = 8;
