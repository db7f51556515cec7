//! Accounts for every event that was published: it was received, or lost, where and why.
//!
//! Each life of a worker numbers what it publishes for each receiver. So what is missing is known
//! by number, and may be missing only for one reason: its publisher or its receiver was killed. It
//! is then the last that the killed publisher sent, or lies between the last that a receiver had
//! when it was killed and the first that its next life got, which is not after its announcement.
//! What the engines counted must agree: it can explain what is missing, and never more than that.

mod streams;

use std::collections::BTreeMap;

use super::report::Books;

/// What became of one life of a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    Living,
    Killed,
}

/// One life of one node, and its books as last reported.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) fate: Fate,
    pub(super) books: Books,
}

/// Where and why events were lost.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Loss {
    /// In flight to this node, or not reported by it yet, when it was killed.
    InFlightTo(String),
    /// In this node, which had published them, when it was killed.
    With(String),
    /// Published for this node while no route led there; counted by the publisher.
    NoRoute(String),
    /// Counted by a living node: cause, the node, and for whom they were.
    Counted(String, String, String),
}

/// The result.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Audit {
    pub(super) published: u64,
    pub(super) received: u64,
    pub(super) losses: BTreeMap<Loss, u64>,
    /// What does not add up.
    pub(super) faults: Vec<String>,
}

impl Audit {
    /// Compares the books of all lives; those of one name are in the order of their lives.
    pub(super) fn of(accounts: &[Account]) -> Self {
        let mut audit = Self::default();
        let publishers = accounts.iter().filter(|one| !one.books.sent.is_empty());
        for publisher in publishers {
            audit.follow(publisher, accounts);
        }
        for account in accounts {
            audit.check_receiver(account, accounts);
            audit.check_loser(account, accounts);
        }
        if audit.received == 0 {
            audit.fault("nothing was received");
        }
        let accounted = audit.received + audit.lost();
        if audit.published != accounted && audit.faults.is_empty() {
            audit.fault(format!(
                "{} published, but {accounted} accounted for",
                audit.published
            ));
        }
        audit
    }

    /// Events lost, as far as they are explained.
    pub(super) fn lost(&self) -> u64 {
        self.losses.values().sum()
    }

    fn fault(&mut self, text: impl Into<String>) {
        self.faults.push(text.into());
    }

    fn lose(&mut self, loss: Loss, count: u64) {
        if count > 0 {
            *self.losses.entry(loss).or_default() += count;
        }
    }

    /// What a receiver counted must be what its engine handed to it.
    fn check_receiver(&mut self, receiver: &Account, accounts: &[Account]) {
        let (name, books) = (&receiver.name, &receiver.books);
        for received in &books.received {
            let from = &received.publisher;
            let known = accounts
                .iter()
                .any(|one| one.name == *from && one.books.incarnation == received.incarnation);
            if !known {
                self.fault(format!(
                    "{name} received events of an unknown life of {from}"
                ));
            }
            if received.disordered > 0 {
                let count = received.disordered;
                self.fault(format!(
                    "{name} received {count} events of {from} out of order"
                ));
            }
            if received.damaged > 0 {
                let count = received.damaged;
                self.fault(format!("{name} received {count} damaged events of {from}"));
            }
        }
        if books.strange > 0 {
            self.fault(format!(
                "{name} did not understand {} messages",
                books.strange
            ));
        }
        if books.counters.inbox_dropped > 0 {
            let count = books.counters.inbox_dropped;
            self.fault(format!(
                "the inbox of {name} had no room for {count} messages"
            ));
        }
        let (delivered, taken) = (
            books.counters.delivered,
            books.received_count() + books.strange,
        );
        if receiver.fate == Fate::Living && delivered != taken {
            self.fault(format!(
                "{name} received {taken} events, but its node counted {delivered}"
            ));
        }
    }

    /// Who is told of losses at a living node hears of no more than that node counted.
    fn check_loser(&mut self, loser: &Account, accounts: &[Account]) {
        let of_loser = |one: &Account| -> u64 {
            let told = one.books.counters.own_losses.iter();
            told.filter(|loss| loss.node == loser.name)
                .map(|loss| loss.messages)
                .sum()
        };
        let told: u64 = accounts.iter().map(of_loser).sum();
        let lives = accounts.iter().filter(|one| one.name == loser.name);
        let counted = loser.books.counters.lost_here;
        if lives.count() == 1 && loser.fate == Fate::Living && told > counted {
            let name = &loser.name;
            self.fault(format!(
                "publishers were told of {told} events lost at {name}, which counted {counted}"
            ));
        }
    }
}
#[cfg(test)]
mod tests;
