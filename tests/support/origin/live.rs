//! An endless body as Icecast and SHOUTcast send it: frames paced by the wall clock, a burst at the start, and titles
//! in between if the client asks for them.

use std::fmt::Write;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use aircheck::base::clock::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::fault::{Kind, Part};
use super::http::Request;
use super::programme::{Container, Frames};
use super::setup;
use super::station::Station;

/// How many bytes of sound are between two titles.
const META_EVERY: usize = 8_192;
const TICK: Duration = Duration::from_millis(50);

/// Sends the station's frames until the client leaves or a fault ends it; `fault` has struck already.
pub(super) async fn serve(
    station: &Station,
    request: &Request,
    mut fault: Option<(Kind, DateTime<Utc>)>,
    stream: &mut TcpStream,
    clock: &dyn Clock,
) -> io::Result<()> {
    let setup = &station.setup;
    let opened = clock.now();
    let (mut container, mut frames) = format(station);
    let asked = request.header("Icy-MetaData") == Some("1");
    clock.sleep(setup.head_after).await;
    let status = setup.status_line.unwrap_or("HTTP/1.0 200 OK");
    if !status.is_empty() {
        let mut head = format!("{status}\r\n");
        for line in setup.odd_lines {
            let _ = write!(head, "{line}\r\n");
        }
        let _ = write!(head, "icy-name: {}\r\nContent-Type: {}\r\n", station.name, container.content_type());
        if asked && !matches!(setup.titles, setup::Titles::Unsaid(_) | setup::Titles::Untold(_)) {
            let _ = write!(head, "icy-metaint: {META_EVERY}\r\n");
        }
        stream.write_all((head + "\r\n").as_bytes()).await?;
    }
    let mut before = frames.head.to_vec();
    let lag = TimeDelta::from_std(setup.lag).expect("short");
    let mut sent = frames.ended(clock.now() - lag - TimeDelta::from_std(setup.burst).expect("short"));
    let mut titles = Titles::of(setup, asked && !status.is_empty());
    loop {
        let now = clock.now();
        let strike = || station.state().faults.strike(Part::Live, (request.path(), ""), None, now);
        match fault.take().or_else(strike) {
            Some((Kind::Hang, since)) if since > opened => {}
            Some((Kind::Reset | Kind::ResetMidway, _)) => return stream.set_zero_linger(),
            Some((Kind::Truncated, _)) => return Ok(()),
            None | Some((Kind::Hang, _)) => {
                let ended = frames.ended(now - lag).max(sent);
                before.extend(frames.bytes(sent..ended));
                let sound = std::mem::take(&mut before);
                sent = ended;
                let bytes = titles.as_mut().map_or_else(|| sound.clone(), |titles| titles.interleave(&sound, now));
                stream.write_all(&bytes).await?;
                let until = frames.time(sent);
                let (next, other) = format(station);
                if next != container {
                    sent = other.ended(until);
                    (container, frames) = (next, other);
                }
            }
            // After any other fault, nothing comes.
            Some(_) => {}
        }
        clock.sleep(TICK).await;
    }
}

/// Returns the programme that the station sends now.
fn format(station: &Station) -> (Container, Arc<Frames>) {
    let changed = station.state().live.clone();
    changed.unwrap_or_else(|| (station.setup.container, Arc::clone(&station.sound.frames)))
}

/// Puts titles between the bytes of the sound.
struct Titles {
    every: usize,
    /// Whether an unchanged title is repeated.
    again: bool,
    /// Whether there are titles.
    told: bool,
    says: Option<setup::Says>,
    until: usize,
    title: String,
}

impl Titles {
    fn of(setup: &setup::Setup, asked: bool) -> Option<Self> {
        let (every, again, told) = match setup.titles {
            setup::Titles::AsSaid if asked => (META_EVERY, false, true),
            setup::Titles::Every(every) | setup::Titles::Unsaid(every) => (every, true, true),
            setup::Titles::Untold(every) => (every, false, false),
            setup::Titles::AsSaid | setup::Titles::Missing => return None,
        };
        Some(Self { every, again, told, says: setup.says, until: every, title: String::new() })
    }

    fn interleave(&mut self, mut sound: &[u8], now: DateTime<Utc>) -> Vec<u8> {
        let mut all = Vec::with_capacity(sound.len() + 64);
        while sound.len() >= self.until {
            let (before, after) = sound.split_at(self.until);
            all.extend(before);
            all.extend(self.block(now));
            (sound, self.until) = (after, self.every);
        }
        self.until -= sound.len();
        all.extend(sound);
        all
    }

    /// Returns a block of metadata: its length in units of 16 bytes, then the text; 0 if the title is the same.
    fn block(&mut self, now: DateTime<Utc>) -> Vec<u8> {
        let counted = || format!("Ten seconds, number {}", now.timestamp() / 10);
        let title = format!("StreamTitle='{}';", self.says.map_or_else(counted, |says| says(now).to_owned()));
        if !self.told || title == self.title && !self.again {
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
