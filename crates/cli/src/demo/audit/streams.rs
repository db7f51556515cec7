//! What one life of a publisher published, receiver by receiver.

use super::super::report::{Received, Sent};
use super::{Account, Audit, Fate, Loss};

impl Audit {
    /// Follows all that one life of a node published.
    pub(super) fn follow(&mut self, publisher: &Account, accounts: &[Account]) {
        let mut missing = Missing::default();
        let mut published = 0;
        for sent in &publisher.books.sent {
            published += self.follow_stream(publisher, sent, accounts, &mut missing);
        }
        self.published += published;
        let accepted = publisher.books.counters.accepted;
        if publisher.fate == Fate::Living && accepted < published {
            let name = &publisher.name;
            self.fault(format!(
                "{name} published {published} events, but its node accepted {accepted}"
            ));
        }
        // A node also accepts what it answers to those who look into it.
        let others = accepted.saturating_sub(published);
        self.explain(publisher, missing, others, accounts);
    }

    /// Follows what was published for one receiver. Returns how many events that were.
    fn follow_stream(
        &mut self,
        publisher: &Account,
        sent: &Sent,
        accounts: &[Account],
        missing: &mut Missing,
    ) -> u64 {
        let lives = accounts.iter().filter(|one| one.name == sent.target);
        let lives: Vec<(&Account, Option<&Received>)> = lives
            .map(|one| (one, received_of(one, publisher)))
            .collect();
        let stream = format!("{} for {}", publisher.name, sent.target);
        let seen = lives.iter().filter_map(|(_, received)| *received);
        let seen = seen.map(|received| received.next).max().unwrap_or(0);
        let published = match publisher.fate {
            Fate::Living => sent.count,
            // It may have published more than it had time to report.
            Fate::Killed => sent.count.max(seen),
        };
        if seen > published {
            self.fault(format!(
                "of {stream}, {seen} events were received, but {published} published"
            ));
        }
        let mut next = 0;
        let (mut killed, mut excused) = (None, false);
        for (receiver, received) in lives {
            if let Some(received) = received {
                self.received += received.count;
                self.check_range(&stream, received, next, killed, missing);
                next = next.max(received.next);
            }
            // What was published after it was announced must have reached this life.
            let due = sent.up_at.get(&receiver.books.incarnation);
            let first = received.map_or(published, |received| received.first);
            let late = due.filter(|due| killed.is_some() && first > **due);
            if let Some(due) = late.filter(|_| publisher.fate == Fate::Living) {
                let count = first - due;
                self.fault(format!(
                    "of {stream}, {count} events were lost after its new life was announced"
                ));
            }
            let was_killed = receiver.fate == Fate::Killed;
            // A life that got nothing says nothing of what was meant for the one before.
            excused = was_killed || excused && received.is_none();
            killed = was_killed.then_some(&receiver.name);
            if was_killed {
                missing.killed = killed.cloned();
            }
        }
        let tail = published.saturating_sub(next);
        match publisher.fate {
            Fate::Killed => self.lose(Loss::With(publisher.name.clone()), tail),
            Fate::Living if excused => missing.count += tail,
            Fate::Living if tail > 0 => {
                self.fault(format!("of {stream}, the last {tail} are missing"));
            }
            Fate::Living => {}
        }
        published
    }

    /// Checks what one life of a receiver got, which follows what earlier lives got.
    fn check_range(
        &mut self,
        stream: &str,
        received: &Received,
        next: u64,
        killed: Option<&String>,
        missing: &mut Missing,
    ) {
        let Received { first, count, .. } = *received;
        let span = received.next.saturating_sub(first);
        if count != span {
            let what = if count < span { "missing" } else { "too many" };
            let off = span.abs_diff(count);
            self.fault(format!(
                "of {stream}, {off} events are {what}, though nothing on their way was killed"
            ));
        }
        match first.checked_sub(next) {
            None => self.fault(format!("of {stream}, two lives received the same events")),
            Some(0) => {}
            Some(gap) if killed.is_some() => missing.count += gap,
            Some(gap) => self.fault(format!("of {stream}, the first {gap} are missing")),
        }
    }

    /// Explains what is missing of a publisher by what was counted; what is left was in flight.
    fn explain(
        &mut self,
        publisher: &Account,
        missing: Missing,
        others: u64,
        accounts: &[Account],
    ) {
        let counters = &publisher.books.counters;
        let name = &publisher.name;
        let mut left = missing.count;
        let mut excess = 0;
        let target = missing.killed.unwrap_or_default();
        for loss in &counters.own_losses {
            let peer = loss
                .peer
                .clone()
                .unwrap_or_else(|| "its subscribers".to_owned());
            let of_killed = |name: &String| {
                let mut lives = accounts.iter();
                lives.any(|one| one.name == *name && one.fate == Fate::Killed)
            };
            if !of_killed(&loss.node) && !of_killed(&peer) && loss.cause != "no_route" {
                let (count, cause, node) = (loss.messages, &loss.cause, &loss.node);
                self.fault(format!(
                    "{node} lost {count} events of {name} for {peer} ({cause}), though neither \
                     was killed"
                ));
            }
            let explained = left.min(loss.messages);
            (left, excess) = (left - explained, excess + loss.messages - explained);
            let kind = Loss::Counted(loss.cause.clone(), loss.node.clone(), peer);
            self.lose(kind, explained);
        }
        let unrouted = counters.unrouted.saturating_sub(others);
        let explained = left.min(unrouted);
        (left, excess) = (left - explained, excess + unrouted - explained);
        self.lose(Loss::NoRoute(target.clone()), explained);
        self.lose(Loss::InFlightTo(target), left);
        if excess > 0 && publisher.fate == Fate::Living {
            let count = missing.count;
            self.fault(format!(
                "{name} was told of {} lost events, but only {count} are missing",
                count - left + excess
            ));
        }
    }
}

/// Events of one publisher that are missing because a receiver was killed.
#[derive(Debug, Default)]
struct Missing {
    count: u64,
    /// Who was killed.
    killed: Option<String>,
}

fn received_of<'a>(receiver: &'a Account, publisher: &Account) -> Option<&'a Received> {
    receiver.books.received.iter().find(|received| {
        received.publisher == publisher.name && received.incarnation == publisher.books.incarnation
    })
}
