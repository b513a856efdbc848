//! ReplayGain 2.0: how loud a recording is, for players.
//!
//! The specification (<https://wiki.hydrogenaudio.org/index.php?title=ReplayGain_2.0_specification>) measures by
//! ITU-R BS.1770 with EBU R 128's gating and refers to −18 LUFS: the gain is −18 minus the loudness. Tags are TXXX frames;
//! the gain has two decimals and its unit, the peak six and is linear, 1.0 being full scale.

use crate::model::Loudness;

/// The loudness to which a player that applies the gain brings a recording, in LUFS.
const REFERENCE: f64 = -18.0;

/// Returns the tags, each with description and value. Empty if the loudness is unknown.
pub fn replay_gain(loudness: Option<&Loudness>) -> Vec<(String, String)> {
    let Some(loudness) = loudness else { return Vec::new() };
    [
        ("REPLAYGAIN_TRACK_GAIN", format!("{:.2} dB", REFERENCE - loudness.integrated)),
        ("REPLAYGAIN_TRACK_PEAK", format!("{:.6}", loudness.peak)),
        ("REPLAYGAIN_REFERENCE_LOUDNESS", format!("{REFERENCE:.2} LUFS")),
    ]
    .map(|(description, value)| (description.to_owned(), value))
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loud_recording_is_turned_down() {
        let loudness = Loudness { integrated: -9.0, range: 3.0, peak: 0.988_765_43 };
        let tags = replay_gain(Some(&loudness));
        let values: Vec<_> = tags.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["-9.00 dB", "0.988765", "-18.00 LUFS"]);
        assert_eq!(replay_gain(None), []);
    }
}
