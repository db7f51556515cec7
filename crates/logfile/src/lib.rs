//! Zeek's log files: read, written, rotated, byte for byte as Zeek has them.
//!
//! - [`Formatter`] turns rows of cells into lines of TSV or JSON. It is a function: no file, no
//!   clock.
//! - [`LogFile`] is a file that grows by whole pieces, and never ends within a line for longer than
//!   a crash lasts.
//! - [`LogWriter`] joins the two, with rotation; [`PostProcessors`] work on what was rotated.
//! - [`Reader`] reads both formats, packed or not.
//!
//! Which options there are, what they are called and what they do is Zeek's `LogAscii`. Three
//! things differ on purpose: a file that is there is continued or set aside, never overwritten;
//! packed files are made of many gzip members, so that a crash costs the last one only; and a
//! rotated file never replaces another of the same second.

#![forbid(unsafe_code)]

mod address;
mod calendar;
mod escaping;
mod file;
mod formatter;
mod number;
mod options;
mod reader;
mod rotation;
mod writer;

pub use calendar::{FormatError, STAMP_FORMAT, Zone};
pub use file::{FileAction, FileError, LogFile, Tail};
pub use formatter::Formatter;
pub use options::{OptionError, Options, StringEscapePolicy, TimestampFormat};
pub use reader::{FileHeader, ReadError, ReadFault, ReadOptions, Reader, Row};
pub use rotation::{PostProcessorCounts, PostProcessors, Rotated, RotationOptions};
pub use writer::{Continued, LogWriter, WriterError, WriterOptions};
