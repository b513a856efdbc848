//! The second way through the sound: in pieces, each with a decoder of its own.
//!
//! Segments are decoded in groups of half a minute at most. A group that comes out whole goes into the output. One that
//! does not is decoded segment by segment. So a segment that cannot be decoded costs itself and nothing around it, and
//! the gaps say which it is. Each time the segment before goes first, and its sound is dropped: codecs need a little
//! sound to begin with.

use std::sync::Arc;
use std::time::Duration;

use super::decoder::Decoding;
use super::error::EncodeError;
use super::feed::{self, Feed};
use super::frames::{frames, slack};
use super::output::Output;
use crate::base::blocking::blocking;
use crate::model::{AsCause as _, Cause};
use crate::tape::{Reel, Run, Sound, Step};

/// The longest group, and so the most decoded sound that is held in memory: 12 MB.
const GROUP: Duration = Duration::from_secs(30);

/// A segment of a run.
#[derive(Debug, Clone)]
struct Piece {
    sound: Sound,
    duration: Duration,
}

/// Pieces to decode in one go.
#[derive(Debug, Clone, Copy)]
struct Group<'a> {
    reel: &'a Arc<Reel>,
    /// The piece before, which is decoded and dropped.
    before: Option<&'a Piece>,
    pieces: &'a [Piece],
    /// How much of the first piece to drop.
    skip: Duration,
}

impl Group<'_> {
    fn length(&self) -> Duration {
        self.pieces.iter().map(|piece| piece.duration).sum::<Duration>().saturating_sub(self.skip)
    }
}

/// What a decoder made of a group.
struct Decoded {
    frames: u64,
    /// Empty if it went into the output at once.
    samples: Vec<u8>,
    /// Why there is no more.
    why: Cause,
}

/// Decodes everything into `output`, piece by piece. What cannot be decoded is lost there.
pub(super) async fn decode(decoding: Decoding<'_>, feed: &mut Feed, output: &mut Output) -> Result<(), EncodeError> {
    let mut step = feed.next().await;
    while let Step::Run(run) = step {
        step = decode_run(decoding, &run, feed, output).await?;
    }
    Ok(())
}

/// Decodes one run; returns the step after it.
async fn decode_run(
    decoding: Decoding<'_>,
    run: &Run,
    feed: &mut Feed,
    output: &mut Output,
) -> Result<Step, EncodeError> {
    output.expect_missing(run.missing);
    let mut at = run.at;
    let mut skip = run.skip;
    let mut before: Option<Piece> = None;
    let mut pieces: Vec<Piece> = Vec::new();
    loop {
        let step = feed.next().await;
        let next = match &step {
            Step::Feed { sound, duration } => Some(Piece { sound: sound.clone(), duration: *duration }),
            _ => None,
        };
        let held: Duration = pieces.iter().map(|piece| piece.duration).sum();
        let full = next.as_ref().is_none_or(|next| held + next.duration > GROUP);
        if full && !pieces.is_empty() {
            let group = Group { reel: &run.reel, before: before.as_ref(), pieces: &pieces, skip };
            decode_group(decoding, group, at, output).await?;
            at += group.length();
            skip = skip.saturating_sub(held);
            before = pieces.pop();
            pieces.clear();
        }
        let Some(next) = next else { return Ok(step) };
        pieces.push(next);
    }
}

/// Decodes a group whose first sample is at `at`, as a whole or in pieces.
async fn decode_group(
    decoding: Decoding<'_>,
    group: Group<'_>,
    at: Duration,
    output: &mut Output,
) -> Result<(), EncodeError> {
    let rate = decoding.samples.sample_rate;
    if group.length().is_zero() || output.left() == 0 {
        return Ok(());
    }
    let surplus = output.go_to(frames(at, rate)).await?;
    let wanted = frames(group.length(), rate).saturating_sub(surplus).min(output.left());
    if let [piece] = group.pieces
        && piece.duration > GROUP
    {
        let decoded = decode_with(decoding, group, surplus, wanted, Some(&mut *output)).await?;
        push_lost(decoded.frames, wanted, &decoded.why, rate, output);
        return Ok(());
    }
    let whole = |decoded: &Decoded| wanted.saturating_sub(decoded.frames) <= slack(rate);
    let mut decoded = decode_with(decoding, group, surplus, wanted, None).await?;
    if !whole(&decoded) && group.pieces.len() > 1 {
        return decode_each(decoding, group, at, output).await;
    }
    if !whole(&decoded) && group.before.is_some() {
        // Perhaps it is the piece before that no decoder survives.
        let alone = decode_with(decoding, Group { before: None, ..group }, surplus, wanted, None).await?;
        if alone.frames > decoded.frames {
            decoded = alone;
        }
    }
    output.write_decoded(decoded.samples).await?;
    push_lost(decoded.frames, wanted, &decoded.why, rate, output);
    Ok(())
}

/// Decodes each piece of a group by itself.
async fn decode_each(
    decoding: Decoding<'_>,
    group: Group<'_>,
    mut at: Duration,
    output: &mut Output,
) -> Result<(), EncodeError> {
    let mut skip = group.skip;
    let mut before = group.before;
    for piece in group.pieces {
        let alone = Group { before, pieces: std::slice::from_ref(piece), skip: skip.min(piece.duration), ..group };
        Box::pin(decode_group(decoding, alone, at, output)).await?;
        at += alone.length();
        skip = skip.saturating_sub(piece.duration);
        before = Some(piece);
    }
    Ok(())
}

/// Adds a gap for those of `wanted` frames that did not come.
fn push_lost(came: u64, wanted: u64, why: &Cause, rate: u32, output: &mut Output) {
    let lost = wanted.saturating_sub(came);
    if lost > slack(rate) {
        output.push_lost(lost, why);
    }
}

/// Decodes a group with a decoder of its own: at most `wanted` frames after the first `surplus`. A decoder that dies or
/// hangs gives less; that is no error here.
async fn decode_with(
    decoding: Decoding<'_>,
    group: Group<'_>,
    surplus: u64,
    wanted: u64,
    mut output: Option<&mut Output>,
) -> Result<Decoded, EncodeError> {
    let rate = decoding.samples.sample_rate;
    let (mut decoder, mut input, mut samples) = decoding.start(group.reel)?;
    let before = group.before.map_or(Duration::ZERO, |before| before.duration);
    samples.skip(frames(before + group.skip, rate) + surplus);
    let pouring = async {
        let reel = Arc::clone(group.reel);
        let init = blocking(move || reel.read_init()).await?;
        let Some(pipe) = input.as_mut() else { return Ok(()) };
        let mut takes = feed::write(pipe, &init).await?;
        for piece in group.before.into_iter().chain(group.pieces) {
            if takes {
                let sound = piece.sound.clone();
                let bytes = blocking(move || sound.read()).await?;
                takes = feed::write(pipe, feed::frames_of(&bytes, group.reel.container)).await?;
            }
        }
        input = None;
        Ok::<_, EncodeError>(())
    };
    tokio::pin!(pouring);
    let mut poured = false;
    let mut decoded = Decoded { frames: 0, samples: Vec::new(), why: Cause::default() };
    let frame = u64::from(decoding.samples.channels.max(1)) * 4;
    let end = loop {
        if decoded.frames >= wanted {
            break Ok(());
        }
        tokio::select! {
            result = &mut pouring, if !poured => match result {
                Ok(()) => {
                    poured = true;
                    samples.input_is_complete();
                }
                Err(error) => break Err(error),
            },
            taken = samples.next_frames(wanted - decoded.frames) => match taken {
                Ok(Some(taken)) => {
                    decoded.frames += taken.len() as u64 / frame;
                    match &mut output {
                        Some(output) => drop(output.write_decoded(taken).await?),
                        None => decoded.samples.extend_from_slice(&taken),
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            },
        }
    };
    match end {
        Ok(()) if decoded.frames >= wanted => {}
        Ok(()) => decoded.why = decoder.finish().await,
        Err(error) if error.is_of_decoder() => decoded.why = error.as_cause(),
        Err(error) => return Err(error),
    }
    Ok(decoded)
}
