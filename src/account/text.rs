//! The account of a stretch of tape as a text for people, in English: what `aircheck tape` prints, and what an export
//! brings along.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::day::Account;
use super::reels::ListedReel;
use super::verify::Verified;
use crate::base::readable;
use crate::base::zone::Zone;
use crate::model::Span;

/// Writes the account of a tape of the station called `name`, by the clocks of `zone`, with its `reels`.
pub fn text(name: &str, zone: Zone, account: &Account, reels: &[ListedReel], verified: Option<&Verified>) -> String {
    let clock = Clock::of(&account.span, zone);
    let mut text =
        format!("{name}, {} to {} ({zone})\n", clock.whole(account.span.start), clock.whole(account.span.end));
    let (on_tape, wanted) = (length(account.on_tape), length(account.wanted));
    line(&mut text, &format!("on tape {}: {on_tape} of {wanted}", percent(account)));
    line(&mut text, &counted(account.holes.len(), "hole"));
    for hole in &account.holes {
        line(&mut text, &format!("  {}  {:>12}  {}", clock.time(hole.start), length(hole.length), hole.cause));
    }
    if !account.dead_air.is_empty() {
        line(&mut text, "dead air");
    }
    for dead in &account.dead_air {
        line(&mut text, &format!("  {}  {:>12}", clock.time(dead.start), length(dead.length)));
    }
    if !account.restarts.is_empty() {
        line(&mut text, "aircheck was stopped, or killed");
    }
    for at in &account.restarts {
        line(&mut text, &format!("  {}", clock.time(*at)));
    }
    if !reels.is_empty() {
        line(&mut text, &counted(reels.len(), "reel"));
    }
    for reel in reels {
        let sum = reel.sum.as_ref().map_or_else(
            || "not sealed yet".to_owned(),
            |sum| format!("{:>10} bytes  SHA-256 {}", sum.bytes, sum.sha256),
        );
        line(&mut text, &format!("  {}  {sum}", reel.name));
    }
    if let Some(verified) = verified {
        add_verified(&mut text, verified);
    }
    text
}

fn add_verified(text: &mut String, verified: &Verified) {
    let reels = format!("{}, {}", counted(verified.reels, "sealed reel"), readable::bytes(verified.bytes));
    let told = match verified.damaged.len() {
        _ if verified.reels == 0 => {
            "no reel is sealed yet: reels are sealed when they have ended, each hour".to_owned()
        }
        0 => format!("{reels}: as sealed"),
        count => format!("{reels}: {count} not as sealed"),
    };
    line(text, &told);
    for (reel, damage) in &verified.damaged {
        line(text, &format!("  {reel}  {damage}"));
    }
    if let Some(seal) = &verified.seal {
        line(text, &format!("the newest seal is {seal}"));
    }
}

fn line(text: &mut String, line: &str) {
    // A string takes everything.
    let _ = writeln!(text, "{line}");
}

/// The times of a stretch.
struct Clock {
    zone: Zone,
    /// Whether the stretch lies within a day.
    is_of_a_day: bool,
}

impl Clock {
    fn of(span: &Span, zone: Zone) -> Self {
        let day = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
        Self { zone, is_of_a_day: day(span.start) == day(span.end - TimeDelta::milliseconds(1)) }
    }

    fn time(&self, at: DateTime<Utc>) -> String {
        let form = if self.is_of_a_day { "%H:%M:%S%.3f" } else { "%Y-%m-%d %H:%M:%S%.3f" };
        at.with_timezone(&self.zone).format(form).to_string()
    }

    fn whole(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%Y-%m-%d %H:%M:%S%.3f").to_string()
    }
}

/// Writes the share that is on tape: `99.998 %`; never rounded up.
pub fn percent(account: &Account) -> String {
    let share = account.millipercent();
    match (share / 1000, share % 1000) {
        (100, _) => "100 %".to_owned(),
        (whole, rest) => format!("{whole}.{rest:03} %"),
    }
}

/// A length: `1.300 s`, `2:03.500`, `24:00:00.000`.
fn length(length: Duration) -> String {
    let (whole, milliseconds) = (length.as_secs(), length.subsec_millis());
    if whole < 60 {
        return format!("{whole}.{milliseconds:03} s");
    }
    format!("{}.{milliseconds:03}", readable::clock(whole as f64))
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::reels::Sum;
    use crate::model::{Cause, CauseKind, DeadAir, Gap};
    use crate::tape::Damage;

    fn at(second: i64) -> DateTime<Utc> {
        "2026-11-19T15:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(second)
    }

    #[test]
    fn an_account_tells_what_is_missing_when_and_why_and_never_rounds_up() {
        let hole = |second, millis, kind, words: &str| Gap {
            start: at(second),
            length: Duration::from_millis(millis),
            cause: Cause::new(kind, words),
        };
        let account = Account {
            span: Span::new(at(0), at(86_400)),
            wanted: Duration::from_hours(24),
            on_tape: Duration::from_hours(24) - Duration::from_millis(61_700),
            unwanted: vec![],
            holes: vec![
                hole(11_525, 1_300, CauseKind::Refused, "the station answered 503"),
                hole(43_200, 60_400, CauseKind::NotRunning, "aircheck was not running"),
            ],
            dead_air: vec![DeadAir { start: at(3_600), length: Duration::from_secs(75) }],
            restarts: vec![at(43_200)],
        };
        let verified = Verified {
            reels: 24,
            bytes: 3 << 29,
            damaged: vec![("20261119T150000000Z.aac".to_owned(), Damage::Missing)],
            seal: Some("2c26".to_owned()),
        };
        let reels = [
            ListedReel {
                name: "20261119T150000000Z.aac".to_owned(),
                sum: Some(Sum { bytes: 57_600_000, sha256: "9f86".to_owned() }),
            },
            ListedReel { name: "20261120T140000000Z.aac".to_owned(), sum: None },
        ];
        let zone = "Asia/Seoul".parse().unwrap();
        assert_eq!(
            text("KBS 클래식FM", zone, &account, &reels, Some(&verified)),
            "KBS 클래식FM, 2026-11-20 00:00:00.000 to 2026-11-21 00:00:00.000 (Asia/Seoul)\n\
             on tape 99.928 %: 23:58:58.300 of 24:00:00.000\n\
             2 holes\n\
             \x20 03:12:05.000       1.300 s  the station answered 503\n\
             \x20 12:00:00.000      1:00.400  aircheck was not running\n\
             dead air\n\
             \x20 01:00:00.000      1:15.000\n\
             aircheck was stopped, or killed\n\
             \x20 12:00:00.000\n\
             2 reels\n\
             \x20 20261119T150000000Z.aac    57600000 bytes  SHA-256 9f86\n\
             \x20 20261120T140000000Z.aac  not sealed yet\n\
             24 sealed reels, 1.5 GiB: 1 not as sealed\n\
             \x20 20261119T150000000Z.aac  it is gone\n\
             the newest seal is 2c26\n"
        );
        let nearly = Account { on_tape: Duration::from_millis(86_399_700), holes: vec![], ..account.clone() };
        assert!(text("x", zone, &nearly, &[], None).contains("on tape 99.999 %: 23:59:59.700"));
        let whole = Account { on_tape: account.wanted, dead_air: vec![], restarts: vec![], ..nearly };
        assert!(
            text("x", zone, &whole, &[], None).ends_with("on tape 100 %: 24:00:00.000 of 24:00:00.000\nno holes\n")
        );
        // Over midnight a time needs its day.
        let later = Account { span: Span::new(at(-1), at(60)), ..account };
        assert!(text("x", zone, &later, &[], None).contains("  2026-11-20 12:00:00.000\n"));
    }
}
