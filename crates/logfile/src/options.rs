//! What can be chosen about a log file, under Zeek's names.

use std::fmt;

use zeekwire_types::LogField;

/// How times look in JSON.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum TimestampFormat {
    /// `JSON::TS_EPOCH`: seconds since the Unix epoch, with a fraction.
    #[default]
    Epoch,
    /// `JSON::TS_MILLIS`: whole milliseconds since the Unix epoch.
    Millis,
    /// `JSON::TS_MILLIS_UNSIGNED`: the same, where times before the epoch wrap around.
    MillisUnsigned,
    /// `JSON::TS_ISO8601`: `2026-01-20T00:00:00.000000Z`.
    Iso8601,
}

impl TimestampFormat {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Epoch,
        Self::Millis,
        Self::MillisUnsigned,
        Self::Iso8601,
    ];

    /// Zeek's name: `JSON::TS_EPOCH`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Epoch => "JSON::TS_EPOCH",
            Self::Millis => "JSON::TS_MILLIS",
            Self::MillisUnsigned => "JSON::TS_MILLIS_UNSIGNED",
            Self::Iso8601 => "JSON::TS_ISO8601",
        }
    }
}

/// What becomes of bytes in JSON strings that cannot be printed.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum StringEscapePolicy {
    /// `JSON::STRING_ESCAPE_POLICY_HEX`: `\x` and two digits. A text that looks like it stays as
    /// it is, so the bytes cannot always be told again.
    #[default]
    Hex,
    /// `JSON::STRING_ESCAPE_POLICY_PUA`: characters of a plane for private use, U+F0000 and the
    /// byte.
    PrivateUse,
    /// `JSON::STRING_ESCAPE_POLICY_TSV`: as in TSV, with a doubled backslash.
    Tsv,
}

impl StringEscapePolicy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hex, Self::PrivateUse, Self::Tsv];

    /// Zeek's name: `JSON::STRING_ESCAPE_POLICY_HEX`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hex => "JSON::STRING_ESCAPE_POLICY_HEX",
            Self::PrivateUse => "JSON::STRING_ESCAPE_POLICY_PUA",
            Self::Tsv => "JSON::STRING_ESCAPE_POLICY_TSV",
        }
    }
}

/// The options of Zeek's `LogAscii`, with its names and defaults.
///
/// ```
/// use zeekwire_logfile::{Options, TimestampFormat};
///
/// let mut options = Options::default();
/// options.set("use_json", "T")?;
/// options.set("json_timestamps", "JSON::TS_ISO8601")?;
/// assert_eq!(options.json_timestamps, TimestampFormat::Iso8601);
/// assert_eq!(options.extension(), ".log");
/// # Ok::<(), zeekwire_logfile::OptionError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Options {
    /// Write JSON, one object per line, instead of TSV.
    pub use_json: bool,
    /// How times look in JSON.
    pub json_timestamps: TimestampFormat,
    /// Write unset fields as `null` in JSON, instead of leaving them out.
    pub json_include_unset_fields: bool,
    /// What becomes of bytes in JSON strings that cannot be printed.
    pub json_string_escape_policy: StringEscapePolicy,
    /// Let characters of UTF-8 through as they are in TSV.
    pub enable_utf_8: bool,
    /// Write header and `#close` lines in TSV.
    pub include_meta: bool,
    /// A single header line with the names of the fields, instead of all the header lines. Zeek
    /// calls this option `tsv`.
    pub names_only: bool,
    /// What header lines start with. A row that does is escaped.
    pub meta_prefix: Vec<u8>,
    /// Between fields.
    pub separator: Vec<u8>,
    /// Between the elements of sets and vectors.
    pub set_separator: Vec<u8>,
    /// Stands for an empty string, set or vector.
    pub empty_field: Vec<u8>,
    /// Stands for a field without a value.
    pub unset_field: Vec<u8>,
    /// How well to compress, 1 to 9; 0 not at all.
    pub gzip_level: u8,
    /// What the names of compressed files end with, after the point; empty means `gz`.
    pub gzip_file_extension: String,
    /// What the names of all files end with, after the point. Zeek takes it from the environment
    /// variable `ZEEK_LOG_SUFFIX`.
    pub log_suffix: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            use_json: false,
            json_timestamps: TimestampFormat::default(),
            json_include_unset_fields: false,
            json_string_escape_policy: StringEscapePolicy::default(),
            enable_utf_8: true,
            include_meta: true,
            names_only: false,
            meta_prefix: b"#".to_vec(),
            separator: b"\t".to_vec(),
            set_separator: b",".to_vec(),
            empty_field: b"(empty)".to_vec(),
            unset_field: b"-".to_vec(),
            gzip_level: 0,
            gzip_file_extension: "gz".to_owned(),
            log_suffix: "log".to_owned(),
        }
    }
}

impl Options {
    /// Zeek's defaults, with JSON.
    #[must_use]
    pub fn json() -> Self {
        Self {
            use_json: true,
            ..Self::default()
        }
    }

    /// Sets an option by Zeek's name, from a text as a filter's `$config` has it: `T` and `F`,
    /// numbers, and texts as they are.
    ///
    /// # Errors
    /// [`OptionError`] when there is no such option or it cannot have this value; nothing has
    /// changed then.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), OptionError> {
        let refused = |expected| OptionError::Value {
            name: name.to_owned(),
            value: value.to_owned(),
            expected,
        };
        let flag = || match value {
            "T" => Ok(true),
            "F" => Ok(false),
            _ => Err(refused("T or F")),
        };
        let separator = || match value.contains('\n') {
            true => Err(refused("a text without a line break")),
            false => Ok(value.as_bytes().to_vec()),
        };
        match name {
            "use_json" => self.use_json = flag()?,
            "json_include_unset_fields" => self.json_include_unset_fields = flag()?,
            "enable_utf_8" => self.enable_utf_8 = flag()?,
            "include_meta" => self.include_meta = flag()?,
            "tsv" => self.names_only = flag()?,
            "json_timestamps" => {
                let known = TimestampFormat::ALL.into_iter().find(|f| f.name() == value);
                let expected = "JSON::TS_EPOCH, TS_MILLIS, TS_MILLIS_UNSIGNED or TS_ISO8601";
                self.json_timestamps = known.ok_or_else(|| refused(expected))?;
            }
            "json_string_escape_policy" => {
                let known = StringEscapePolicy::ALL
                    .into_iter()
                    .find(|p| p.name() == value);
                let expected = "JSON::STRING_ESCAPE_POLICY_HEX, _PUA or _TSV";
                self.json_string_escape_policy = known.ok_or_else(|| refused(expected))?;
            }
            "meta_prefix" => self.meta_prefix = separator()?,
            "separator" => self.separator = separator()?,
            "set_separator" => self.set_separator = separator()?,
            "empty_field" => self.empty_field = value.as_bytes().to_vec(),
            "unset_field" => self.unset_field = value.as_bytes().to_vec(),
            "gzip_level" => {
                let level = value.parse().ok().filter(|level| *level <= 9);
                self.gzip_level = level.ok_or_else(|| refused("a number from 0 to 9"))?;
            }
            "gzip_file_extension" => value.clone_into(&mut self.gzip_file_extension),
            _ => return Err(OptionError::Unknown(name.to_owned())),
        }
        Ok(())
    }

    /// What the name of a file ends with: `.log`, or `.log.gz`.
    #[must_use]
    pub fn extension(&self) -> String {
        let mut extension = format!(".{}", self.log_suffix);
        if self.gzip_level > 0 {
            let gzip = match self.gzip_file_extension.as_str() {
                "" => "gz",
                extension => extension,
            };
            extension = format!("{extension}.{gzip}");
        }
        extension
    }

    /// Checks what [`Options::set`] cannot see from one option alone.
    ///
    /// # Errors
    /// [`OptionError::SameSeparator`] when rows could not be told apart again.
    pub fn check(&self) -> Result<(), OptionError> {
        if !self.use_json && self.separator == self.set_separator {
            return Err(OptionError::SameSeparator);
        }
        Ok(())
    }

    /// Checks whether the options and a stream's fields go together.
    pub(crate) fn check_fields(&self, fields: &[LogField]) -> Result<(), OptionError> {
        self.check()?;
        let broken = fields.iter().find(|field| {
            let name = field.name.as_bytes();
            name.contains(&b'\n') || (!self.use_json && contains(name, &self.separator))
        });
        match broken {
            Some(field) => Err(OptionError::FieldName(field.name.clone())),
            None => Ok(()),
        }
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|window| window == part)
}

/// Why an option cannot be as it was asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum OptionError {
    /// There is no option of this name.
    Unknown(String),
    /// The option cannot have this value.
    Value {
        /// The option's name.
        name: String,
        /// What it was to be.
        value: String,
        /// What it can be.
        expected: &'static str,
    },
    /// `separator` and `set_separator` are the same.
    SameSeparator,
    /// A field's name holds a line break or the separator.
    FieldName(String),
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "log files have no option `{name}`"),
            Self::Value {
                name,
                value,
                expected,
            } => {
                write!(f, "option `{name}` cannot be {value:?}: it is {expected}")
            }
            Self::SameSeparator => f.write_str(
                "`separator` and `set_separator` are the same: nobody could read the file",
            ),
            Self::FieldName(name) => {
                write!(
                    f,
                    "field {name:?} has a line break or the separator in its name"
                )
            }
        }
    }
}

impl std::error::Error for OptionError {}
