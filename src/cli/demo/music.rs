//! The music: a chord over a wandering bass, an arpeggio, and a bell on every full minute, played by ffmpeg.
//!
//! The music is a function of the time of day alone, except for its echo, which remembers. So a recording can be checked
//! by ear: one that begins on the minute begins with the bell. Every four seconds the bass swells on its next note, and
//! every half second a note is plucked.

/// Samples per second, in each of two channels.
pub const RATE: u32 = 48_000;

/// Returns the music from a Unix time in seconds on, as an input of ffmpeg (`-f lavfi -i`).
pub fn source(begin: u64) -> String {
    let [left, right] = [0, 1].map(|side| channel(begin % 86_400, side));
    // Nothing in it is above 2 kHz, and each sample costs.
    format!("aevalsrc='{left}|{right}':s=16000,aecho=0.8:0.8:370|740:0.3|0.2")
}

/// Returns one channel, as an expression of ffmpeg (ffmpeg-utils(1)). What sounds for longer than a note has as many
/// whole swings in two seconds, so that midnight cannot be heard.
fn channel(begin: u64, side: u8) -> String {
    let now = "ld(0)";
    let clock = format!("st(0,mod({begin}+t,86400));st(1,floor(2*{now}));st(2,mod(floor({now}/4),4))");
    // A, E and F sharp. The right channel is 1 Hz higher, which makes it wide.
    let voice = |hertz: u32| format!("sin(2*PI*{}*{now})", hertz + u32::from(side));
    let chord = [220, 330, 370].map(voice).join("+");
    // D, B, G, A.
    let bass = format!("pow(sin(PI*{now}/4),2)*sin(2*PI*(147-23.5*eq(ld(2),1)-49*eq(ld(2),2)-37*eq(ld(2),3))*{now})");
    // Twelve fifths of a number, rounded down, are the semitones of the pentatonic scale; squares wander through it. The
    // notes go from left to right and back.
    let since = format!("mod({now},0.5)");
    let semitones = "floor(12*mod(ld(1)*ld(1)+floor(ld(1)/8),11)/5)";
    let pluck = format!(
        "(0.4+0.6*eq(mod(ld(1),2),{side}))*min({since}/0.004,1)*exp(-9*{since})\
         *sin(2*PI*294*pow(2,{semitones}/12)*{since})"
    );
    let struck = format!("mod({now},60)");
    let partial = |loud: f64, hertz: u32| format!("{loud}*sin(2*PI*{hertz}*{struck})");
    let partials = [partial(1.0, 587), partial(0.6, 294), partial(0.5, 705)].join("+");
    let bell = format!("min({struck}/0.002,1)*exp(-1.2*{struck})*({partials})");
    format!("{clock};0.05*({chord})+0.12*{bass}+0.15*{pluck}+0.25*{bell}")
}

/// The left channel from a Unix time on, full scale being 1.
#[cfg(test)]
pub async fn samples(begin: u64, seconds: u32) -> Vec<f64> {
    use tokio::io::AsyncReadExt as _;

    use crate::base::clock::SystemClock;
    use crate::base::process::Invocation;

    let (rate, length) = (RATE.to_string(), seconds.to_string());
    let mut ffmpeg = Invocation::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", &source(begin)])
        .args(["-t", &length, "-ar", &rate, "-f", "s16le", "pipe:1"])
        .with_stdout()
        .spawn(&SystemClock::shared())
        .unwrap();
    let mut bytes = Vec::new();
    ffmpeg.take_stdout().unwrap().read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes.len(), 4 * (RATE * seconds) as usize, "{}", ffmpeg.last_words());
    bytes.chunks_exact(4).map(|four| f64::from(i16::from_le_bytes([four[0], four[1]])) / 32_768.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUARTER: usize = RATE as usize / 4;

    fn loudness(samples: &[f64]) -> f64 {
        (samples.iter().map(|sample| sample * sample).sum::<f64>() / samples.len() as f64).sqrt()
    }

    #[tokio::test]
    async fn the_music_is_never_silent_and_never_clips() {
        for begin in [17, 86_395, 1_800_000_055] {
            let sound = samples(begin, 8).await;
            assert!(sound.chunks(QUARTER).all(|quarter| loudness(quarter) > 0.02), "{begin}");
            assert!(sound.iter().all(|sample| sample.abs() < 0.9), "{begin}");
        }
    }

    #[tokio::test]
    async fn equal_times_of_day_sound_alike() {
        let sound = samples(1_800_000_000, 1).await;
        assert_eq!(sound, samples(1_800_086_400, 1).await);
        assert_ne!(sound, samples(1_800_000_001, 1).await);
    }

    #[tokio::test]
    async fn the_bell_strikes_on_the_minute() {
        let minute = samples(1_800_000_000, 60).await;
        let bell = loudness(&minute[..QUARTER]);
        let others = minute.chunks(QUARTER).skip(40).map(loudness).fold(0.0, f64::max);
        assert!(bell > 1.5 * others, "{bell} and {others}");
    }
}
