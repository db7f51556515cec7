//! Logs as Zeek's logging framework has them: streams, fields, and cells of every loggable type.
//!
//! A [`LogStream`] says what a row looks like. A row is one [`Cell`] per field, borrowed from
//! wherever the values lie: a program's own variables, a [`LogRow`], or a column of a received
//! batch. Nothing here allocates per cell.

mod cell;
mod field;
mod owned;
mod stream;
#[cfg(test)]
mod tests;

pub use cell::{Cell, ElementSource, Elements, ElementsIter};
pub use field::{LogField, LogType};
pub use owned::{LogRow, LogValue};
pub use stream::{LogStream, RowError, RowFault, StreamHash};
