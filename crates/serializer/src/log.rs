//! Log formats by the name that travels with each payload.
//!
//! | name | what it is |
//! |---|---|
//! | `zeek-bin-serializer` | Zeek's own, byte for byte as it sends batches over ZeroMQ |
//!
//! Zeekwire's own batches are columns; they live with the rest of logging, in `zeekwire-logging`.
//! All formats carry the same model, [`zeekwire_types::log`].

mod error;
pub mod zeek_bin;

use zeekwire_types::log::{LogRow, LogStream};

pub use error::{LogDecodeError, LogEncodeError, LogEncodeFault, LogFault};

/// A format for batches of log rows.
pub trait LogSerializer: Send + Sync {
    /// The format's name on the wire.
    fn name(&self) -> &'static str;

    /// Appends the bytes of a batch to `out`. On an error, `out` is as it was.
    ///
    /// # Errors
    /// [`LogEncodeError`] when a row does not fit the stream, or the format cannot carry it.
    fn encode(
        &self,
        stream: &LogStream,
        rows: &[LogRow],
        out: &mut Vec<u8>,
    ) -> Result<(), LogEncodeError>;

    /// The batch in `bytes`, which must hold it and nothing else.
    ///
    /// # Errors
    /// [`LogDecodeError`] names the place and what is wrong there.
    fn decode(&self, bytes: &[u8]) -> Result<LogBatch, LogDecodeError>;
}

/// A decoded batch, owned.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogBatch {
    /// What the rows look like.
    pub stream: LogStream,
    /// The rows.
    pub rows: Vec<LogRow>,
}

static ALL: [&dyn LogSerializer; 1] = [&zeek_bin::ZeekBin];

/// The log format of that name.
#[must_use]
pub fn log_by_name(name: &str) -> Option<&'static dyn LogSerializer> {
    ALL.into_iter().find(|format| format.name() == name)
}

/// The names of all log formats.
pub fn log_names() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().map(LogSerializer::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_found_by_name() {
        for name in log_names() {
            assert_eq!(log_by_name(name).map(LogSerializer::name), Some(name));
        }
        assert!(log_by_name("zeek-bin").is_none());
    }
}
