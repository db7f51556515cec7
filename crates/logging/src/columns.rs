//! Batches in memory: rows go in one by one and lie in columns, and come out by row or by column.
//!
//! [`BatchBuilder`] takes rows of cells and checks them against the stream. [`BatchView`] lends the
//! cells of a received batch, without copying. Each column stores the values of one field, or the
//! elements of all sets or vectors of a field, densely: a row without a value has a place all the
//! same.
//!
//! # Dictionaries
//!
//! A column of strings starts as a dictionary: a code of one byte for each row. It becomes plain
//! bytes, for the rest of the batch and the next [`PLAIN_BATCH_COUNT`] batches, when an entry does
//! not pay: when it would be the 257th, is longer than 255 bytes, or when more than
//! [`TRIAL_COUNT`] entries are there and less than every second row repeats one.

mod builder;
mod column;
mod dictionary;
mod texts;
mod view;

pub use builder::{BatchBuilder, StreamError};
pub(crate) use column::{Addresses, Column, Store};
pub(crate) use texts::Form;
pub use texts::{PLAIN_BATCH_COUNT, TRIAL_COUNT};
pub use view::{BatchView, ColumnView, Damage};
pub(crate) use view::{RawColumn, RawStore};
