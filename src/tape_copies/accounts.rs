//! The accounts of days that are over.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::name::of_account;
use super::reels::put_text;
use super::shared::AsJson;
use crate::account::{self, Account};
use crate::base::blocking::Lane;
use crate::base::redact;
use crate::config::{Config, Station, day};
use crate::copies::SendError;
use crate::library::remote::Remote;
use crate::model::Span;
use crate::tape::{Tape, TapeError};

/// How long after a day its account is made: its last reel ends within an hour, and then its levels are computed.
const SETTLES: TimeDelta = TimeDelta::hours(3);
/// The most days that are caught up with.
const MOST_DAYS: i64 = 400;

/// Returns the next day of which an account is due, after the day `until`. `None` if none is.
pub(super) fn due(tape: &Tape, station: &Station, until: Option<NaiveDate>, now: DateTime<Utc>) -> Option<NaiveDate> {
    let local = |at: DateTime<Utc>| at.with_timezone(&station.timezone).date_naive();
    let first = match until {
        Some(until) => until.succ_opt()?,
        None => local(tape.since()?),
    };
    let oldest = local(now - TimeDelta::days(MOST_DAYS));
    // The clocks of a zone may leave a day out.
    let mut days = first.max(oldest).iter_days().take_while(|date| *date < local(now));
    let (date, span) = days.find_map(|date| Some((date, day(date, station.timezone).ok()?)))?;
    (span.end + SETTLES <= now).then_some(date)
}

/// Copies the account of a day. Returns whether there was anything to account for.
pub(super) async fn send(
    remote: &Remote,
    (station, tape, date): (&Station, &Tape, NaiveDate),
    config: &Config,
    (as_json, lane): (AsJson, &Lane),
    now: DateTime<Utc>,
) -> Result<bool, AccountError> {
    let Ok(span) = day(date, station.timezone) else { return Ok(false) };
    let (looked_at, rule) = (tape.clone(), config.dead_air);
    let accounted = lane.run(move || accounted(&looked_at, span, rule, now)).await?;
    let Some((account, reels)) = accounted else { return Ok(false) };
    let text = as_json(station.id.as_str(), &account, &reels, station.timezone);
    put_text(remote, &of_account(remote.rule(), station, date), "application/json", text).await?;
    Ok(true)
}

/// Why an account could not be copied.
#[derive(Debug, thiserror::Error)]
pub(super) enum AccountError {
    /// The tape cannot be read.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// The store cannot be used.
    #[error(transparent)]
    Send(#[from] SendError),
}

type Accounted = Option<(Account, Vec<account::ListedReel>)>;

/// Accounts for a day. Blocks.
fn accounted(
    tape: &Tape,
    span: Span,
    rule: Option<crate::config::DeadAirRule>,
    now: DateTime<Utc>,
) -> Result<Accounted, TapeError> {
    let Some(mut account) = account::account(tape, span, rule, now) else { return Ok(None) };
    for hole in &mut account.holes {
        // It leaves this machine.
        hole.cause.words = redact::text(&hole.cause.words);
    }
    let reels = account::listed(tape, account.span)?;
    Ok(Some((account, reels)))
}
