//! What `aircheck grab` shows: a bar on a terminal, a line at the end, or JSON.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::base::clock::SharedClock;
use crate::base::readable::{bytes, clock};
use crate::grabs::{Missing, Outcome, Progress, Stage, Standing};

/// How often the bar is drawn.
const EVERY: Duration = Duration::from_millis(200);
/// How many missing stretches are named; JSON has all.
const MOST_NAMED: usize = 20;

/// A bar of a grab. It is invisible if standard error is not a terminal.
pub(super) struct Bar {
    drawn: ProgressBar,
    progress: Progress,
    clock: SharedClock,
}

impl Bar {
    pub(super) fn new(progress: Progress, clock: SharedClock, visible: bool) -> Self {
        let visible = visible && std::io::stderr().is_terminal();
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(1), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}") {
            bar.set_style(style.progress_chars("━╸ "));
        }
        Self { drawn: bar, progress, clock }
    }

    /// Draws the bar until the future is dropped.
    pub(super) async fn show(&self) {
        loop {
            self.progress.measure(self.clock.monotonic());
            let standing = self.progress.standing();
            self.drawn.set_length(standing.total.max(1) as u64);
            self.drawn.set_position(standing.done as u64);
            self.drawn.set_message(words(&standing));
            self.clock.sleep(EVERY).await;
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.drawn.finish_and_clear();
    }
}

/// What the bar says.
fn words(standing: &Standing) -> String {
    match standing.stage {
        Stage::Waiting | Stage::Finding => return "finding out what there is".to_owned(),
        Stage::Packing => return "making the file".to_owned(),
        Stage::Fetching => {}
    }
    let Standing { total, done, lost, bytes: came, rate, .. } = *standing;
    let mut words = format!("{done} of {total} segments  {}", bytes(came));
    if rate > 0.0 {
        let _ = write!(words, "  {:.1} MiB/s", rate / f64::from(1 << 20));
    }
    if let Some(left) = standing.left() {
        let _ = write!(words, "  {} left", clock(left));
    }
    if lost > 0 {
        let _ = write!(words, "  {lost} missing");
    }
    words
}

/// What came of a grab, in a line.
pub(super) fn line(outcome: &Outcome) -> String {
    let Outcome { file, total, there, plays, names: (first, last), .. } = outcome;
    let segments = format!("{there} of {total} segments ({first} to {last})");
    match file {
        Some(file) => {
            format!("{}: {segments}, {}, plays {}\n", file.display(), bytes(outcome.bytes), clock(plays.as_secs_f64()))
        }
        None => format!("{segments}; no file was made\n"),
    }
}

/// What is missing, in lines: those that follow each other for the same kind of reason together.
pub(super) fn missing_lines(missing: &[Missing]) -> String {
    let mut runs: Vec<(&Missing, &Missing, Duration)> = Vec::new();
    for one in missing {
        match runs.last_mut() {
            Some((_, last, length))
                if last.cause.kind == one.cause.kind && (last.track, last.number + 1) == (one.track, one.number) =>
            {
                (*last, *length) = (one, *length + one.length);
            }
            _ => runs.push((one, one, one.length)),
        }
    }
    let mut text = String::new();
    for (first, last, length) in runs.iter().take(MOST_NAMED) {
        let names = if first.number == last.number {
            format!("segment {}", first.name)
        } else {
            format!("segments {} to {}", first.name, last.name)
        };
        let (at, length) = (clock(first.at.as_secs_f64()), length.as_secs_f64());
        let _ = writeln!(text, "missing {length:.1} s at {at} ({names}): {}", first.cause);
    }
    if runs.len() > MOST_NAMED {
        let _ = writeln!(text, "and {} more; `--json` names all", runs.len() - MOST_NAMED);
    }
    text
}

/// What came of a grab, as scripts read it.
#[derive(Debug, Serialize)]
pub(super) struct Report<'a> {
    /// The file; null if none was made.
    file: Option<&'a std::path::Path>,
    bytes: u64,
    /// How many segments there are, how many came, and how many of those had come before.
    segments: usize,
    there: usize,
    resumed: usize,
    first: &'a str,
    last: &'a str,
    /// How long the file plays, in seconds.
    seconds: f64,
    missing: Vec<MissingReport<'a>>,
}

/// A segment that is missing, or its end.
#[derive(Debug, Serialize)]
struct MissingReport<'a> {
    segment: &'a str,
    number: u64,
    /// 0, or 1 for sound that has a playlist of its own.
    track: u8,
    /// From where on in the programme, and how long, in seconds, as far as it is known.
    at: f64,
    seconds: f64,
    kind: &'static str,
    cause: &'a str,
}

impl<'a> Report<'a> {
    pub(super) fn of(outcome: &'a Outcome, resumed: usize) -> Self {
        let missing = outcome.missing.iter().map(|missing| MissingReport {
            segment: &missing.name,
            number: missing.number,
            track: missing.track,
            at: missing.at.as_secs_f64(),
            seconds: missing.length.as_secs_f64(),
            kind: missing.cause.kind.name(),
            cause: &missing.cause.words,
        });
        Self {
            file: outcome.file.as_deref(),
            bytes: outcome.bytes,
            segments: outcome.total,
            there: outcome.there,
            resumed,
            first: &outcome.names.0,
            last: &outcome.names.1,
            seconds: outcome.plays.as_secs_f64(),
            missing: missing.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cause, CauseKind};

    fn missing(number: u64, kind: CauseKind) -> Missing {
        let cause = Cause::new(kind, format!("{number} says why"));
        let at = Duration::from_secs(4 * number);
        Missing { track: 0, number, name: format!("{number:06}"), at, length: Duration::from_secs(4), cause }
    }

    #[test]
    fn what_is_missing_in_a_row_is_said_at_once() {
        let all = [17, 18, 19].map(|number| missing(number, CauseKind::Refused));
        let more = [missing(20, CauseKind::Unusable), missing(30, CauseKind::Unusable)];
        assert_eq!(
            missing_lines(&[&all[..], &more].concat()),
            "missing 12.0 s at 1:08 (segments 000017 to 000019): 17 says why\n\
             missing 4.0 s at 1:20 (segment 000020): 20 says why\n\
             missing 4.0 s at 2:00 (segment 000030): 30 says why\n"
        );
        let many: Vec<_> = (0..50).map(|number| missing(2 * number, CauseKind::Refused)).collect();
        assert!(missing_lines(&many).ends_with("and 30 more; `--json` names all\n"));
    }

    #[test]
    fn the_bar_says_how_far_it_is_and_how_long_it_takes() {
        let (stage, bytes, rate) = (Stage::Fetching, 50 << 20, 1024.0 * 1024.0);
        let standing = Standing { stage, total: 100, done: 60, before: 10, lost: 1, bytes, rate };
        assert_eq!(words(&standing), "60 of 100 segments  50 MiB  1.0 MiB/s  0:39 left  1 missing");
    }
}
