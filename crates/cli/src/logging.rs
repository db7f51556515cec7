//! The library's log lines, on standard error.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// What is logged unless a flag or the environment says otherwise.
const DEFAULT: &str = "warn";

/// Starts to print log lines: what the flag says, else what `RUST_LOG` says, else warnings.
pub(crate) fn start(flag: Option<&str>) -> Result<(), Failure> {
    let variable = std::env::var("RUST_LOG")
        .ok()
        .filter(|text| !text.is_empty());
    let (text, source) = match (flag, &variable) {
        (Some(text), _) => (text, "--log-level"),
        (None, Some(text)) => (text.as_str(), "RUST_LOG"),
        (None, None) => (DEFAULT, "the default"),
    };
    let filter = EnvFilter::try_new(text).map_err(|error| {
        Failure::usage(format_args!(
            "{source}: {text:?} is not a log level: {error}; \
             write error, warn, info, debug or trace, or zeekwire_runtime=debug"
        ))
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
    Ok(())
}
