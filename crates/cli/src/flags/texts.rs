//! Values of flags: read from what was typed, with errors that say what to type instead.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use zeekwire::{Endpoint, Topic, TopicFilter, Value};

/// A span of time in seconds, such as `5` or `0.5`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Seconds(pub(crate) Duration);

impl Seconds {
    /// A year and a bit: anything longer is a typing error.
    const MAX: f64 = 4e7;
}

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = text
            .strip_suffix('s')
            .unwrap_or(text)
            .trim_end()
            .parse::<f64>();
        match seconds {
            Ok(seconds) if (0.0..=Self::MAX).contains(&seconds) => {
                Ok(Self(Duration::from_secs_f64(seconds)))
            }
            _ => Err("write seconds, such as 5 or 0.5".to_owned()),
        }
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_secs_f64())
    }
}

/// Endpoints of which one is connected to at a time, such as `tcp://a:4000,tcp://b:4000`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Endpoints(Vec<Endpoint>);

impl FromStr for Endpoints {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let each = text.split(',').map(|one| endpoint(one.trim()));
        each.collect::<Result<_, _>>().map(Self)
    }
}

impl From<Endpoint> for Endpoints {
    fn from(endpoint: Endpoint) -> Self {
        Self(vec![endpoint])
    }
}

impl fmt::Display for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, endpoint) in self.0.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { "," })?;
            endpoint.fmt(f)?;
        }
        Ok(())
    }
}

/// Reads an endpoint that another process can share.
pub(crate) fn endpoint(text: &str) -> Result<Endpoint, String> {
    match text.parse() {
        Ok(Endpoint::Inproc(_)) => {
            Err("inproc:// is within one process: use tcp:// or ipc://".to_owned())
        }
        Ok(endpoint) => Ok(endpoint),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads a filter over topics.
pub(crate) fn filter(text: &str) -> Result<String, String> {
    match TopicFilter::new(text) {
        Ok(_) if looks_like_endpoint(text) => Err(endpoint_mistake(text)),
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads a topic.
pub(crate) fn topic(text: &str) -> Result<String, String> {
    match Topic::check(text.as_bytes()) {
        Ok(()) if looks_like_endpoint(text) => Err(endpoint_mistake(text)),
        Ok(()) if Topic::is_reserved(text.as_bytes()) => {
            Err(zeekwire::TopicError::Reserved.to_string())
        }
        Ok(()) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads the name of a format.
pub(crate) fn format_name(text: &str) -> Result<String, String> {
    if zeekwire::serializer::by_name(text).is_some() {
        return Ok(text.to_owned());
    }
    let names: Vec<&str> = zeekwire::serializer::names().collect();
    Err(format!(
        "no format is called so; there are {}",
        names.join(", ")
    ))
}

/// Reads an event's argument, as values are written in Zeek's scripts.
pub(crate) fn argument(text: &str) -> Result<Value, String> {
    Value::parse_text(text).map_err(|error| error.to_string())
}

/// Reads the name of an event.
pub(crate) fn event_name(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("an event's name has no spaces: write Module::name".to_owned());
    }
    Ok(text.to_owned())
}

fn looks_like_endpoint(text: &str) -> bool {
    ["tcp://", "ipc://", "inproc://"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
}

fn endpoint_mistake(text: &str) -> String {
    format!("this is an endpoint: write --connect {text} or --listen {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_numbers_that_are_not_negative() {
        for (text, ms) in [("5", 5000), ("0.25", 250), ("2s", 2000), ("0", 0)] {
            assert_eq!(
                text.parse(),
                Ok(Seconds(Duration::from_millis(ms))),
                "of {text:?}"
            );
        }
        for text in ["", "-1", "nan", "inf", "1e99", "5 min", "x"] {
            assert!(text.parse::<Seconds>().is_err(), "of {text:?}");
        }
    }

    #[test]
    fn endpoint_in_the_place_of_a_topic_is_noticed() {
        assert!(
            topic("tcp://127.0.0.1:1")
                .unwrap_err()
                .contains("--connect")
        );
        assert!(filter("ipc:///x").unwrap_err().contains("--listen"));
        assert!(topic("a/b").is_ok() && filter("a/*").is_ok());
        assert!(topic(".x").is_err() && topic(".node.a").is_ok() && topic("").is_err());
    }

    #[test]
    fn event_names_have_no_spaces() {
        assert!(event_name("Demo::hello").is_ok());
        for name in ["", "a b", "a\n"] {
            assert!(event_name(name).is_err(), "of {name:?}");
        }
    }

    #[test]
    fn endpoint_within_one_process_is_refused() {
        assert!(endpoint("inproc://a").unwrap_err().contains("tcp://"));
        assert!(endpoint("tcp://127.0.0.1:1").is_ok());
    }

    #[test]
    fn endpoints_are_separated_by_commas() {
        let text = "tcp://127.0.0.1:1,ipc:///x";
        let endpoints: Endpoints = text.parse().unwrap();
        assert_eq!((endpoints.0.len(), endpoints.to_string()), (2, text.into()));
        assert_eq!("tcp://127.0.0.1:1, ipc:///x".parse(), Ok(endpoints));
        for text in ["", "tcp://127.0.0.1:1,", "tcp://127.0.0.1:1,inproc://a"] {
            assert!(text.parse::<Endpoints>().is_err(), "of {text:?}");
        }
    }

    #[test]
    fn unknown_format_is_told_the_known_ones() {
        assert!(format_name("json").unwrap_err().contains("broker-json-v1"));
        assert!(format_name("capnp-v1").is_ok());
    }
}
