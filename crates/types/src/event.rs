//! Events: a name, arguments and metadata.

use std::fmt;

use crate::Value;

/// A remote event: what a Zeek script raises and handles.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// The event's fully qualified name, `Module::event`.
    pub name: String,
    /// Its arguments, in the order of the event's declaration.
    pub args: Vec<Value>,
    /// Facts about the event that are not arguments, such as the network time at its origin.
    pub metadata: Vec<Metadata>,
}

impl Event {
    /// An event without metadata.
    pub fn new(name: impl Into<String>, args: impl IntoIterator<Item = Value>) -> Self {
        Self {
            name: name.into(),
            args: args.into_iter().collect(),
            metadata: Vec::new(),
        }
    }
}

impl fmt::Display for Event {
    /// As a call in a script: `Scan::found(10.0.0.1, 443)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        for (i, arg) in self.args.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{arg}")?;
        }
        f.write_str(")")
    }
}

/// One fact about an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Metadata {
    /// What the fact is. Zeek keeps 1 to 199 for itself; packages use 200 and above.
    pub id: u64,
    /// The fact.
    pub value: Value,
}

impl Metadata {
    /// The id under which Zeek sends the network time at the event's origin, a [`Value::Time`].
    pub const NETWORK_TIMESTAMP: u64 = 1;
}
