//! The progress of a recording on a terminal: time on tape, length, bit rate, gaps.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::base::clock::SharedClock;
use crate::model::Span;
use crate::tape::{self, Tape};

/// How often the bar is drawn.
const EVERY: Duration = Duration::from_millis(200);

/// A bar for one cut. It is invisible if standard error is not a terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    tape: Tape,
    cut: Span,
    clock: SharedClock,
}

impl Progress {
    /// Makes a bar that shows how much of `cut` is on `tape`.
    pub(super) fn new(tape: Tape, cut: Span, clock: SharedClock, visible: bool) -> Self {
        let length = u64::try_from(cut.length().num_milliseconds()).unwrap_or_default();
        let visible = visible && std::io::stderr().is_terminal();
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(length), target);
        if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:30} {msg}") {
            bar.set_style(style.progress_chars("━╸ "));
        }
        Self { bar, tape, cut, clock }
    }

    /// Draws the bar until the future is dropped.
    pub(super) async fn show(&self, name: &str) {
        self.bar.set_prefix(name.to_owned());
        loop {
            self.draw().await;
            self.clock.sleep(EVERY).await;
        }
    }

    async fn draw(&self) {
        let (on_tape, missing) = tape::progress(&self.tape.view(&self.cut).await, self.cut);
        let length = self.cut.length().to_std().unwrap_or_default();
        let mut words = format!("{} of {}", clock(on_tape), clock(length));
        if let Some((format, bits)) = self.tape.rate() {
            let _ = write!(words, "  {:.0} kbit/s {format}", bits / 1000.0);
        }
        if missing > Duration::ZERO {
            let _ = write!(words, "  {:.1} s missing", missing.as_secs_f64());
        }
        if self.clock.now() >= self.cut.end && on_tape < length {
            words.push_str("  waiting for the stream, which lags behind the air");
        }
        if let Some(trouble) = self.tape.trouble() {
            let _ = write!(words, "  ({})", trouble.cause);
        }
        self.bar.set_message(words);
        self.bar.set_position(u64::try_from(on_tape.as_millis()).unwrap_or(u64::MAX));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Writes a duration as `0:12.3` or `1:02:03`.
fn clock(duration: Duration) -> String {
    let (whole, tenths) = (duration.as_secs(), duration.subsec_millis() / 100);
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}.{tenths}") }
}
