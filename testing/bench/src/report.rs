//! The lines of a result, as a table for people and as JSON for programs.

use std::fmt::Write;

use serde_json::json;

use crate::failure::Failure;
use crate::stats::Samples;

/// What a figure is held to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
    /// Reported only.
    None,
}

/// One line of the result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) target: Target,
    /// Of `ours` and `rival`, and of `value` where there is no rival.
    pub(crate) unit: &'static str,
    pub(crate) outcome: Outcome,
}

/// What became of a figure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// `value` is ours over the rival's where there are both, and otherwise the one that there is.
    Measured {
        value: f64,
        ours: Option<Reading>,
        rival: Option<Reading>,
        note: String,
    },
    /// Something is not installed; the text says what, and how to get it.
    Skipped(String),
    /// The measurement went wrong.
    Failed(Failure),
}

/// A median and the range it came from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) median: f64,
    pub(crate) smallest: f64,
    pub(crate) largest: f64,
}

impl Target {
    /// Whether `value` is good enough.
    pub(crate) fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bound) => value >= bound,
            Self::AtMost(bound) => value <= bound,
            Self::None => true,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(bound) => format!(">= {bound}"),
            Self::AtMost(bound) => format!("<= {bound}"),
            Self::None => "-".to_owned(),
        }
    }
}

impl Reading {
    pub(crate) fn of(samples: &Samples) -> Option<Self> {
        let (smallest, largest) = samples.range()?;
        Some(Self {
            median: samples.median()?,
            smallest,
            largest,
        })
    }

    fn text(&self) -> String {
        let median = number(self.median);
        if self.smallest.total_cmp(&self.largest).is_eq() {
            return median;
        }
        format!(
            "{median} ({}..{})",
            number(self.smallest),
            number(self.largest)
        )
    }
}

impl Outcome {
    /// Ours over the rival's, from medians.
    pub(crate) fn ratio(ours: &Samples, rival: &Samples, note: impl Into<String>) -> Self {
        match (Reading::of(ours), Reading::of(rival)) {
            (Some(ours), Some(rival)) => {
                let value = ours.median / rival.median;
                let (ours, rival) = (Some(ours), Some(rival));
                Self::Measured {
                    value,
                    ours,
                    rival,
                    note: note.into(),
                }
            }
            _ => Self::Failed(Failure::new("no run was completed")),
        }
    }

    /// Ours alone.
    pub(crate) fn single(ours: &Samples, note: impl Into<String>) -> Self {
        match Reading::of(ours) {
            Some(ours) => {
                let value = ours.median;
                Self::Measured {
                    value,
                    ours: Some(ours),
                    rival: None,
                    note: note.into(),
                }
            }
            None => Self::Failed(Failure::new("no run was completed")),
        }
    }

    /// A rival alone.
    pub(crate) fn rival(rival: &Samples, note: impl Into<String>) -> Self {
        match Self::single(rival, note) {
            Self::Measured {
                value, ours, note, ..
            } => Self::Measured {
                value,
                ours: None,
                rival: ours,
                note,
            },
            other => other,
        }
    }
}

impl Row {
    /// Whether the figure was measured and holds, or is only reported or skipped.
    pub(crate) fn holds(&self) -> bool {
        match &self.outcome {
            Outcome::Measured { value, .. } => self.target.holds(*value),
            Outcome::Skipped(_) => true,
            Outcome::Failed(_) => false,
        }
    }

    /// One JSON object without a line break.
    pub(crate) fn json(&self) -> String {
        let mut object = json!({
            "id": self.id, "value": null, "ours": null, "rival": null, "unit": self.unit,
        });
        match &self.outcome {
            Outcome::Measured {
                value, ours, rival, ..
            } => {
                object["value"] = json!(value);
                object["ours"] = json!(ours.map(|ours| ours.median));
                object["rival"] = json!(rival.map(|rival| rival.median));
            }
            Outcome::Skipped(why) => object["skipped"] = json!(why),
            Outcome::Failed(why) => object["failed"] = json!(why.to_string()),
        }
        object.to_string()
    }

    /// One line of the table.
    pub(crate) fn text(&self) -> String {
        let id = &self.id;
        match &self.outcome {
            Outcome::Measured {
                value,
                ours,
                rival,
                note,
            } => {
                let verdict = match self.target {
                    Target::None => "",
                    _ if self.holds() => "ok",
                    _ => "MISSED",
                };
                let [ours, rival] = [ours, rival].map(|reading| {
                    reading
                        .as_ref()
                        .map_or_else(|| "-".to_owned(), Reading::text)
                });
                let (value, target) = (number(*value), self.target.text());
                let mut line = format!(
                    "{id:38} {value:>9} {target:>8} {verdict:6} {ours:28} {rival:28} {}",
                    self.unit
                );
                if !note.is_empty() {
                    let _ = write!(line, "  [{note}]");
                }
                line
            }
            Outcome::Skipped(why) => format!("{id:38} skipped: {why}"),
            Outcome::Failed(why) => format!("{id:38} FAILED: {why}"),
        }
    }
}

/// The head of the table.
pub(crate) fn head() -> String {
    format!(
        "{:38} {:>9} {:>8} {:6} {:28} {:28} {}",
        "figure", "value", "target", "", "ours", "rival", "unit"
    )
}

/// Four significant digits, and never an exponent.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 1000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 10.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: &[f64]) -> Samples {
        values.iter().copied().collect()
    }

    fn row(outcome: Outcome) -> Row {
        Row {
            id: "rate_vs_rival".into(),
            target: Target::AtLeast(4.0),
            unit: "M msg/s",
            outcome,
        }
    }

    #[test]
    fn ratio_is_that_of_the_medians_shown_beside_it() {
        let outcome = Outcome::ratio(&samples(&[3.0, 9.0, 4.0]), &samples(&[1.0, 2.0, 0.5]), "");
        let row = row(outcome);
        assert!(row.holds());
        assert_eq!(
            row.json(),
            r#"{"id":"rate_vs_rival","ours":4.0,"rival":1.0,"unit":"M msg/s","value":4.0}"#
        );
        let text = row.text();
        assert!(text.contains("4.000 (3.000..9.000)"), "{text}");
        assert!(text.contains("1.000 (0.500..2.000)"), "{text}");
    }

    #[test]
    fn missed_target_is_said_aloud() {
        let row = row(Outcome::ratio(&samples(&[3.9]), &samples(&[1.0]), "1 run"));
        assert!(!row.holds());
        let text = row.text();
        assert!(
            text.contains("MISSED") && text.contains("[1 run]"),
            "{text}"
        );
    }

    #[test]
    fn single_has_no_rival() {
        let row = row(Outcome::single(&samples(&[5.0]), ""));
        assert!(row.json().contains(r#""rival":null"#));
    }

    #[test]
    fn skipped_and_failed_lines_keep_every_key() {
        for outcome in [
            Outcome::Skipped("apt-get".into()),
            Outcome::Failed(Failure::new("x")),
        ] {
            let json = row(outcome).json();
            for key in ["id", "value", "ours", "rival", "unit"] {
                assert!(json.contains(&format!("\"{key}\":")), "{json}");
            }
        }
    }

    #[test]
    fn without_runs_there_is_no_value() {
        let outcome = Outcome::ratio(&samples(&[]), &samples(&[1.0]), "");
        assert!(matches!(outcome, Outcome::Failed(_)));
    }

    #[test]
    fn numbers_are_short_whatever_their_size() {
        assert_eq!(number(0.25), "0.250");
        assert_eq!(number(61.123_4), "61.12");
        assert_eq!(number(2_412.6), "2413");
    }
}
