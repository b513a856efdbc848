//! Keeping the original: a file of the packets that the station sent, without a second compression.
//!
//! The sound is decoded and measured before, as that of every recording; the same walk is then gone through once more, and
//! the packets of each run are put into a file of their codec. The file begins and ends between two packets, and what was
//! asked for begins and ends at most half a packet beside that, which a note says.
//!
//! Most of the sound decides of which codec the file is. A run that is coded otherwise is encoded anew to fit; a gap that is
//! to be silence is silence of that codec. Where that cannot be (a codec of which no file is written, two sets of Vorbis
//! codebooks), nothing is kept, and the caller encodes the whole.

mod assembly;
mod bytes;
mod heard;
mod job;
mod place;
mod run;

use std::sync::Arc;
use std::time::Duration;

use super::error::EncodeError;
use super::job::Encoded;
use super::written::Coding;
use crate::base::clock::SharedClock;
use crate::model::{Codec, Container, Measured, Note, NoteKind};
use crate::tape::Reel;

use assembly::{Assembled, Assembly};
use heard::heard;
pub(super) use job::OriginalJob;
use run::{RunReader, SoundOfRun, Way, are_alike, codec_of, runs};

/// What was kept.
#[derive(Debug)]
pub(super) struct Kept {
    /// The codec of the file.
    pub codec: Codec,
    /// How long it plays.
    pub length: Duration,
    /// What is to be said of it.
    pub notes: Vec<Note>,
}

/// Writes the file of `job`. Returns why not if its sound cannot be kept; then there may be a part of the file.
pub(super) async fn keep(job: &OriginalJob, clock: &SharedClock) -> Result<Result<Kept, String>, EncodeError> {
    let pieces: Vec<(Duration, Duration, Vec<SoundOfRun>)> =
        job.pieces.iter().map(|(at, end, steps)| (*at, *end, runs(steps))).collect();
    let all = || pieces.iter().flat_map(|(_, _, runs)| runs);
    let Some(main) = main_of(all()) else {
        let said = all().next().map_or("", |run| run.run.reel.detail.as_str());
        return Ok(Err(if said.is_empty() { "its codec is unknown".to_owned() } else { unkept(said) }));
    };
    let Some(first) = all().find(|run| are_alike(&run.run.reel, &main)) else { return Ok(Err(unkept(&main.detail))) };
    let coding = match coding_of(first, clock).await? {
        Ok(coding) => coding,
        Err(why) => return Ok(Err(why)),
    };
    let (codec, mut assembly, mut anew) = (coding.codec(), Assembly::new(job, coding.clone()), Vec::new());
    for (at, end, runs) in &pieces {
        for run in runs {
            let way = if are_alike(&run.run.reel, &main) { Way::Kept } else { Way::Anew(&coding) };
            if matches!(way, Way::Anew(_)) && codec == Codec::Vorbis {
                // Nobody else can make packets for its codebooks.
                return Ok(Err(changes(&run.run.reel)));
            }
            if let Err(why) = take(run, (*at, *end), way, &coding, &mut assembly, clock).await? {
                return Ok(Err(why));
            }
            if let Way::Anew(_) = way {
                anew.push((run.length.saturating_sub(run.run.skip), run.run.reel.detail.clone()));
            }
        }
    }
    match assembly.finish(job.missing).await? {
        Some(assembled) => Ok(Ok(Kept { codec, length: assembled.length, notes: notes(codec, assembled, &anew) })),
        None => Ok(Err("there is no packet of it".to_owned())),
    }
}

/// Puts the packets of a run into the file. The run is of a piece with this beginning and end.
async fn take(
    run: &SoundOfRun,
    piece: (Duration, Duration),
    way: Way<'_>,
    coding: &Coding,
    assembly: &mut Assembly<'_>,
    clock: &SharedClock,
) -> Result<Result<(), String>, EncodeError> {
    let mut reader = RunReader::start(&run.run.reel, run.sounds.clone(), way, clock)?;
    let mut lead = 0;
    if matches!(way, Way::Kept) && run.run.reel.container == Container::Ogg {
        match reader.lead(run.first).await? {
            Ok(samples) => lead = samples,
            Err(_) => return Ok(Err(changes(&run.run.reel))),
        }
    }
    assembly.begin_run(run, piece, way, lead).await?;
    let mut is_checked = false;
    loop {
        let packet = match reader.next().await? {
            Ok(Some(packet)) => packet,
            Ok(None) => return Ok(Ok(())),
            Err(_) => return Ok(Err(changes(&run.run.reel))),
        };
        if !std::mem::replace(&mut is_checked, true) && reader.coding().is_none_or(|found| !coding.joins(found)) {
            return Ok(Err(changes(&run.run.reel)));
        }
        if !assembly.take(&packet).await? {
            return Ok(Ok(()));
        }
    }
}

/// The reel whose format most of the sound has. `None` if no sound is of a codec that can be kept.
fn main_of<'a>(runs: impl Iterator<Item = &'a SoundOfRun>) -> Option<Arc<Reel>> {
    let mut sums: Vec<(Arc<Reel>, Duration)> = Vec::new();
    for run in runs.filter(|run| codec_of(&run.run.reel).is_some()) {
        match sums.iter_mut().find(|(reel, _)| are_alike(reel, &run.run.reel)) {
            Some((_, sum)) => *sum += run.length,
            None => sums.push((Arc::clone(&run.run.reel), run.length)),
        }
    }
    sums.into_iter().max_by_key(|(_, sum)| *sum).map(|(reel, _)| reel)
}

/// How the packets of a run are coded, by the first of them.
async fn coding_of(run: &SoundOfRun, clock: &SharedClock) -> Result<Result<Coding, String>, EncodeError> {
    let sounds = run.sounds.iter().take(2).cloned().collect();
    let mut reader = RunReader::start(&run.run.reel, sounds, Way::Kept, clock)?;
    let found = reader.next().await?;
    match (found, reader.coding()) {
        (Ok(Some(_)), Some(Coding::Aac(core))) => return Ok(Ok(Coding::Aac(heard(run, *core, clock).await?))),
        (Ok(Some(_)), Some(coding)) => return Ok(Ok(coding.clone())),
        _ => {}
    }
    let (said, words) = (unkept(&run.run.reel.detail), reader.last_words());
    Ok(Err(if words.is_empty() { said } else { format!("{said} (ffmpeg: {words})") }))
}

impl Encoded {
    /// What was measured, with what was kept.
    pub(super) fn kept(self, kept: Kept) -> Self {
        let measured = Measured { length: Some(kept.length), ..self.measured };
        Self { codec: kept.codec, length: kept.length, notes: kept.notes, measured, ..self }
    }
}

/// What is to be said of a recording that could not be kept as the station sent it.
pub(super) fn not_original(why: String) -> Note {
    Note { kind: NoteKind::NotOriginal, reason: why }
}

fn unkept(detail: &str) -> String {
    format!("no file is written of sound like that of the station ({detail})")
}

fn changes(reel: &Reel) -> String {
    format!("the station changes its format, and the parts cannot be joined ({})", reel.detail)
}

/// What is to be said of a file that was kept.
fn notes(codec: Codec, assembled: Assembled, anew: &[(Duration, String)]) -> Vec<Note> {
    let beside = |verb: &str, late: i64| match late {
        0 => format!("{verb} when asked"),
        late => format!("{verb} {} ms {}", late.abs(), if late > 0 { "late" } else { "early" }),
    };
    let (begins, ends) = (beside("begins", assembled.begins), beside("ends", assembled.ends));
    let reason = format!("{}, cut between its frames: {begins}, {ends}", codec.name_for_people());
    let mut notes = vec![Note { kind: NoteKind::Original, reason }];
    if let Some((_, detail)) = anew.first() {
        let sum: Duration = anew.iter().map(|(length, _)| *length).sum();
        let reason = format!("{:.1} s, which the station sent in another format ({detail})", sum.as_secs_f64());
        notes.push(Note { kind: NoteKind::PartlyEncoded, reason });
    }
    notes
}
