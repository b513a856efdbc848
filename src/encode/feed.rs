//! The walk through a cut, a reel or a file, as a stream of bytes for decoders.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::decoder::Input;
use super::error::EncodeError;
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::id3v2::tag_length;
use crate::model::{Container, Gap, Span};
use crate::tape::{Reel, Step, Tape, View, Walker};

/// The longest a decoder may refuse input.
const HANGS_AFTER: Duration = Duration::from_secs(20);

/// So much of a cut is looked at first if somebody waits for its first sound.
const FIRST_LOOK: TimeDelta = TimeDelta::hours(1);

/// Less sound than this says nothing about the speed.
const TELLING: Duration = Duration::from_secs(60);

/// Walks through one cut, one reel, or a stretch of one file.
#[derive(Debug)]
pub(super) struct Feed {
    walk: Walk,
    clock: SharedClock,
    /// When it began, in monotonic time.
    begun: Duration,
    /// How much sound was handed on before the tape had no more, and how long that took.
    fed: Duration,
    hurried: Option<Duration>,
    /// The steps that were taken. `None` if nobody wants them.
    taken: Option<Vec<Step>>,
}

/// What a feed walks through.
#[derive(Debug)]
enum Walk {
    Cut(Box<CutWalk>),
    /// The steps that are left, of something that does not grow.
    Known(VecDeque<Step>),
}

/// The walk through a cut, which may still be coming on tape.
#[derive(Debug)]
struct CutWalk {
    tape: Tape,
    cut: Span,
    walker: Walker,
    view: View,
    grown: watch::Receiver<u64>,
    sealed: CancellationToken,
    /// Whether the view is from a time when nothing more could come.
    last_view: bool,
    /// Whether the view has only the beginning of the cut.
    first_look: bool,
}

impl CutWalk {
    async fn grow(&mut self) {
        if mem::take(&mut self.first_look) {
            self.last_view = self.sealed.is_cancelled();
        } else {
            tokio::select! {
                () = self.sealed.cancelled() => self.last_view = true,
                // An error means that the tape is gone, and so will be sealed.
                changed = self.grown.changed() => if changed.is_err() { self.last_view = true },
            }
        }
        self.view = self.tape.view(&self.cut).await;
    }
}

impl Feed {
    /// A feed that stands at the beginning of `cut`. Waits if the tape must still grow.
    pub(super) async fn new(tape: Tape, cut: Span, sealed: CancellationToken, clock: SharedClock) -> Self {
        let grown = tape.grown();
        let last_view = sealed.is_cancelled();
        let view = tape.view(&cut).await;
        let walker = Walker::new(cut);
        let cut = CutWalk { tape, cut, walker, view, grown, sealed, last_view, first_look: false };
        Self::of(Walk::Cut(Box::new(cut)), clock)
    }

    /// As [`Feed::new`], for somebody who waits for the first sound: of a long cut, only the indexes of its beginning are
    /// read before that.
    pub(super) async fn soon(tape: Tape, cut: Span, sealed: CancellationToken, clock: SharedClock) -> Self {
        let grown = tape.grown();
        let view = tape.view(&Span::new(cut.start, cut.end.min(cut.start + FIRST_LOOK))).await;
        let walker = Walker::new(cut);
        let cut = CutWalk { tape, cut, walker, view, grown, sealed, last_view: false, first_look: true };
        Self::of(Walk::Cut(Box::new(cut)), clock)
    }

    /// A feed that stands at the beginning of a reel or of a stretch of a file, which is walked through by these `steps`.
    pub(super) fn of_steps(steps: impl IntoIterator<Item = Step>, clock: SharedClock) -> Self {
        Self::of(Walk::Known(steps.into_iter().collect()), clock)
    }

    fn of(walk: Walk, clock: SharedClock) -> Self {
        Self { walk, begun: clock.monotonic(), clock, fed: Duration::ZERO, hurried: None, taken: None }
    }

    /// Remembers the steps from here on if they are `wanted`.
    pub(super) fn remembering(self, wanted: bool) -> Self {
        Self { taken: wanted.then(Vec::new), ..self }
    }

    /// Returns the steps that were taken.
    pub(super) fn take_steps(&mut self) -> Vec<Step> {
        self.taken.take().unwrap_or_default()
    }

    /// The value of [`super::Encoded::speed`]. Decoders take in advance what fits into a pipe.
    pub(super) fn speed(&self) -> Option<f64> {
        let hurried = self.hurried.unwrap_or_else(|| self.elapsed());
        (self.fed >= TELLING).then(|| self.fed.as_secs_f64() / hurried.as_secs_f64().max(0.001))
    }

    fn elapsed(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.begun)
    }

    /// What is missing, of a cut.
    pub(super) fn into_gaps(self) -> Vec<Gap> {
        let Walk::Cut(cut) = self.walk else { return Vec::new() };
        let left_out = cut.walker.left_out();
        if !left_out.is_zero() {
            let seconds = left_out.as_secs_f64();
            info!(seconds, "left out sound of a time that an earlier connection had brought, by the station's dates");
        }
        cut.walker.into_gaps()
    }

    /// Returns the next step, never [`Step::Wait`].
    pub(super) async fn next(&mut self) -> Step {
        loop {
            let step = match &mut self.walk {
                Walk::Cut(cut) => cut.walker.step(&cut.view, cut.last_view),
                Walk::Known(steps) => steps.pop_front().unwrap_or(Step::End),
            };
            match step {
                Step::Wait => self.wait().await,
                step => {
                    if let (Step::Feed { duration, .. }, None) = (&step, self.hurried) {
                        self.fed += *duration;
                    }
                    if let Some(taken) = &mut self.taken {
                        taken.push(step.clone());
                    }
                    return step;
                }
            }
        }
    }

    async fn wait(&mut self) {
        self.hurried = self.hurried.or_else(|| Some(self.elapsed()));
        if let Walk::Cut(cut) = &mut self.walk {
            cut.grow().await;
        }
    }

    /// Pours a run into a decoder until the run ends or the decoder does. `is_awaited` says whether somebody takes what
    /// comes out of it.
    pub(super) async fn pour(
        &mut self,
        input: Option<Input>,
        reel: &Arc<Reel>,
        is_awaited: impl Fn() -> bool,
    ) -> Result<Poured, EncodeError> {
        let first = Arc::clone(reel);
        let init = blocking(move || first.read_init()).await?;
        let mut fed = Duration::ZERO;
        let Some(mut input) = input else { return Ok(Poured { next: None, fed }) };
        let mut taken = write_ahead(&mut input, &init, &is_awaited).await?;
        while taken {
            let (sound, duration) = match self.next().await {
                Step::Feed { sound, duration } => (sound, duration),
                step => return Ok(Poured { next: Some(step), fed }),
            };
            fed += duration;
            let bytes = blocking(move || sound.read()).await?;
            taken = write_ahead(&mut input, frames_of(&bytes, reel.container), &is_awaited).await?;
        }
        Ok(Poured { next: None, fed })
    }
}

/// What was poured into a decoder.
#[derive(Debug)]
pub(super) struct Poured {
    /// The step after the run; `None` if the decoder ended before the run did.
    pub(super) next: Option<Step>,
    /// How much sound it was.
    pub(super) fed: Duration,
}

/// The sound of a segment without the ID3v2 tags that packed audio begins with (RFC 8216 section 3.4). In the middle of
/// a stream, ffmpeg takes a tag for sound and loses the frame after it.
pub fn frames_of(mut bytes: &[u8], container: Container) -> &[u8] {
    if !container.is_packed() {
        return bytes;
    }
    while let Some(length) = bytes.first_chunk().and_then(|header| tag_length(*header)) {
        bytes = bytes.get(length..).unwrap_or_default();
    }
    bytes
}

/// Writes `bytes`; false when the decoder has ended, which closes the pipe.
pub(super) async fn write(input: &mut Input, bytes: &[u8]) -> Result<bool, EncodeError> {
    write_ahead(input, bytes, || true).await
}

/// As [`write()`], for a decoder that may run ahead. While it is not awaited, its pipes are full and it takes nothing: only an
/// awaited one can hang.
async fn write_ahead(input: &mut Input, bytes: &[u8], is_awaited: impl Fn() -> bool) -> Result<bool, EncodeError> {
    let mut writing = pin!(input.pipe.write_all(bytes));
    loop {
        let was_awaited = is_awaited();
        match input.pulse.within(HANGS_AFTER, &mut writing).await {
            Ok(Ok(())) => return Ok(true),
            Ok(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(false),
            Ok(Err(error)) => return Err(EncodeError::Decoder(error)),
            Err(_) if was_awaited => return Err(EncodeError::DecoderHangs { seconds: HANGS_AFTER.as_secs() }),
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::path::Path;

    use chrono::DateTime;
    use futures::FutureExt as _;

    use super::*;
    use crate::base::clock::SystemClock;
    use crate::base::clock::simulated::SimulatedClock;
    use crate::base::process::Invocation;
    use crate::model::{Chunk, Format, MediaEvent};

    /// A tape of so many chunks of `seconds`, which come as they are on the air, after the first `hole` of them, and the cut
    /// that has them all.
    fn tape(folder: &Path, chunks: u32, seconds: u32, hole: u32) -> (Tape, Span) {
        let start = DateTime::UNIX_EPOCH;
        let at = |chunks: u32| start + TimeDelta::seconds((chunks * seconds).into());
        let tape = Tape::open(folder, Duration::ZERO, start).unwrap();
        let format = Format { container: Container::Adts, detail: String::new(), init: None };
        tape.write(MediaEvent::Format(format), start).unwrap();
        for number in hole + 1..=chunks {
            let sound = format!("{seconds} seconds, number {number}");
            let chunk = Chunk::new(sound, Duration::from_secs(seconds.into()), at(number));
            tape.write(MediaEvent::Chunk(chunk), at(number)).unwrap();
        }
        (tape, Span::new(start, at(chunks)))
    }

    /// The speed with which a tape of so many seconds is walked through.
    async fn speed(seconds: u32) -> Option<f64> {
        let folder = tempfile::tempdir().unwrap();
        let (tape, cut) = tape(folder.path(), seconds / 10, 10, 0);
        let sealed = CancellationToken::new();
        sealed.cancel();
        let mut feed = Feed::new(tape, cut, sealed, SystemClock::shared()).await;
        while feed.next().await != Step::End {}
        feed.speed()
    }

    #[tokio::test]
    async fn the_speed_is_known_of_what_is_long_enough_to_tell() {
        assert!(speed(90).await.is_some_and(|times| times > 10.0));
        assert_eq!(speed(50).await, None);
    }

    #[tokio::test]
    async fn who_waits_for_the_first_sound_gets_all_that_follows_and_no_step_twice() {
        let folder = tempfile::tempdir().unwrap();
        let clock = SystemClock::shared();
        let sealed = CancellationToken::new();
        sealed.cancel();
        for (minutes, hole) in [(600, 0), (600, 300), (20, 0)] {
            let (tape, cut) = tape(&folder.path().join(format!("{minutes} {hole}")), minutes, 60, hole);
            let mut all = Vec::new();
            for mut feed in [
                Feed::new(tape.clone(), cut, sealed.clone(), clock.clone()).await,
                Feed::soon(tape.clone(), cut, sealed.clone(), clock.clone()).await,
            ] {
                let mut steps = Vec::new();
                while steps.last() != Some(&Step::End) {
                    steps.push(feed.next().await);
                }
                all.push((steps, feed.into_gaps()));
            }
            assert_eq!(all[0], all[1], "{minutes} {hole}");
        }
    }

    #[tokio::test]
    async fn only_a_decoder_that_somebody_waits_for_hangs() {
        let clock = SimulatedClock::at(DateTime::UNIX_EPOCH);
        let shared: SharedClock = clock.clone();
        let mut busy = Invocation::new("sleep").args(["1000"]).with_stdin().spawn(&shared).unwrap();
        let pulse = busy.pulse();
        let mut input = Input { pipe: busy.take_stdin().unwrap(), pulse };
        let more_than_fits = vec![0; 1 << 20];
        let is_awaited = Cell::new(false);
        let mut writing = pin!(write_ahead(&mut input, &more_than_fits, || is_awaited.get()));
        for _ in 0..3 {
            assert!(writing.as_mut().now_or_never().is_none());
            clock.advance(HANGS_AFTER).await;
        }
        is_awaited.set(true);
        assert!(writing.as_mut().now_or_never().is_none(), "it was not awaited until now");
        assert!(matches!(clock.pass_until(writing).await, Err(EncodeError::DecoderHangs { .. })));
    }

    #[test]
    fn tags_before_packed_sound_are_left_out_and_nothing_else() {
        let tagged = b"ID3\x04\x00\x00\x00\x00\x00\x02xxID3\x04\x00\x00\x00\x00\x00\x00\xff\xfbsound";
        assert_eq!(frames_of(tagged, Container::Mp3), b"\xff\xfbsound");
        assert_eq!(frames_of(b"\xff\xf1sound", Container::Adts), b"\xff\xf1sound");
        assert_eq!(frames_of(b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", Container::Adts), b"");
        assert_eq!(frames_of(tagged, Container::MpegTs), tagged);
    }
}
