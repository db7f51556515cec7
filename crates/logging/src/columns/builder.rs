//! Rows into columns.

use std::fmt;
use std::sync::Arc;

use zeekwire_types::limits::{LOG_BATCH_ROW_COUNT_MAX, LOG_FIELD_COUNT_MAX, PAYLOAD_BYTES_MAX};
use zeekwire_types::log::{Cell, LogField, LogStream, RowError, RowFault, StreamHash};

use super::column::{BLOCK_ROW_COUNT, Cells, Column, Misfit};

/// Rows for which a new builder has room.
const ROWS_MIN: usize = 64;
/// Bytes of a message that are neither values nor columns.
const MESSAGE_BYTES: usize = 1024;
/// Bytes of a column that are not values.
const COLUMN_BYTES: usize = 128;

/// Collects rows of one stream into a batch, reusing its memory from batch to batch: once it has
/// seen a batch, rows of the same kind cost no allocation.
///
/// ```
/// use std::sync::Arc;
/// use zeekwire_logging::BatchBuilder;
/// use zeekwire_types::log::{Cell, LogField, LogStream, LogType};
///
/// let fields = [LogField::new("ts", LogType::Time), LogField::new("uid", LogType::String)];
/// let stream = Arc::new(LogStream::new("Test::LOG", "test", fields));
/// let mut batch = BatchBuilder::open(stream)?;
/// batch.append(&[Cell::Time(1.5), Cell::String(b"C1")])?;
/// let error = batch.append(&[Cell::Time(1.5), Cell::Count(1)]).unwrap_err();
/// assert_eq!(error.to_string(), "field `uid`: expected string, found count");
/// assert_eq!(batch.row_count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct BatchBuilder {
    stream: Arc<LogStream>,
    hash: StreamHash,
    columns: Vec<Column>,
    row_count: usize,
    /// Rows for which the columns have room.
    room: usize,
    /// What strings, sets and vectors take beyond a fixed size per row.
    variable_bytes: usize,
    fixed_row_bytes: usize,
}

impl BatchBuilder {
    /// An empty batch of that stream.
    ///
    /// # Errors
    /// [`StreamError`] when no row can fit the stream's fields.
    pub fn open(stream: Arc<LogStream>) -> Result<Self, StreamError> {
        StreamError::check(&stream)?;
        let columns: Vec<_> = stream.fields.iter().map(Column::of_field).collect();
        let fixed_row_bytes = columns.iter().map(Column::row_bytes).sum();
        Ok(Self {
            hash: stream.hash(),
            stream,
            columns,
            row_count: 0,
            room: 0,
            variable_bytes: 0,
            fixed_row_bytes,
        })
    }

    /// The stream.
    #[must_use]
    pub const fn stream(&self) -> &Arc<LogStream> {
        &self.stream
    }

    /// The stream's hash.
    #[must_use]
    pub const fn hash(&self) -> StreamHash {
        self.hash
    }

    /// Rows in the batch.
    #[must_use]
    pub const fn row_count(&self) -> usize {
        self.row_count
    }

    /// Whether there are no rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.row_count == 0
    }

    /// At most this many bytes does the batch take on the wire. Cheap enough to ask for each row.
    #[must_use]
    pub const fn bytes_max(&self) -> usize {
        MESSAGE_BYTES
            + self.columns.len() * COLUMN_BYTES
            + self.row_count * self.fixed_row_bytes
            + self.variable_bytes
    }

    /// Adds a row: one cell for each field, unset or of the field's type.
    ///
    /// # Errors
    /// [`RowError`] names the field that is wrong, and the batch is as it was.
    /// [`RowFault::BatchFull`] when the row may fit an empty batch.
    pub fn append(&mut self, row: &[Cell<'_>]) -> Result<(), RowError> {
        if row.len() != self.columns.len() {
            return Err(RowError::count(self.columns.len(), row.len()));
        }
        let at = self.row_count;
        if at == self.room {
            self.grow()?;
        }
        let mut variable_bytes = self.variable_bytes;
        for (index, (column, cell)) in self.columns.iter_mut().zip(row).enumerate() {
            if let Err(misfit) = column.put_one(at, cell, &mut variable_bytes) {
                return Err(self.undo(index, misfit));
            }
        }
        self.settle(at + 1, variable_bytes)
    }

    /// Adds many rows, whose cells follow each other. Takes less than half the time of adding one
    /// after the other, because each column is looked at once for many rows.
    ///
    /// # Errors
    /// [`RowError`] as for [`append`](Self::append): for the first row that does not fit. The rows
    /// in front of it are in the batch: [`row_count`](Self::row_count) tells how far it got.
    pub fn append_all(&mut self, cells: &[Cell<'_>]) -> Result<(), RowError> {
        let width = self.columns.len();
        if !cells.len().is_multiple_of(width) {
            return Err(RowError::count(width, cells.len() % width));
        }
        for block in cells.chunks(width * BLOCK_ROW_COUNT) {
            if self.append_block(block).is_ok() {
                continue;
            }
            for row in block.chunks_exact(width) {
                self.append(row)?;
            }
        }
        Ok(())
    }

    /// Adds whole rows, or none.
    fn append_block(&mut self, cells: &[Cell<'_>]) -> Result<(), RowError> {
        let width = self.columns.len();
        let row_count = self.row_count + cells.len() / width;
        while row_count > self.room {
            self.grow()?;
        }
        for (index, column) in self.columns.iter_mut().enumerate() {
            if let Err(misfit) = column.put(self.row_count, Cells::new(cells, width, index)) {
                return Err(self.undo(index, misfit));
            }
        }
        let variable_bytes = self.columns.iter().map(Column::variable_bytes).sum();
        self.settle(row_count, variable_bytes)
    }

    /// Takes rows into the batch that all columns have, unless that makes it too large.
    fn settle(&mut self, row_count: usize, variable_bytes: usize) -> Result<(), RowError> {
        let before = std::mem::replace(&mut self.row_count, row_count);
        self.variable_bytes = variable_bytes;
        if self.bytes_max() <= PAYLOAD_BYTES_MAX {
            return Ok(());
        }
        self.row_count = before;
        Err(self.too_large())
    }

    /// Forgets the rows and keeps the memory.
    pub fn clear(&mut self) {
        for column in &mut self.columns {
            column.clear(self.row_count);
        }
        self.row_count = 0;
        self.variable_bytes = 0;
    }

    /// The columns, with as many rows as the batch has.
    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Makes room for more rows.
    #[cold]
    fn grow(&mut self) -> Result<(), RowError> {
        if self.room == LOG_BATCH_ROW_COUNT_MAX {
            return Err(RowError::of_row(RowFault::BatchFull));
        }
        self.room = (self.room * 2).clamp(ROWS_MIN, LOG_BATCH_ROW_COUNT_MAX);
        for column in &mut self.columns {
            column.grow(self.room);
        }
        Ok(())
    }

    /// Takes back what the columns have of rows that are not in the batch.
    #[cold]
    fn undo(&mut self, index: usize, misfit: Misfit) -> RowError {
        self.truncate();
        let fault = match misfit {
            Misfit::Type(expected, found) => RowFault::Type { expected, found },
            Misfit::Element(index, expected, found) => RowFault::Element {
                index,
                expected,
                found,
            },
            Misfit::Full if self.row_count == 0 => RowFault::TooLarge,
            Misfit::Full => RowFault::BatchFull,
        };
        RowError::at(index, &self.stream.fields[index].name, fault)
    }

    #[cold]
    fn too_large(&mut self) -> RowError {
        self.truncate();
        RowError::of_row(match self.row_count {
            0 => RowFault::TooLarge,
            _ => RowFault::BatchFull,
        })
    }

    fn truncate(&mut self) {
        for column in &mut self.columns {
            column.truncate(self.row_count);
        }
        self.variable_bytes = self.columns.iter().map(Column::variable_bytes).sum();
    }
}

/// Why a stream cannot be opened.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StreamError {
    /// It has no fields, or more than [`LOG_FIELD_COUNT_MAX`].
    FieldCount(usize),
    /// A field, of this name and type, cannot be in a row.
    NotLoggable(String, String),
}

impl StreamError {
    /// Whether rows can fit the fields.
    pub(crate) fn check(stream: &LogStream) -> Result<(), Self> {
        let count = stream.fields.len();
        if count == 0 || count > LOG_FIELD_COUNT_MAX {
            return Err(Self::FieldCount(count));
        }
        let bad = |field: &&LogField| !field.is_loggable();
        match stream.fields.iter().find(bad) {
            Some(field) => Err(Self::NotLoggable(field.name.clone(), field.type_name())),
            None => Ok(()),
        }
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FieldCount(count) => write!(
                f,
                "a log stream has 1 to {LOG_FIELD_COUNT_MAX} fields, not {count}"
            ),
            Self::NotLoggable(name, kind) => {
                write!(f, "field `{name}`: `{kind}` cannot be logged")
            }
        }
    }
}

impl std::error::Error for StreamError {}
