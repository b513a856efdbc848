//! How often a password may be guessed.
//!
//! Every address has an allowance, and all addresses together have one, so that neither one machine nor many can go
//! through a list of passwords. An allowance fills up again with time, and a right password costs nothing.
//!
//! That others use up what all have together must lock nobody out. So it does not count for an address from which
//! somebody is signed in; and sessions, feed addresses and passwords that were right before from the same address are
//! never counted at all. What remains: while an attack goes on, one cannot sign in from an address that is new.
//!
//! A password that an app sends with every request is computed once, and remembered as a keyed hash: the right one for
//! the addresses it came from, so that it is no oracle for others, and the last wrong ones, so that an app with an old
//! password does not use up its household's allowance.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use super::secret::{Bits, same};

/// Attempts that an address may make at once, and how long it takes until it has one more.
const OWN: Rule = Rule { burst: 5, interval: Duration::from_secs(20) };
/// What all addresses together may make.
const ALL: Rule = Rule { burst: 30, interval: Duration::from_secs(2) };
/// Addresses of which the right password is remembered.
const RIGHT: usize = 256;
/// Wrong passwords that are remembered.
const WRONG: usize = 64;

/// A number of attempts that grows again.
#[derive(Debug, Clone, Copy)]
struct Rule {
    burst: u32,
    interval: Duration,
}

/// What is left of an allowance, as the time at which it will be whole again.
#[derive(Debug, Clone, Copy, Default)]
struct Allowance {
    whole_at: Duration,
}

impl Allowance {
    /// How long until there is one; zero where there is one now.
    fn wait(self, rule: Rule, now: Duration) -> Duration {
        (self.whole_at.max(now) + rule.interval).saturating_sub(now + rule.interval * rule.burst)
    }

    fn take(&mut self, rule: Rule, now: Duration) {
        self.whole_at = self.whole_at.max(now) + rule.interval;
    }

    fn give_back(&mut self, rule: Rule) {
        self.whole_at = self.whole_at.saturating_sub(rule.interval);
    }
}

/// What is known of a password before it is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// It was right before.
    Right,
    /// It was wrong before.
    Wrong,
    /// It must be computed, and an attempt was taken for that; [`Guesses::judge`] is told the outcome.
    Compute,
    /// It may not be computed before this time has passed.
    Wait(Duration),
}

/// What was guessed lately.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    own: HashMap<IpAddr, Allowance>,
    all: Allowance,
    right: HashMap<IpAddr, Bits>,
    wrong: VecDeque<Bits>,
}

impl Guesses {
    /// Looks at a password, of which `guess` is the keyed hash. `known`: somebody is signed in from `client`. `now` is
    /// monotonic.
    pub(super) fn look(&mut self, client: IpAddr, guess: &Bits, known: bool, now: Duration) -> Look {
        let own = self.own.get(&client).copied().unwrap_or_default();
        let wait = own.wait(OWN, now);
        if !wait.is_zero() {
            return Look::Wait(wait);
        }
        if self.right.get(&client).is_some_and(|right| same(right, guess)) {
            return Look::Right;
        }
        if self.wrong.iter().any(|wrong| same(wrong, guess)) {
            return Look::Wrong;
        }
        if !known {
            let wait = self.all.wait(ALL, now);
            if !wait.is_zero() {
                return Look::Wait(wait);
            }
            self.all.take(ALL, now);
        }
        // The common allowance bounds how many addresses have a part of their own missing.
        self.own.retain(|_, allowance| allowance.whole_at > now);
        self.own.entry(client).or_default().take(OWN, now);
        Look::Compute
    }

    /// What came of a guess that was computed. Arguments as in [`Self::look`].
    pub(super) fn judge(&mut self, client: IpAddr, guess: &Bits, known: bool, right: bool) {
        if !right {
            if self.wrong.len() == WRONG {
                self.wrong.pop_front();
            }
            self.wrong.push_back(*guess);
            return;
        }
        if !known {
            self.all.give_back(ALL);
        }
        if let Some(own) = self.own.get_mut(&client) {
            own.give_back(OWN);
        }
        if self.right.len() == RIGHT {
            self.right.clear();
        }
        self.right.insert(client, *guess);
    }

    /// Forgets what was right and wrong, because the password is another one.
    pub(super) fn forget(&mut self) {
        self.right.clear();
        self.wrong.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn guess(number: u32) -> Bits {
        super::super::secret::hash(&number.to_be_bytes())
    }

    fn address(number: u32) -> IpAddr {
        IpAddr::V4((0x0a00_0000 + number).into())
    }

    #[test]
    fn one_address_is_stopped_after_five_and_goes_on_slowly() {
        let mut guesses = Guesses::default();
        let mut now = Duration::from_secs(1000);
        for number in 0..5 {
            assert_eq!(guesses.look(HOME, &guess(number), false, now), Look::Compute);
            guesses.judge(HOME, &guess(number), false, false);
        }
        assert_eq!(guesses.look(HOME, &guess(5), false, now), Look::Wait(Duration::from_secs(20)));
        assert_eq!(guesses.look(address(1), &guess(5), false, now), Look::Compute, "others are not stopped");
        now += Duration::from_secs(21);
        assert_eq!(guesses.look(HOME, &guess(6), false, now), Look::Compute);
        assert!(matches!(guesses.look(HOME, &guess(7), false, now), Look::Wait(_)));
    }

    #[test]
    fn many_addresses_are_stopped_too_but_not_where_somebody_is_signed_in() {
        let mut guesses = Guesses::default();
        let now = Duration::from_secs(1000);
        let tried = (0..10_000).filter(|n| guesses.look(address(*n), &guess(*n), false, now) == Look::Compute).count();
        assert_eq!(tried, 30);
        assert!(guesses.own.len() <= 30);
        assert!(matches!(guesses.look(HOME, &guess(0), false, now), Look::Wait(_)));
        assert_eq!(guesses.look(HOME, &guess(0), true, now), Look::Compute);
    }

    #[test]
    fn the_right_password_costs_nothing_and_is_no_oracle_for_other_addresses() {
        let mut guesses = Guesses::default();
        let now = Duration::from_secs(1000);
        for _ in 0..100 {
            if guesses.look(HOME, &guess(1), false, now) == Look::Compute {
                guesses.judge(HOME, &guess(1), false, true);
            }
        }
        assert_eq!(guesses.look(HOME, &guess(1), false, now), Look::Right);
        // From elsewhere it must be computed, which is counted, until nothing is told any more.
        for number in 10..15 {
            assert_eq!(guesses.look(address(1), &guess(number), false, now), Look::Compute);
            guesses.judge(address(1), &guess(number), false, false);
        }
        assert!(matches!(guesses.look(address(1), &guess(1), false, now), Look::Wait(_)));
        // Nor from the same address, once it has guessed too often.
        for number in 20..25 {
            assert_eq!(guesses.look(HOME, &guess(number), false, now), Look::Compute);
            guesses.judge(HOME, &guess(number), false, false);
        }
        assert!(matches!(guesses.look(HOME, &guess(1), false, now), Look::Wait(_)));
        guesses.forget();
        assert_eq!(guesses.look(HOME, &guess(1), false, now + Duration::from_secs(100)), Look::Compute);
    }

    #[test]
    fn an_app_with_an_old_password_uses_up_nothing() {
        let mut guesses = Guesses::default();
        let now = Duration::from_secs(1000);
        assert_eq!(guesses.look(HOME, &guess(1), false, now), Look::Compute);
        guesses.judge(HOME, &guess(1), false, false);
        for _ in 0..100 {
            assert_eq!(guesses.look(HOME, &guess(1), false, now), Look::Wrong);
        }
        assert_eq!(guesses.look(HOME, &guess(2), false, now), Look::Compute);
    }
}
