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
    /// Two hosts hold one name, while hosts stop and the cluster falls apart.
    Names,
    /// Parts of a cluster that only borders join.
    Borders,
    /// Consumers are slow, queues small, and publishers hear what they lost.
    Losses,
    /// The same, while links and hosts fail.
    LossesCut,
    /// Questions to everybody, and answers.
    Surveys,
    /// Groups share subscriptions.
    Shares,
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
    pub const NAMES: [(&'static str, Self); 20] = [
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
        ("names", Self::Names),
        ("borders", Self::Borders),
        ("losses", Self::Losses),
        ("losses-cut", Self::LossesCut),
        ("surveys", Self::Surveys),
        ("shares", Self::Shares),
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

    /// Whether more is published than its hosts have room for.
    pub(crate) const fn overloads(self) -> bool {
        matches!(self, Self::Overload | Self::Losses | Self::LossesCut)
    }

    /// Whether each host has a topic of its own.
    pub(crate) const fn has_own_topics(self) -> bool {
        matches!(self, Self::Losses | Self::LossesCut)
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
            Self::Names => &[Freeze, Freeze, Partition, Silence, Crash, Reset],
            Self::Borders => &[Reset, Silence, Partition, Crash, Freeze],
            Self::Losses => &[Consumer],
            Self::LossesCut => &[Consumer, Consumer, Reset, Silence, Crash, Freeze],
            Self::Surveys | Self::Shares => &[Reset, Silence, Crash, Freeze, Move],
        }
    }
}
