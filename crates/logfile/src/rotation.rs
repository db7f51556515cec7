//! When files are rotated, and what they are called then.

mod post_processor;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::path::PathBuf;

pub use self::post_processor::PostProcessorCounts;
pub use self::post_processor::PostProcessors;
use crate::calendar::FormatError;
use crate::calendar::STAMP_FORMAT;
use crate::calendar::Zone;

/// When and how files are rotated. The defaults are Zeek's: never by itself, and names such as
/// `conn.2026-11-20-08-28-00.log`.
#[derive(Clone, Debug, PartialEq)]
pub struct RotationOptions {
    /// `Log::default_rotation_interval`: seconds between rotations, 0 for none. Rotations fall on
    /// whole multiples of it, counted from `base_time` of the local day.
    pub interval: f64,
    /// `log_rotate_base_time`: seconds from the start of the day. `None` counts multiples from the
    /// Unix epoch.
    pub base_time: Option<f64>,
    /// Rotate once the file has this many bytes, 0 for never. Zeek has no such option.
    pub size_bytes: u64,
    /// `Log::default_rotation_dir`: where rotated files go, the log's own folder if empty. It is
    /// created when it is missing; a relative one lies in the working directory.
    pub directory: PathBuf,
    /// `Log::default_rotation_date_format`: the time in the name, as in C's `strftime`.
    pub date_format: String,
    /// Between path and time: `.` where Zeek's own post-processor is in use, `-` elsewhere, there
    /// with the date format `%y-%m-%d_%H.%M.%S`.
    pub name_separator: char,
}

impl Default for RotationOptions {
    fn default() -> Self {
        Self {
            interval: 0.0,
            base_time: Some(0.0),
            size_bytes: 0,
            directory: PathBuf::new(),
            date_format: STAMP_FORMAT.to_owned(),
            name_separator: '.',
        }
    }
}

impl RotationOptions {
    /// Checks that names can be made.
    ///
    /// # Errors
    /// [`FormatError`] when the date format asks for what cannot be told.
    pub fn check(&self) -> Result<(), FormatError> {
        Zone::utc().format(&self.date_format, 0.0).map(drop)
    }

    /// When a file is due that was opened at `opened`; `None` when time does not matter. Times are
    /// in seconds since the Unix epoch.
    #[must_use]
    pub fn next_after(&self, opened: f64, zone: &Zone) -> Option<f64> {
        let interval = self.interval;
        if !(interval.is_finite() && interval > 0.0) {
            return None;
        }
        let Some(base) = self.base_time else {
            return Some((opened / interval).floor() * interval + interval);
        };
        let start = zone.start_of_day(opened) + base;
        let next = start + ((opened - start) / interval).ceil() * interval;
        Some(if next > opened {
            next
        } else {
            opened + interval
        })
    }

    /// The name of a rotated file, without extension and folder.
    pub(crate) fn name(&self, path: &str, opened: f64, zone: &Zone) -> Result<String, FormatError> {
        let time = zone.format(&self.date_format, opened)?;
        Ok(format!("{path}{}{time}", self.name_separator))
    }

    /// The folder of rotated files.
    pub(crate) fn folder<'a>(&'a self, log: &'a Path) -> &'a Path {
        match self.directory.as_os_str().is_empty() {
            true => log,
            false => &self.directory,
        }
    }
}

/// A file that was rotated.
#[derive(Clone, Debug, PartialEq)]
pub struct Rotated {
    /// Where it is now.
    pub file: PathBuf,
    /// Where it was.
    pub previous: PathBuf,
    /// The log's path: `conn`.
    pub path: String,
    /// When the file was opened, in seconds since the Unix epoch.
    pub opened: f64,
    /// When it was closed.
    pub closed: f64,
    /// Whether it was rotated because the program ends.
    pub terminating: bool,
    /// Its length.
    pub bytes: u64,
}
