//! The token of a link to share, and how often an address may try links that open nothing.
//!
//! A token has 130 random bits, so nobody guesses one. Its hash needs no salt and no time for the same reason; it is all
//! that is saved. A link is looked up by its hash, of which a guesser chooses nothing, so the time that this takes tells
//! nothing either.
//!
//! Guesses are counted all the same, per address: whoever goes through tokens is told to wait before the next is looked up.
//! Links are handed on to many people, and many of these have one address. So a link that has once opened from an address
//! is never counted there, one that opens nothing counts once however often it is followed, and there is no allowance that
//! all addresses share: a stranger with many addresses would lock out everybody.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::allowance::{Allowance, Rule};
use super::secret::{Bits, equal, random};
use crate::base::hash::sha256;

/// Letters and digits alone: a messenger may take a sign at the end of an address for the end of a sentence. None of them
/// looks like another.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// How many letters a token has, of five bits each.
const LENGTH: usize = 26;

/// The allowance of one address.
const OWN: Rule = Rule { burst: 20, interval: Duration::from_secs(10) };
/// How many addresses are remembered at most.
const ADDRESSES: usize = 4096;
/// How many links are remembered that opened from an address, and how many that opened nothing.
const OPENED: usize = 256;
const MISSED: usize = 64;

/// The token of a link.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken(String);

impl LinkToken {
    /// Makes a token. `None` if the system has no random numbers.
    pub fn random() -> Option<Self> {
        let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
        Some(Self(random()?.iter().take(LENGTH).map(letter).collect()))
    }

    /// Returns the token that `text` is. `None` if it cannot be one.
    pub fn read(text: &str) -> Option<Self> {
        let whole = text.len() == LENGTH && text.bytes().all(|letter| LETTERS.contains(&letter));
        whole.then(|| Self(text.to_owned()))
    }

    /// Returns the token as it is in the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns what is saved of it.
    pub fn hash(&self) -> String {
        sha256(&[self.0.as_bytes()])
    }
}

impl fmt::Debug for LinkToken {
    /// Keeps the secret out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

/// Holds how many links that open nothing were tried lately. Links are known by keyed hashes.
#[derive(Debug, Default)]
pub(super) struct Tries {
    own: HashMap<IpAddr, Allowance>,
    opened: VecDeque<Bits>,
    missed: VecDeque<Bits>,
}

/// A link that is followed, as keyed hashes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Followed {
    /// Of the link and the address from which it is followed.
    pub(super) from_here: Bits,
    /// Of the link alone.
    pub(super) link: Bits,
}

impl Tries {
    /// Returns how long `client` has to wait before this link may be looked up. `None` if it may be now.
    pub(super) fn wait(&self, client: IpAddr, followed: &Followed, now: Duration) -> Option<Duration> {
        if has(&self.opened, &followed.from_here) || has(&self.missed, &followed.link) {
            return None;
        }
        let wait = self.own.get(&client).copied().unwrap_or_default().wait(OWN, now);
        (!wait.is_zero()).then_some(wait)
    }

    /// Records whether a link opened anything that was looked up. Returns whether that counts as a guess.
    pub(super) fn record(&mut self, client: IpAddr, followed: &Followed, opened: bool, now: Duration) -> bool {
        if opened {
            remember(&mut self.opened, &followed.from_here, OPENED);
            return false;
        }
        if has(&self.missed, &followed.link) {
            return false;
        }
        remember(&mut self.missed, &followed.link, MISSED);
        self.own.retain(|_, allowance| !allowance.is_whole(now));
        if self.own.len() >= ADDRESSES {
            self.own.clear();
        }
        self.own.entry(client).or_default().spend(OWN, now);
        true
    }
}

fn has(known: &VecDeque<Bits>, one: &Bits) -> bool {
    known.iter().any(|other| equal(other, one))
}

/// Adds `one` as the newest, and forgets the oldest if there are more than `most`.
fn remember(known: &mut VecDeque<Bits>, one: &Bits, most: usize) {
    known.retain(|other| !equal(other, one));
    if known.len() >= most {
        known.pop_front();
    }
    known.push_back(*one);
}

#[cfg(test)]
mod tests {
    use super::super::secret::hash;
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::V4([192, 0, 2, last].into())
    }

    fn followed(client: IpAddr, link: u32) -> Followed {
        Followed { from_here: hash(format!("{client} {link}").as_bytes()), link: hash(&link.to_be_bytes()) }
    }

    #[test]
    fn a_token_is_letters_that_go_through_every_message_and_only_its_hash_is_known() {
        let (one, other) = (LinkToken::random().unwrap(), LinkToken::random().unwrap());
        assert_ne!(one, other);
        assert_eq!(LinkToken::read(one.as_str()), Some(one.clone()));
        assert!(one.as_str().bytes().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit()));
        assert_eq!((one.hash().len(), one.hash() == other.hash()), (64, false));
        assert!(!format!("{one:?}").contains(one.as_str()));
        let upper = one.as_str().to_uppercase();
        for wrong in [
            "",
            "short",
            &one.as_str()[1..],
            &format!("{}a", one.as_str()),
            &format!("{upper}I")[1..],
            "../etc/passwd/aaaaaaaaaaaaaa",
        ] {
            assert_eq!(LinkToken::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn who_goes_through_links_waits_and_nobody_else_does() {
        let mut tries = Tries::default();
        let (guesser, other) = (address(1), address(2));
        let mut now = Duration::from_secs(1000);
        tries.record(guesser, &followed(guesser, 999), true, now);
        for link in 0..20 {
            assert_eq!(tries.wait(guesser, &followed(guesser, link), now), None, "{link}");
            assert!(tries.record(guesser, &followed(guesser, link), false, now));
        }
        assert_eq!(tries.wait(guesser, &followed(guesser, 20), now), Some(OWN.interval));
        assert_eq!(tries.wait(other, &followed(other, 20), now), None);
        assert_eq!(tries.wait(guesser, &followed(guesser, 999), now), None, "what one listens to goes on");
        assert_eq!(tries.wait(guesser, &followed(guesser, 3), now), None, "what is known to open nothing is no guess");
        now += OWN.interval;
        assert_eq!(tries.wait(guesser, &followed(guesser, 20), now), None);
        tries.record(guesser, &followed(guesser, 20), false, now);
        assert!(tries.wait(guesser, &followed(guesser, 21), now).is_some());
    }

    #[test]
    fn an_old_link_in_a_group_of_friends_counts_once() {
        let mut tries = Tries::default();
        let (home, now) = (address(1), Duration::from_secs(1000));
        assert!(tries.record(home, &followed(home, 1), false, now));
        for _ in 0..100 {
            assert!(!tries.record(home, &followed(home, 1), false, now));
        }
        assert_eq!(tries.wait(home, &followed(home, 2), now), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut tries = Tries::default();
        let now = Duration::from_secs(1000);
        for number in 0..10_000_u32 {
            let client = IpAddr::V4((0x0a00_0000 + number).into());
            tries.record(client, &followed(client, number), number % 2 == 0, now);
        }
        assert!(tries.own.len() <= ADDRESSES && tries.opened.len() <= OPENED && tries.missed.len() <= MISSED);
    }
}
