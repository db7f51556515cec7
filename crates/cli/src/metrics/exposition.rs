//! The text format 0.0.4 of Prometheus.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use zeekwire::status::NodeStatus;

/// The media type of the format.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// One metric, with a sample for each combination of its labels' values.
#[derive(Clone, Copy)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) labels: &'static [&'static str],
    pub(super) help: &'static str,
    /// Takes the samples from a node's status.
    pub(super) read: fn(&NodeStatus, &mut Samples),
}

/// What a metric's value does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// It only grows, but for a start from zero.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// The samples of one metric, by the values of its labels.
#[derive(Debug, Default)]
pub(super) struct Samples {
    by_labels: BTreeMap<Vec<String>, f64>,
}

impl Samples {
    /// Adds to what has the same labels: links to one peer count together.
    pub(super) fn add(&mut self, labels: &[&str], value: f64) {
        *self.entry(labels) += value;
    }

    /// As [`Samples::add`], with a count.
    #[expect(clippy::cast_precision_loss, reason = "the format's numbers are these")]
    pub(super) fn count(&mut self, labels: &[&str], count: u64) {
        self.add(labels, count as f64);
    }

    /// Keeps the larger of this and what has the same labels.
    pub(super) fn at_least(&mut self, labels: &[&str], value: f64) {
        let known = self.entry(labels);
        *known = known.max(value);
    }

    fn entry(&mut self, labels: &[&str]) -> &mut f64 {
        let labels = labels.iter().map(|label| (*label).to_owned());
        self.by_labels.entry(labels.collect()).or_default()
    }
}

/// All metrics of a node, as text.
pub(super) fn render(families: &[Family], status: &NodeStatus) -> String {
    let mut text = String::new();
    for family in families {
        family
            .write(status, &mut text)
            .expect("a string takes every character");
    }
    text
}

impl Family {
    fn write(&self, status: &NodeStatus, out: &mut String) -> fmt::Result {
        let mut samples = Samples::default();
        (self.read)(status, &mut samples);
        let Self {
            name,
            kind,
            labels,
            help,
            ..
        } = self;
        writeln!(out, "# HELP {name} {}", escaped(help, false))?;
        writeln!(out, "# TYPE {name} {kind}")?;
        for (values, sample) in &samples.by_labels {
            assert_eq!(
                values.len(),
                labels.len(),
                "{name} has a value for each label"
            );
            out.push_str(name);
            for (i, (label, value)) in labels.iter().zip(values).enumerate() {
                let before = if i == 0 { '{' } else { ',' };
                write!(out, "{before}{label}=\"{}\"", escaped(value, true))?;
            }
            out.push_str(if labels.is_empty() { "" } else { "}" });
            writeln!(out, " {sample}")?;
        }
        Ok(())
    }
}

/// Text of a help line, or of a label's value, where quotes end it.
fn escaped(text: &str, is_quoted: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if is_quoted => out.push_str("\\\""),
            c => out.push(c),
        }
    }
    out
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_with_the_same_labels_are_one() {
        let family = Family {
            name: "x_total",
            kind: Kind::Counter,
            labels: &["a", "b"],
            help: "A \\ and\na \"quote\".",
            read: |_, samples| {
                samples.count(&["1", "q\"\\\n"], 2);
                samples.count(&["1", "q\"\\\n"], 3);
                samples.add(&["0", ""], 0.5);
            },
        };
        assert_eq!(
            render(&[family], &NodeStatus::default()),
            "# HELP x_total A \\\\ and\\na \"quote\".\n# TYPE x_total counter\n\
             x_total{a=\"0\",b=\"\"} 0.5\nx_total{a=\"1\",b=\"q\\\"\\\\\\n\"} 5\n"
        );
    }

    #[test]
    fn metric_without_labels_has_no_braces() {
        let family = Family {
            name: "x_bytes",
            kind: Kind::Gauge,
            labels: &[],
            help: "X.",
            read: |_, samples| samples.count(&[], 1 << 40),
        };
        let text = render(&[family], &NodeStatus::default());
        assert!(text.ends_with("gauge\nx_bytes 1099511627776\n"), "{text}");
    }
}
