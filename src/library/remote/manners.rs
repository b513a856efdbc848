//! Which headers a store takes: old ones, and those of some small machines, refuse a request with a header that they do not
//! know, in place of leaving it out. They are asked again without it, and from then on.

use std::sync::atomic::{AtomicBool, Ordering};

use super::error::RemoteError;

/// How the headers about checksums begin.
const CHECKSUMS: &str = "x-amz-checksum";
/// The condition that nothing is overwritten.
const CONDITION: &str = "if-none-match";

/// What a store takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Manners {
    /// Checksums beside what is written. Without them a copy is read back to be compared.
    pub checksums: bool,
    /// The condition that nothing is overwritten. Without it only whoever looks first overwrites nothing.
    pub conditions: bool,
}

impl Manners {
    /// What to try, one after another: `self`, and then with less and less.
    pub fn tries(self) -> [Self; 4] {
        [
            self,
            Self { checksums: false, ..self },
            Self { conditions: false, ..self },
            Self { checksums: false, conditions: false },
        ]
    }

    /// Whether a header of this name is sent.
    pub fn takes(self, header: &str) -> bool {
        (self.checksums || !header.starts_with(CHECKSUMS)) && (self.conditions || header != CONDITION)
    }

    /// Whether the headers that were sent by `self` may be the reason of `error`. A condition is given up only if the store
    /// says that it lacks something: without it somebody else may be overwritten.
    pub fn may_cause(self, error: &RemoteError) -> bool {
        let RemoteError::Refused(refusal) = error else { return false };
        let vague = ["", "InvalidArgument", "InvalidRequest", "BadRequest", "UnsupportedArgument", "MalformedXML"];
        refusal.status == 501 || refusal.status == 400 && self.conditions && vague.contains(&refusal.code.as_str())
    }
}

/// What is known of a store.
#[derive(Debug, Default)]
pub(super) struct Learned {
    no_checksums: AtomicBool,
    no_conditions: AtomicBool,
}

impl Learned {
    /// Returns what it takes, as far as is known.
    pub fn manners(&self) -> Manners {
        let is_known = |no: &AtomicBool| no.load(Ordering::Relaxed);
        Manners { checksums: !is_known(&self.no_checksums), conditions: !is_known(&self.no_conditions) }
    }

    /// Remembers what it took when it had refused more.
    pub fn learn(&self, manners: Manners) {
        self.no_checksums.fetch_or(!manners.checksums, Ordering::Relaxed);
        self.no_conditions.fetch_or(!manners.conditions, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::Refusal;
    use super::*;

    const ALL: Manners = Manners { checksums: true, conditions: true };

    #[test]
    fn less_is_sent_step_by_step_and_what_was_learned_stays() {
        let learned = Learned::default();
        assert_eq!(learned.manners(), ALL);
        let sent =
            |manners: Manners| ["x-amz-checksum-sha256", "if-none-match", "content-type"].map(|it| manners.takes(it));
        let tries = ALL.tries().map(sent);
        assert_eq!(tries, [[true, true, true], [false, true, true], [true, false, true], [false, false, true]]);
        learned.learn(Manners { checksums: false, conditions: true });
        learned.learn(Manners { checksums: true, conditions: true });
        assert_eq!(learned.manners(), Manners { checksums: false, conditions: true });
    }

    #[test]
    fn only_what_a_store_may_not_know_is_left_out() {
        let refused = |status, code: &str| {
            RemoteError::Refused(Box::new(Refusal {
                doing: "write",
                place: String::new(),
                bucket: String::new(),
                status,
                code: code.to_owned(),
                message: String::new(),
                region: None,
            }))
        };
        for (status, code, may) in [
            (501, "NotImplemented", true),
            (400, "InvalidArgument", true),
            (400, "BadDigest", false),
            (403, "AccessDenied", false),
            (412, "PreconditionFailed", false),
            (503, "SlowDown", false),
        ] {
            assert_eq!(ALL.may_cause(&refused(status, code)), may, "{status} {code}");
        }
        let unconditional = Manners { conditions: false, ..ALL };
        assert!(!unconditional.may_cause(&refused(400, "InvalidArgument")));
    }
}
