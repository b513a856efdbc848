//! The arguments of `aircheck grab`.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::{parse_duration, parse_position, parse_rate, parse_size};

/// The arguments of `aircheck grab`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    aircheck grab https://cdn.example/vod/abc/playlist.m3u8 --output film.mp4\n  \
    aircheck grab 'https://cdn.example/v/(*).ts' --pad 6 --count 451 --referer https://tv.example/ --output film.mp4\n  \
    aircheck grab 'https://cdn.example/v/(*).ts' --from 0 --length 00:30:00 --segment 4s --output film.mp4\n  \
    aircheck grab https://cdn.example/v/000017.ts --output sound.mp3\n  \
    aircheck grab s3://my-radio/news.mp3 --output news.mp3\n\n\
    The name of the file says what is made: .mp4, .mkv and .ts copy picture and sound, .m4a and .aac the sound alone,\n\
    .mp3 and .opus encode the sound. If it was interrupted, the same command goes on.")]
pub struct GrabArguments {
    /// The address: of a playlist, of a page that names one, of a segment, or of segments with (*) for their number; or a file
    /// in the object store of the YAML (s3://BUCKET/NAME)
    #[arg(value_name = "ADDRESS", required_unless_present = "station")]
    pub address: Option<String>,
    /// A step that finds the playlist in the page at ADDRESS, as stations know them, such as 'match: "src=\"(.*?)\""';
    /// again for each further one
    #[arg(long = "find", value_name = "STEP")]
    pub find: Vec<String>,
    /// The station of the stations.yaml whose address, steps and headers are used
    #[arg(long, value_name = "STATION", conflicts_with_all = ["address", "find"])]
    pub station: Option<String>,
    /// The file to make, in a folder that is there; else it is named after the address
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How many digits the number has, such as 6 for 000017; else it is found out
    #[arg(long, value_name = "DIGITS")]
    pub pad: Option<usize>,
    /// The first number; else 0, or 1 if there is no 0
    #[arg(long, value_name = "NUMBER")]
    pub from: Option<u64>,
    /// How many segments; else the last one is found
    #[arg(long, value_name = "NUMBER")]
    pub count: Option<u64>,
    /// How long all of them play, such as 00:30:00; with --segment
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    pub length: Option<Duration>,
    /// How long one segment plays, such as 4s
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    pub segment: Option<Duration>,
    /// The address of the beginning (initialisation section) of segments that are fragments of an MP4; else it is looked for
    #[arg(long, value_name = "ADDRESS")]
    pub init: Option<String>,
    /// The page that the server expects to be linked from
    #[arg(long, value_name = "ADDRESS")]
    pub referer: Option<String>,
    /// Another header to send, such as "Cookie: session=1"; again for each further one
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub headers: Vec<(String, String)>,
    /// The best variant with at most this bit rate, such as 2M
    #[arg(long, value_name = "RATE", value_parser = parse_rate)]
    pub max_bitrate: Option<u64>,
    /// The language of the sound, such as ko
    #[arg(long, value_name = "LANGUAGE")]
    pub language: Option<String>,
    /// How many segments are fetched at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    pub parallel: usize,
    /// The most bytes, such as "20 GiB"
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub largest: Option<u64>,
    /// Make no file if a segment is missing
    #[arg(long)]
    pub strict: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Reads a length: `00:30:00`, `4.004` or `4s`.
fn length(text: &str) -> Result<Duration, String> {
    parse_position(text).or_else(|_| parse_duration(text))
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once(':').ok_or("write a name, a colon and a value, such as \"Cookie: session=1\"")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_clocks_and_as_words() {
        for (text, millis) in [("00:30:00", 1_800_000), ("4s", 4_000), ("4.004", 4_004), ("1h30m", 5_400_000)] {
            assert_eq!(length(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        assert!(length("long").unwrap_err().contains("is not a duration"));
        assert_eq!(header("Cookie: a=b:c"), Ok(("Cookie".to_owned(), "a=b:c".to_owned())));
        assert!(header("Cookie").is_err());
    }
}
