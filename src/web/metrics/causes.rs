//! The causes of what is missing, in few words: labels of metrics must not grow without end, and the ledger's words hold
//! addresses and numbers.

/// The label of everything that is like nothing else here.
const OTHER: &str = "other";

/// What each label stands for: words, one of which is in the cause. The first that fits counts.
const LABELS: &[(&str, &[&str])] = &[
    ("aircheck", &["aircheck", "its show or station was removed", "the recording was stopped"]),
    ("disk", &["disk is full", "No space left", "min_free"]),
    ("decoding", &["decode", "encode"]),
    ("refused", &[" answered ", " says \""]),
    ("address", &["step ", "the steps", "the stream's address"]),
    (
        "connection",
        &[
            "connect",
            "sent nothing",
            "stopped sending",
            "too slowly",
            "no sound for",
            "nothing for",
            " ended",
            "cut off",
            "end of a segment",
            "did not send",
            "nothing arrived",
            "is empty",
        ],
    ),
    ("playlist", &["playlist", "EXT-X-", "segment"]),
];

/// All labels, so that each is there from the beginning.
pub(super) fn labels() -> impl Iterator<Item = &'static str> {
    LABELS.iter().map(|(label, _)| *label).chain([OTHER])
}

/// The label of a cause.
pub(super) fn label(cause: &str) -> &'static str {
    let fits = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    LABELS.iter().find(|(_, words)| fits(words)).map_or(OTHER, |(label, _)| label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_ledger_fall_under_few_labels() {
        for (cause, expected) in [
            ("aircheck was not running", "aircheck"),
            ("the tape /x cannot be written: No space left on device (os error 28)", "disk"),
            ("the sound could not be decoded: Invalid data", "decoding"),
            ("http://h.example/x.ts?token=… answered 403 Forbidden", "refused"),
            ("step 2 (`select: script`) found nothing in a text that begins: x", "address"),
            ("http://h.example/x stopped sending in the middle", "connection"),
            ("nothing arrived from the station", "connection"),
            ("the station's playlist moved on past 3 segments that were never seen", "playlist"),
            ("하늘이 무너졌다", "other"),
        ] {
            assert_eq!(label(cause), expected, "{cause}");
            assert!(labels().any(|label| label == expected));
        }
    }
}
