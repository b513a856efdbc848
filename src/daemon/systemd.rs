//! The service manager: readiness, status and the watchdog, by the protocol of `sd_notify(3)`.
//!
//! Outside systemd (no `NOTIFY_SOCKET`) every call does nothing. A message that cannot be sent is logged and no more:
//! it never stops a recording.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

use crate::base::clock::SharedClock;

/// The longest status that is sent, in bytes; `systemctl status` shows one line.
const LONGEST_STATUS: usize = 500;

/// The service is up: with `Type=notify`, what waits for it goes on.
pub fn ready() {
    send(&[NotifyState::Ready]);
}

/// The service is reading its configuration again; [`ready`] says when it is done.
pub fn reloading() {
    // Type=notify-reload (systemd 253) takes the message only with the time of sending.
    match NotifyState::monotonic_usec_now() {
        Ok(now) => send(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!(%error, "the service manager was not told of the reload"),
    }
}

/// The service is stopping.
pub fn stopping() {
    send(&[NotifyState::Stopping]);
}

/// What the service is doing, for `systemctl status`: `recording KBS 1FM until 16:00; next EBS FM 20:00`.
pub fn status(text: &str) {
    send(&[NotifyState::Status(&one_line(text))]);
}

/// Pings the watchdog as often as the service manager wants until `stop`; returns at once where there is none
/// (`WatchdogSec=`). Runs on the same runtime as everything else, so that a runtime that hangs is noticed.
pub async fn watchdog(clock: SharedClock, stop: CancellationToken) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let every = ping_interval(limit);
    while !stop.is_cancelled() {
        send(&[NotifyState::Watchdog]);
        tokio::select! {
            () = stop.cancelled() => {}
            () = clock.sleep(every) => {}
        }
    }
}

/// Twice in every limit, as `sd_watchdog_enabled(3)` recommends, and not in a hot loop.
fn ping_interval(limit: Duration) -> Duration {
    (limit / 2).max(Duration::from_millis(10))
}

/// A newline in a status would begin another message, and titles are other people's text.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    for character in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if line.len() + character.len_utf8() > LONGEST_STATUS {
            break;
        }
        line.push(character);
    }
    line
}

fn send(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager could not be told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_stays_one_message_of_one_line() {
        assert_eq!(one_line("recording 명연주\nWATCHDOG=trigger"), "recording 명연주 WATCHDOG=trigger");
        let long = one_line(&"긴".repeat(1_000));
        assert!(long.len() <= LONGEST_STATUS && long.chars().all(|c| c == '긴'));
    }

    #[test]
    fn the_watchdog_is_pinged_well_within_its_limit() {
        assert_eq!(ping_interval(Duration::from_secs(30)), Duration::from_secs(15));
        assert!(ping_interval(Duration::ZERO) > Duration::ZERO);
    }
}
