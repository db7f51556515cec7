//! Small programs that run under an instruction counter: nothing but a loop, `count` times.

use std::hint::black_box;

use clap::ValueEnum;
use zeekwire_serializer::EventEncoder;

use crate::failure::{Failure, Result};
use crate::log_sample::Log;
use crate::sample;

/// Which loop.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Probe {
    /// Encode an event and visit its arguments with our encoder and views.
    EventOurs,
    /// The same with nothing but generated code.
    EventBare,
    /// Encode a batch of log rows as columns.
    LogEncodeOurs,
    /// The same in Zeek's own format.
    LogEncodeZeekBin,
    /// Decode a batch of columns and visit every cell.
    LogDecodeOurs,
    /// The same in Zeek's own format.
    LogDecodeZeekBin,
}

impl Probe {
    /// The word for the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::EventOurs => "event-ours",
            Self::EventBare => "event-bare",
            Self::LogEncodeOurs => "log-encode-ours",
            Self::LogEncodeZeekBin => "log-encode-zeek-bin",
            Self::LogDecodeOurs => "log-decode-ours",
            Self::LogDecodeZeekBin => "log-decode-zeek-bin",
        }
    }

    /// Runs the loop.
    pub(crate) fn run(self, count: u64) -> Result<()> {
        match self {
            Self::EventOurs => {
                let mut encoder = EventEncoder::new();
                let event = sample::five_arguments();
                for _ in 0..count {
                    black_box(sample::visit_ours(&mut encoder, black_box(&event))?);
                }
            }
            Self::EventBare => {
                let mut scratch = vec![0; 1024];
                let mut output = Vec::new();
                for _ in 0..count {
                    let sum = sample::visit_bare(&mut scratch, &mut output)
                        .map_err(|error| Failure::new(error.to_string()))?;
                    black_box(sum);
                }
            }
            Self::LogEncodeOurs => {
                let encoded = |bytes: &[u8]| {
                    black_box(bytes.len());
                };
                Log::load()?.encode_ours(count, encoded)?;
            }
            Self::LogEncodeZeekBin => {
                let encoded = |bytes: &[u8]| {
                    black_box(bytes.len());
                };
                Log::load()?.encode_zeek_bin(count, encoded)?;
            }
            Self::LogDecodeOurs => Log::load()?.decode_ours(count)?,
            Self::LogDecodeZeekBin => Log::load()?.decode_zeek_bin(count)?,
        }
        Ok(())
    }
}
