//! Limits how often a password may be guessed.
//!
//! Every address has an allowance, and all addresses together share one, so that neither one machine nor many can go
//! through a list of passwords. An allowance recovers with time, and a right password costs nothing.
//!
//! An attacker who uses up the shared allowance must lock nobody out. So it does not apply to an address from which
//! somebody is signed in; and sessions, feed addresses, and passwords that were right before from the same address
//! never count. One limit remains: during an attack nobody can sign in from a new address.
//!
//! The hash of a password that an app sends with every request is computed once; a keyed hash of the password is
//! remembered. The right one is remembered per address, so that it is no oracle for others; the last wrong ones, so
//! that an app with an old password does not use up its household's allowance.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use super::allowance::{Allowance, Rule};
use super::secret::{Bits, equal};

/// The allowance of one address.
const OWN: Rule = Rule { burst: 5, interval: Duration::from_secs(20) };
/// The allowance that all addresses share.
const ALL: Rule = Rule { burst: 30, interval: Duration::from_secs(2) };
/// How many addresses the right password is remembered for.
const RIGHT: usize = 256;
/// How many wrong passwords are remembered.
const WRONG: usize = 64;

/// What to do with a password before its hash is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// The password was right before.
    Right,
    /// The password was wrong before.
    Wrong,
    /// Its hash must be computed; an attempt is spent. Call [`Guesses::record_result`] with the result.
    Compute,
    /// Its hash may not be computed before this time has passed.
    Wait(Duration),
}

/// Holds allowances, and the passwords that were tried lately.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    own: HashMap<IpAddr, Allowance>,
    all: Allowance,
    right: HashMap<IpAddr, Bits>,
    wrong: VecDeque<Bits>,
}

impl Guesses {
    /// Decides what to do with a password; `guess` is its keyed hash. `signed_in`: somebody is signed in from `client`.
    /// `now` is monotonic.
    pub(super) fn decide(&mut self, client: IpAddr, guess: &Bits, signed_in: bool, now: Duration) -> Decision {
        let own = self.own.get(&client).copied().unwrap_or_default();
        let wait = own.wait(OWN, now);
        if !wait.is_zero() {
            return Decision::Wait(wait);
        }
        if self.right.get(&client).is_some_and(|right| equal(right, guess)) {
            return Decision::Right;
        }
        if self.wrong.iter().any(|wrong| equal(wrong, guess)) {
            return Decision::Wrong;
        }
        if !signed_in {
            let wait = self.all.wait(ALL, now);
            if !wait.is_zero() {
                return Decision::Wait(wait);
            }
            self.all.spend(ALL, now);
        }
        // The shared allowance bounds how many addresses this map has.
        self.own.retain(|_, allowance| !allowance.is_whole(now));
        self.own.entry(client).or_default().spend(OWN, now);
        Decision::Compute
    }

    /// Records whether a password was right whose hash was computed. Arguments as in [`Self::decide`].
    pub(super) fn record_result(&mut self, client: IpAddr, guess: &Bits, signed_in: bool, right: bool) {
        if !right {
            if self.wrong.len() == WRONG {
                self.wrong.pop_front();
            }
            self.wrong.push_back(*guess);
            return;
        }
        if !signed_in {
            self.all.refund(ALL);
        }
        if let Some(own) = self.own.get_mut(&client) {
            own.refund(OWN);
        }
        if self.right.len() == RIGHT {
            self.right.clear();
        }
        self.right.insert(client, *guess);
    }

    /// Forgets which passwords were right and wrong, because the password has changed.
    pub(super) fn clear(&mut self) {
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
            assert_eq!(guesses.decide(HOME, &guess(number), false, now), Decision::Compute);
            guesses.record_result(HOME, &guess(number), false, false);
        }
        assert_eq!(guesses.decide(HOME, &guess(5), false, now), Decision::Wait(Duration::from_secs(20)));
        assert_eq!(guesses.decide(address(1), &guess(5), false, now), Decision::Compute, "others are not stopped");
        now += Duration::from_secs(21);
        assert_eq!(guesses.decide(HOME, &guess(6), false, now), Decision::Compute);
        assert!(matches!(guesses.decide(HOME, &guess(7), false, now), Decision::Wait(_)));
    }

    #[test]
    fn many_addresses_are_stopped_too_but_not_where_somebody_is_signed_in() {
        let mut guesses = Guesses::default();
        let now = Duration::from_secs(1000);
        let tried =
            (0..10_000).filter(|n| guesses.decide(address(*n), &guess(*n), false, now) == Decision::Compute).count();
        assert_eq!(tried, 30);
        assert!(guesses.own.len() <= 30);
        assert!(matches!(guesses.decide(HOME, &guess(0), false, now), Decision::Wait(_)));
        assert_eq!(guesses.decide(HOME, &guess(0), true, now), Decision::Compute);
    }

    #[test]
    fn the_right_password_costs_nothing_and_is_no_oracle_for_other_addresses() {
        let mut guesses = Guesses::default();
        let now = Duration::from_secs(1000);
        for _ in 0..100 {
            if guesses.decide(HOME, &guess(1), false, now) == Decision::Compute {
                guesses.record_result(HOME, &guess(1), false, true);
            }
        }
        assert_eq!(guesses.decide(HOME, &guess(1), false, now), Decision::Right);
        // From another address its hash must be computed, which counts, until the allowance is used up.
        for number in 10..15 {
            assert_eq!(guesses.decide(address(1), &guess(number), false, now), Decision::Compute);
            guesses.record_result(address(1), &guess(number), false, false);
        }
        assert!(matches!(guesses.decide(address(1), &guess(1), false, now), Decision::Wait(_)));
        // The same address gets no answer either, once it has guessed too often.
        for number in 20..25 {
            assert_eq!(guesses.decide(HOME, &guess(number), false, now), Decision::Compute);
            guesses.record_result(HOME, &guess(number), false, false);
        }
        assert!(matches!(guesses.decide(HOME, &guess(1), false, now), Decision::Wait(_)));
        guesses.clear();
        assert_eq!(guesses.decide(HOME, &guess(1), false, now + Duration::from_secs(100)), Decision::Compute);
    }

    #[test]
    fn an_app_with_an_old_password_uses_up_nothing() {
        let mut guesses = Guesses::default();
        let now = Duration::from_secs(1000);
        assert_eq!(guesses.decide(HOME, &guess(1), false, now), Decision::Compute);
        guesses.record_result(HOME, &guess(1), false, false);
        for _ in 0..100 {
            assert_eq!(guesses.decide(HOME, &guess(1), false, now), Decision::Wrong);
        }
        assert_eq!(guesses.decide(HOME, &guess(2), false, now), Decision::Compute);
    }
}
