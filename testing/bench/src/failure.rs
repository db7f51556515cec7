//! Why a measurement could not be taken, in words for the one who ran it.

use std::fmt;
use std::io;

/// What every fallible function of the harness returns.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// A sentence that says what went wrong and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The same failure, with the place where it happened in front.
    #[must_use]
    pub(crate) fn at(self, place: &str) -> Self {
        Self(format!("{place}: {}", self.0))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<std::num::ParseIntError> for Failure {
    fn from(error: std::num::ParseIntError) -> Self {
        Self(error.to_string())
    }
}

impl From<std::num::ParseFloatError> for Failure {
    fn from(error: std::num::ParseFloatError) -> Self {
        Self(error.to_string())
    }
}
