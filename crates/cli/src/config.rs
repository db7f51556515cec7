//! The configuration of `zeekwire node`: one annotated TOML file, or flags, or both.

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use zeekwire::{DropPolicy, Endpoint, Forwarding, NodeName, TopicFilter, limits};

use crate::failure::{Failure, why};
use crate::flags::{DEFAULT_ENDPOINT, Endpoints, endpoint};
use crate::metrics::MetricsAddress;

/// A file whose values are the defaults, with a word about each.
pub(crate) const EXAMPLE: &str = include_str!("config/example.toml");

/// How a node runs.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NodeConfig {
    pub(crate) name: Text<NodeName>,
    pub(crate) listen: Vec<Text<Place>>,
    pub(crate) insecure_remote: bool,
    pub(crate) connect: Vec<Text<Endpoints>>,
    pub(crate) pools: Vec<Text<Pool>>,
    pub(crate) forwarding: Text<ForwardingMode>,
    pub(crate) lossless: bool,
    pub(crate) member_down_after_ms: Milliseconds,
    pub(crate) subscribe: Vec<Text<Filter>>,
    pub(crate) json: bool,
    pub(crate) echo: bool,
    pub(crate) admin: bool,
    pub(crate) metrics: Option<Text<MetricsAddress>>,
    pub(crate) queue: QueueConfig,
    pub(crate) heartbeat: HeartbeatConfig,
    pub(crate) rule: Vec<RuleConfig>,
}

/// What a border passes on, and between which links.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleConfig {
    pub(crate) filter: Text<Filter>,
    pub(crate) from: Text<End>,
    pub(crate) to: Text<End>,
}

/// Events that wait for a link.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct QueueConfig {
    pub(crate) bytes_max: QueueBytes,
    pub(crate) total_bytes_max: QueueBytes,
    pub(crate) policy: Text<DropPolicy>,
}

/// How silent peers are noticed.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct HeartbeatConfig {
    pub(crate) every_ms: Milliseconds,
    pub(crate) silence_max_ms: Milliseconds,
}

impl Default for NodeConfig {
    fn default() -> Self {
        let place = DEFAULT_ENDPOINT
            .parse()
            .expect("the default endpoint is one");
        Self {
            name: Text(NodeName::new("node").expect("this is a node name")),
            listen: vec![Text(place)],
            insecure_remote: false,
            connect: Vec::new(),
            pools: Vec::new(),
            forwarding: Text(ForwardingMode(Forwarding::Routed)),
            lossless: false,
            member_down_after_ms: Milliseconds(2_000),
            subscribe: Vec::new(),
            json: false,
            echo: true,
            admin: true,
            metrics: None,
            queue: QueueConfig::default(),
            heartbeat: HeartbeatConfig::default(),
            rule: Vec::new(),
        }
    }
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            bytes_max: QueueBytes(8 * 1024 * 1024),
            total_bytes_max: QueueBytes(256 * 1024 * 1024),
            policy: Text(DropPolicy::Block),
        }
    }
}

impl Default for HeartbeatConfig {
    fn default() -> Self {
        Self {
            every_ms: Milliseconds(3_000),
            silence_max_ms: Milliseconds(4_500),
        }
    }
}

impl NodeConfig {
    /// Reads a file.
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::usage(format_args!(
                "cannot read {}: {}",
                path.display(),
                why(&error)
            ))
        })?;
        Self::parse(&text).map_err(|error| {
            Failure::usage(format_args!("{}: {}", path.display(), error.trim_end()))
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        config.check()?;
        Ok(config)
    }

    /// What no single value can tell.
    pub(crate) fn check(&self) -> Result<(), String> {
        let heartbeat = &self.heartbeat;
        if heartbeat.silence_max_ms.0 <= heartbeat.every_ms.0 {
            return Err(format!(
                "[heartbeat] silence_max_ms is {} and every_ms {}: a peer must get the time to \
                 send a heartbeat, so make silence_max_ms the larger, best by half or more",
                heartbeat.silence_max_ms.0, heartbeat.every_ms.0
            ));
        }
        self.check_rules()
    }

    fn check_rules(&self) -> Result<(), String> {
        let Some(first) = self.rule.first() else {
            return Ok(());
        };
        if self.forwarding.0.0 != Forwarding::Rules {
            return Err(format!(
                "there are rules, such as that for {:?}, but they are followed only with \
                 forwarding = \"rules\": write that as well, or leave the rules out",
                first.filter.0.0
            ));
        }
        let ends = self.rule.iter().flat_map(|rule| [&rule.from.0, &rule.to.0]);
        for end in ends {
            if let End::Endpoints(named) = end
                && !self.connect.iter().any(|Text(known)| known == named)
            {
                return Err(format!(
                    "a rule names {named}, which is no entry of `connect`: write it as there, or \
                     the name of the node at the other end of the link"
                ));
            }
        }
        Ok(())
    }
}

/// A value that is written as text and read with the rules of its type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Text<T>(pub(crate) T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(TextVisitor(PhantomData)).map(Self)
    }
}

/// Reads the text while its place in the file is known, so that errors point at it.
struct TextVisitor<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// An endpoint that another process can share.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place(pub(crate) Endpoint);

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        endpoint(text).map(Self)
    }
}

/// A filter over topics.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filter(pub(crate) String);

impl FromStr for Filter {
    type Err = zeekwire::TopicError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        TopicFilter::new(text).map(|_| Self(text.to_owned()))
    }
}

impl Filter {
    /// The same, as the library knows it.
    pub(crate) fn topic_filter(&self) -> TopicFilter {
        TopicFilter::new(&self.0).expect("it was one when it was read")
    }
}

/// A link that a rule means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// The link of this entry of `connect`.
    Endpoints(Endpoints),
    /// All links to nodes with this name, in which `*` stands for any run of characters.
    Peer(String),
}

impl FromStr for End {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains("://") {
            return text.parse().map(Self::Endpoints);
        }
        // A star is no character of names, so it is left out of what is checked.
        match NodeName::check(&text.replace('*', "x")) {
            Ok(()) => Ok(Self::Peer(text.to_owned())),
            Err(error) => Err(format!(
                "{text:?} is no end of a rule: write an entry of `connect`, or the name of the \
                 node at the other end of a link: {error}"
            )),
        }
    }
}

/// The label of a pool, which follows the rules of node names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pool(pub(crate) String);

impl FromStr for Pool {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match NodeName::check(text) {
            Ok(()) => Ok(Self(text.to_owned())),
            Err(error) => Err(format!(
                "{text:?} cannot be the label of a pool, which is written as a node's name: {error}"
            )),
        }
    }
}

/// Whether and how a node passes on what others published.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ForwardingMode(pub(crate) Forwarding);

impl FromStr for ForwardingMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "routed" => Ok(Self(Forwarding::Routed)),
            "rules" => Ok(Self(Forwarding::Rules)),
            "off" => Ok(Self(Forwarding::Off)),
            _ => Err(format!(
                "{text:?} is no way of forwarding: write routed, rules or off"
            )),
        }
    }
}

/// Bytes that a queue may hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct QueueBytes(pub(crate) usize);

impl TryFrom<u64> for QueueBytes {
    type Error = String;

    fn try_from(bytes: u64) -> Result<Self, String> {
        const BYTES_MIN: usize = limits::FRAGMENT_BYTES_MAX;
        match usize::try_from(bytes) {
            Ok(bytes) if (BYTES_MIN..=1 << 40).contains(&bytes) => Ok(Self(bytes)),
            _ => Err(format!(
                "a queue holds {BYTES_MIN} bytes to 1 TiB, not {bytes} bytes"
            )),
        }
    }
}

impl FromStr for QueueBytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<u64>()
            .map_err(|_| "write a number of bytes".to_owned())?
            .try_into()
    }
}

/// A span of time in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Milliseconds(pub(crate) u64);

impl Milliseconds {
    pub(crate) const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl TryFrom<u64> for Milliseconds {
    type Error = String;

    fn try_from(ms: u64) -> Result<Self, String> {
        match ms {
            10..=3_600_000 => Ok(Self(ms)),
            _ => Err(format!("this is 10 ms to 3600000 ms, an hour, not {ms} ms")),
        }
    }
}

impl FromStr for Milliseconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<u64>()
            .map_err(|_| "write a number of milliseconds".to_owned())?
            .try_into()
    }
}

impl<'de> Deserialize<'de> for QueueBytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_u64(Whole("a whole number of bytes"))?
            .try_into()
            .map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Milliseconds {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let ms = from.deserialize_u64(Whole("a whole number of milliseconds"))?;
        ms.try_into().map_err(D::Error::custom)
    }
}

/// Takes a number that is not negative; errors say what it stands for.
pub(crate) struct Whole(pub(crate) &'static str);

impl Visitor<'_> for Whole {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u64, E> {
        number
            .try_into()
            .map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_example_are_the_defaults() {
        assert_eq!(NodeConfig::parse(EXAMPLE), Ok(NodeConfig::default()));
        assert_eq!(NodeConfig::parse(""), Ok(NodeConfig::default()));
    }

    #[test]
    fn example_names_every_setting() {
        let table: toml::Table = EXAMPLE.parse().unwrap();
        let debug = format!("{:#?}", NodeConfig::default());
        let top = debug
            .lines()
            .filter(|line| line.starts_with("    ") && !line.starts_with("     "));
        for line in top {
            if let Some((name, _)) = line.trim().split_once(": ") {
                let is_off = [format!("\n# {name} = "), format!("\n# [[{name}]]\n")];
                let is_off = is_off.iter().any(|line| EXAMPLE.contains(line));
                assert!(is_off || table.contains_key(name), "{name} is missing");
            }
        }
    }

    #[test]
    fn errors_point_at_line_and_key() {
        let cases = [
            (
                "name = \"a\"\nlisten = [\"tcp://127.0.0.1\"]",
                "line 2",
                "port",
            ),
            ("\nnmae = \"a\"", "line 2", "unknown field `nmae`"),
            ("[queue]\npolicy = \"blcok\"", "line 2", "drop-oldest"),
            ("[queue]\nbytes_max = 5", "line 2", "32768 bytes"),
            (
                "[queue]\nbytes_max = -5",
                "line 2",
                "a whole number of bytes",
            ),
            (
                "[heartbeat]\n\nevery_ms = \"2s\"",
                "line 3",
                "a whole number of milliseconds",
            ),
            ("echo = 1", "line 1", "boolean"),
            ("forwarding = \"on\"", "line 1", "routed, rules or off"),
            ("pools = [\"a\",\n\"b c\"]", "line 2", "label of a pool"),
            ("member_down_after_ms = 0", "line 1", "10 ms to"),
            ("name = \"a b\"", "line 1", "node name"),
            (
                "subscribe = [\n  \"a\",\n  \"\\\\x\"]",
                "line 3",
                "backslash",
            ),
            ("name = ", "line 1", "string"),
        ];
        for (text, line, what) in cases {
            let error = NodeConfig::parse(text).unwrap_err();
            assert!(
                error.contains(line) && error.contains(what),
                "of {text:?}: {error}"
            );
        }
    }

    #[test]
    fn rules_need_their_mode_and_links_that_there_are() {
        let rule = "[[rule]]\nfilter = \"a/*\"\nfrom = \"sensor-*\"\nto = \"tcp://h:1\"";
        let parse = |head: &str| NodeConfig::parse(&format!("{head}\n{rule}"));
        assert!(parse("").unwrap_err().contains("forwarding = \"rules\""));
        let unknown = parse("forwarding = \"rules\"").unwrap_err();
        assert!(unknown.contains("no entry of `connect`"), "{unknown}");
        let config = parse("forwarding = \"rules\"\nconnect = [\"tcp://h:1\"]").unwrap();
        assert_eq!(config.rule[0].from.0, End::Peer("sensor-*".to_owned()));
        let bad = parse("[[rule]]\nfilter = \"a\"\nfrom = \"a b\"\nto = \"c\"").unwrap_err();
        assert!(
            bad.contains("line 3") && bad.contains("no end of a rule"),
            "{bad}"
        );
    }

    #[test]
    fn peers_get_time_for_a_heartbeat() {
        let error = NodeConfig::parse("[heartbeat]\nevery_ms = 5000").unwrap_err();
        assert!(error.contains("silence_max_ms"), "{error}");
    }
}
