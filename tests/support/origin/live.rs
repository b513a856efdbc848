//! An endless body as Icecast and SHOUTcast send it: frames paced by the wall clock, a burst at the start, titles in
//! between where they are asked for.

use std::fmt::Write;
use std::io;
use std::time::Duration;

use aircheck::base::clock::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::fault::{Kind, Part};
use super::http::Request;
use super::station::Station;

/// Bytes of sound between two titles.
const META_EVERY: usize = 8_192;
const TICK: Duration = Duration::from_millis(50);

/// Sends the station's frames until the client leaves or a fault strikes; `fault` has already struck.
pub(super) async fn serve(
    station: &Station,
    request: &Request,
    mut fault: Option<Kind>,
    stream: &mut TcpStream,
    clock: &dyn Clock,
) -> io::Result<()> {
    let setup = &station.setup;
    let meta = request.header("Icy-MetaData") == Some("1");
    let status = if setup.icy_status { "ICY 200 OK" } else { "HTTP/1.0 200 OK" };
    let mut head =
        format!("{status}\r\nicy-name: {}\r\nContent-Type: {}\r\n", station.name, setup.container.content_type());
    if meta {
        let _ = write!(head, "icy-metaint: {META_EVERY}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes()).await?;
    let lag = TimeDelta::from_std(setup.lag).expect("short");
    let frames = &station.sound.frames;
    let mut sent = frames.ended(clock.now() - lag - TimeDelta::from_std(setup.burst).expect("short"));
    let mut titles = Titles { until: META_EVERY, title: String::new() };
    loop {
        let now = clock.now();
        let strike = || station.state().faults.strike(Part::Live, (request.path(), ""), None, now);
        match fault.take().or_else(|| strike().map(|(kind, _)| kind)) {
            None => {
                let ended = frames.ended(now - lag).max(sent);
                let sound = frames.bytes(sent..ended);
                sent = ended;
                let bytes = if meta { titles.interleave(&sound, now) } else { sound.to_vec() };
                stream.write_all(&bytes).await?;
            }
            Some(Kind::Reset | Kind::ResetMidway) => return stream.set_zero_linger(),
            Some(Kind::Truncated) => return Ok(()),
            // Whatever else goes wrong, nothing comes.
            Some(_) => {}
        }
        clock.sleep(TICK).await;
    }
}

/// Puts titles between the bytes of the sound.
struct Titles {
    until: usize,
    title: String,
}

impl Titles {
    fn interleave(&mut self, mut sound: &[u8], now: DateTime<Utc>) -> Vec<u8> {
        let mut all = Vec::with_capacity(sound.len() + 64);
        while sound.len() >= self.until {
            let (before, after) = sound.split_at(self.until);
            all.extend(before);
            all.extend(self.block(now));
            (sound, self.until) = (after, META_EVERY);
        }
        self.until -= sound.len();
        all.extend(sound);
        all
    }

    /// A block of metadata: its length in units of 16 bytes, then the text; 0 where the title is the same.
    fn block(&mut self, now: DateTime<Utc>) -> Vec<u8> {
        let title = format!("StreamTitle='Ten seconds, number {}';", now.timestamp() / 10);
        if title == self.title {
            return vec![0];
        }
        self.title.clone_from(&title);
        let units = title.len().div_ceil(16);
        let mut block = vec![u8::try_from(units).expect("a short title")];
        block.extend(title.bytes());
        block.resize(1 + units * 16, 0);
        block
    }
}
