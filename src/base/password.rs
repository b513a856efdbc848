//! A password, known only by its hash: Argon2 in the form of PHC strings (`$argon2id$v=19$…`), which other programs
//! write too.
//!
//! Hashing takes memory and time on purpose (19 MiB and some 20 ms by default), so that a thief of a hash cannot try
//! millions of passwords. Callers keep it off the runtime and bound how many are computed at once; [`MOST_MEMORY`]
//! bounds what a single one may take.

use std::fmt;

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params};
use thiserror::Error;

/// The most memory that checking a password may take, in KiB: 128 MiB.
pub const MOST_MEMORY: u32 = 128 * 1024;
/// The most passes over it.
const MOST_PASSES: u32 = 16;
/// The longest password that is looked at, in bytes. A longer one is wrong.
pub const LONGEST: usize = 1024;

/// The hash of a password. It is kept out of logs although it is not the password.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

/// Why a text is no hash that a password can be checked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// It has another form; probably it is the password itself.
    #[error("this is not the hash of a password")]
    NoHash,
    /// It is a hash, but of another kind.
    #[error("this hash is not one of Argon2")]
    OtherKind,
    /// It would take too much memory or time at every check.
    #[error("checking a password by this hash would take more than {} MiB or {MOST_PASSES} passes", MOST_MEMORY / 1024)]
    TooCostly,
    /// The system gave no random numbers, or the password cannot be hashed.
    #[error("the password cannot be hashed")]
    Unhashable,
}

impl PasswordHash {
    /// Reads a PHC string of Argon2.
    pub fn parse(text: &str) -> Result<Self, PasswordError> {
        let text = text.trim();
        let phc = Phc::new(text).map_err(|_| PasswordError::NoHash)?;
        Algorithm::try_from(phc.algorithm.as_str()).map_err(|_| PasswordError::OtherKind)?;
        let params = Params::try_from(&phc).map_err(|_| PasswordError::NoHash)?;
        if phc.hash.is_none() || phc.salt.is_none() {
            return Err(PasswordError::NoHash);
        }
        if params.m_cost() > MOST_MEMORY || params.t_cost() > MOST_PASSES {
            return Err(PasswordError::TooCostly);
        }
        Ok(Self(text.to_owned()))
    }

    /// The hash of a new password, with a salt of its own. Blocks for as long as hashing takes.
    pub fn of(password: &str) -> Result<Self, PasswordError> {
        let phc: Phc = Argon2::default().hash_password(password.as_bytes()).map_err(|_| PasswordError::Unhashable)?;
        Ok(Self(phc.to_string()))
    }

    /// Whether it is the hash of `password`; compares in constant time. Blocks for as long as hashing takes.
    pub fn is_of(&self, password: &str) -> bool {
        let Ok(phc) = Phc::new(&self.0) else { return false };
        password.len() <= LONGEST && Argon2::default().verify_password(password.as_bytes(), &phc).is_ok()
    }

    /// The hash as it is written in the file.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_knows_its_password_and_no_other() {
        let hash = PasswordHash::of("비밀 번호").unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_str());
        assert_ne!(hash, PasswordHash::of("비밀 번호").unwrap());
        let read = PasswordHash::parse(&format!(" {}\n", hash.as_str())).unwrap();
        assert!(read.is_of("비밀 번호") && !read.is_of("비밀번호") && !read.is_of(""));
        assert!(!format!("{hash:?}").contains('$'));
    }

    #[test]
    fn a_text_that_is_no_hash_or_is_too_costly_is_refused() {
        let costly =
            "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$vHB05p9GbmhGJmRCyXWzYWXEzwUCYGWe8GWJz4xgTkY";
        for (text, error) in [
            ("hunter2", PasswordError::NoHash),
            ("", PasswordError::NoHash),
            ("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA", PasswordError::NoHash),
            (
                "$pbkdf2-sha256$i=600000$c29tZXNhbHRzb21lc2FsdA$vHB05p9GbmhGJmRCyXWzYWXEzwUCYGWe8GWJz4xgTkY",
                PasswordError::OtherKind,
            ),
            (costly, PasswordError::TooCostly),
        ] {
            assert_eq!(PasswordHash::parse(text), Err(error), "{text}");
        }
    }
}
