//! Kinds of runs: what may go wrong in them.

/// A kind of run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scenario {
    /// One of the others, or a mixture, by seed.
    Any,
    /// Nothing goes wrong.
    Calm,
    /// Connections break.
    Cuts,
    /// Links go silent, in one direction or both.
    Silence,
    /// The cluster falls apart and heals.
    Partition,
    /// Hosts crash and restart.
    Crash,
    /// Hosts stop for a while.
    Freeze,
    /// Consumers are slow, budgets small.
    Overload,
    /// One slow consumer; the others are compared with a run without it.
    Slow,
    /// Wall clocks jump ahead, and hosts restart.
    Clock,
    /// Wall clocks jump back, and hosts restart: in a life that looks earlier than the last.
    ClockBack,
    /// Clients move between members.
    Clients,
    /// Control queues are small, and peers do not take what is in them.
    Control,
    /// Between 33 and 64 hosts, and a bit of everything.
    Large,
}

/// What can go wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    Reset,
    Silence,
    Partition,
    Crash,
    Freeze,
    Consumer,
    Clock,
    ClockBack,
    Move,
}

impl Scenario {
    /// All scenarios with their names.
    pub const NAMES: [(&'static str, Self); 14] = [
        ("any", Self::Any),
        ("calm", Self::Calm),
        ("cuts", Self::Cuts),
        ("silence", Self::Silence),
        ("partition", Self::Partition),
        ("crash", Self::Crash),
        ("freeze", Self::Freeze),
        ("overload", Self::Overload),
        ("slow", Self::Slow),
        ("clock", Self::Clock),
        ("clock-back", Self::ClockBack),
        ("clients", Self::Clients),
        ("control", Self::Control),
        ("large", Self::Large),
    ];

    /// The scenario of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, scenario)| *scenario)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, known)| *known == self);
        found.map_or("?", |(name, _)| name)
    }

    /// What may go wrong in it.
    pub(crate) const fn troubles(self) -> &'static [Trouble] {
        use Trouble::{Clock, ClockBack, Consumer, Crash, Freeze, Move, Partition, Reset, Silence};
        match self {
            Self::Any | Self::Large => &[
                Reset, Reset, Silence, Partition, Crash, Freeze, Consumer, Move,
            ],
            Self::Calm | Self::Slow => &[],
            Self::Cuts => &[Reset],
            Self::Silence => &[Silence],
            Self::Partition => &[Partition],
            Self::Crash => &[Crash],
            Self::Freeze => &[Freeze],
            Self::Overload => &[Consumer, Consumer, Freeze],
            Self::Clock => &[Clock, Clock, Crash],
            Self::ClockBack => &[ClockBack, ClockBack, Crash],
            Self::Clients => &[Move, Crash, Reset],
            Self::Control => &[Freeze, Silence],
        }
    }
}
