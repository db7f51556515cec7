//! Small programs that run under an instruction counter: nothing but a loop, `count` times.

use std::hint::black_box;

use clap::ValueEnum;
use zeekwire_serializer::EventEncoder;

use crate::failure::{Failure, Result};
use crate::sample;

/// Which loop.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Probe {
    /// Encode an event and visit its arguments with our encoder and views.
    EventOurs,
    /// The same with nothing but generated code.
    EventBare,
}

impl Probe {
    /// The word for the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::EventOurs => "event-ours",
            Self::EventBare => "event-bare",
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
        }
        Ok(())
    }
}
