//! The lines that role processes print: a verb and `key=value` words.

use std::str::FromStr;

use crate::failure::{Failure, Result};

/// A line such as `end deliveries=10 elapsed_ns=200`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Words(String);

impl Words {
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self(line.into())
    }

    /// The first word.
    pub(crate) fn verb(&self) -> &str {
        self.0.split_whitespace().next().unwrap_or_default()
    }

    /// The words after the first.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &str> {
        self.0.split_whitespace().skip(1)
    }

    /// The value of `key`.
    pub(crate) fn value<T: FromStr>(&self, key: &str) -> Result<T> {
        let text = self
            .rest()
            .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
            .ok_or_else(|| Failure::new(format!("no {key}= in the line {:?}", self.0)))?;
        text.parse()
            .map_err(|_| Failure::new(format!("{key}={text} is not a number")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_whole_key() {
        let words = Words::new("end elapsed_ns=200 ns=7");
        assert_eq!(words.verb(), "end");
        assert_eq!(words.value::<u64>("ns"), Ok(7));
        assert_eq!(words.value::<u64>("elapsed_ns"), Ok(200));
    }

    #[test]
    fn missing_or_malformed_value_is_an_error_that_names_it() {
        let words = Words::new("end count=many");
        assert!(
            words
                .value::<u64>("count")
                .unwrap_err()
                .to_string()
                .contains("count=many")
        );
        assert!(
            words
                .value::<u64>("lost")
                .unwrap_err()
                .to_string()
                .contains("lost=")
        );
    }
}
