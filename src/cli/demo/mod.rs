//! A radio station in this process, so that aircheck can be tried without internet and without configuration.
//!
//! It is made like a real one, and nothing in aircheck knows that it is not: `music` says what ffmpeg plays, `broadcast`
//! cuts that by the clock into HLS segments, and `site` shows a page with the address of the stream in a script,
//! signed and good for a minute only. It listens on the loopback interface alone.

mod broadcast;
mod command;
mod music;
mod site;

use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::base::environment::Environment;
use broadcast::{SEGMENT, Window};
pub use command::run;

/// How much sound the encoder holds back.
const SLACK: TimeDelta = TimeDelta::milliseconds(500);

/// A station on the air.
#[derive(Debug)]
struct DemoStation {
    page_url: String,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl DemoStation {
    /// Goes on the air; the last quarter of a minute can be heard at once. Needs ffmpeg.
    async fn start(environment: &Environment) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("the demo station found no free port")?;
        let address = listener.local_addr().context("the demo station's port is gone")?;
        let (window, stop) = (Window::default(), environment.stop.child_token());
        let mut tasks = broadcast::start(&window, environment, &stop)?;
        // A listener finds a station that has been on the air for a while, not one that catches up with the clock.
        until_caught_up(&window, environment).await;
        tasks.push(site::start(listener, window, environment, &stop));
        Ok(Self { page_url: format!("http://{address}/onair.html?channel=demo"), stop, tasks })
    }

    /// Returns the address of the page with the station's player.
    fn page_url(&self) -> &str {
        &self.page_url
    }

    /// Writes the station and a show of 15 s every minute, as in `stations.yaml`.
    fn config_yaml(&self) -> String {
        format!(
            r#"stations:
  demo:
    name: Demo FM
    hls:
      find:
        - get: {}
        - select: script
        - match: 'service_url\\":\\"(.*?)\\"'

shows:
  - title: On the Minute
    station: demo
    cron: "* * * * *"
    length: 15s
    tags: {{ artist: Demo FM, genre: Ambient, album: "On the Minute" }}
    keep: {{ last: 10 }}
"#,
            self.page_url
        )
    }

    /// Goes off the air and waits until everything has ended.
    async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            // A task that panicked has ended as well.
            let _ = task.await;
        }
    }
}

/// Waits until the newest segment is as recent as it will be from now on, but not for ever: a transmitter that failed logs
/// it.
async fn until_caught_up(window: &Window, environment: &Environment) {
    let clock = &environment.clock;
    let deadline = clock.monotonic() + Duration::from_secs(10);
    let recent = || window.listed().last().is_some_and(|newest| clock.now() - newest.begins < SEGMENT * 2 + SLACK);
    while !recent() && clock.monotonic() < deadline {
        clock.sleep(Duration::from_millis(50)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::{DateTime, Utc};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::base::clock::SystemClock;
    use crate::base::clock::simulated::SimulatedClock;
    use crate::base::process::Invocation;

    async fn text(url: &str) -> String {
        let response = reqwest::get(url).await.unwrap();
        assert!(response.status().is_success(), "{url}: {}", response.status());
        response.text().await.unwrap()
    }

    /// Decodes the left channel at 48 kHz.
    async fn decoded(segment: Vec<u8>) -> Vec<f64> {
        let args = ["-loglevel", "error", "-i", "pipe:0", "-f", "s16le", "-ac", "2", "-ar", "48000", "pipe:1"];
        let mut ffmpeg =
            Invocation::new("ffmpeg").args(args).with_stdin().with_stdout().spawn(&SystemClock::shared()).unwrap();
        let mut stdin = ffmpeg.take_stdin().unwrap();
        let feeding = tokio::spawn(async move { stdin.write_all(&segment).await });
        let mut bytes = Vec::new();
        ffmpeg.take_stdout().unwrap().read_to_end(&mut bytes).await.unwrap();
        feeding.await.unwrap().unwrap();
        bytes.chunks_exact(4).map(|four| f64::from(i16::from_le_bytes([four[0], four[1]])) / 32_768.0).collect()
    }

    /// Returns by how many samples what was `heard` lags behind the music that was on the air from `time` on.
    async fn lateness(heard: &[f64], time: DateTime<Utc>) -> isize {
        const SECOND: usize = music::RATE as usize;
        // The music begins a second earlier, so that its echo is right.
        let played = music::samples(time.timestamp().unsigned_abs() - 1, 3).await;
        let start = SECOND + usize::try_from(time.timestamp_subsec_micros()).unwrap() * 48 / 1_000;
        let difference = |late: &isize| -> f64 {
            // The first frames lack what came before them.
            let pairs = heard.iter().zip(&played[start.strict_add_signed(-late)..]).skip(4_096).take(SECOND / 4);
            pairs.map(|(heard, played)| (heard - played).powi(2)).sum()
        };
        // The steps are short against the highest note, and reach as far as an encoder's delay.
        (-1_300..=1_300).step_by(2).min_by(|a, b| difference(a).total_cmp(&difference(b))).unwrap()
    }

    #[tokio::test]
    async fn a_listener_finds_the_stream_on_the_page_and_hears_it_by_the_clock() {
        // Time passes until the station has begun, then more slowly than real time until it has caught up, however busy the
        // machine is, and stands while its sound is fetched.
        let clock = SimulatedClock::at("2026-11-20T03:00:00Z".parse().unwrap());
        let environment = Environment { clock: clock.clone(), ..Environment::system() };
        let station = clock.pass_until(DemoStation::start(&environment)).await.unwrap();
        let yaml: serde_yaml::Value = serde_yaml::from_str(&station.config_yaml()).unwrap();
        let steps = &yaml["stations"]["demo"]["hls"]["find"];
        let page = text(steps[0]["get"].as_str().unwrap()).await;
        let escaped = regex::Regex::new(steps[2]["match"].as_str().unwrap()).unwrap();
        let url = escaped.captures(&page).unwrap()[1].replace(r"\/", "/");

        let begun = |playlist: &str| -> Vec<DateTime<Utc>> {
            let times = playlist.lines().filter_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:"));
            times.filter_map(|time| time.parse().ok()).collect()
        };
        // A segment of two seconds began two seconds ago when it is complete, and up to four when the next one is.
        let recent = |time: &DateTime<Utc>| (2.0..4.6).contains(&(environment.clock.now() - time).as_seconds_f64());
        let patience = SystemClock::shared();
        let mut playlist = text(&url).await;
        while begun(&playlist).len() < 8 || !begun(&playlist).last().is_some_and(recent) {
            assert!(patience.monotonic() < Duration::from_mins(2), "it has not caught up: {playlist}");
            patience.sleep(Duration::from_millis(50)).await;
            clock.advance(Duration::from_millis(10)).await;
            playlist = text(&url).await;
        }
        let times = begun(&playlist);
        let name = playlist.lines().rfind(|line| !line.starts_with('#')).unwrap();
        let segment = reqwest::Url::parse(&url).unwrap().join(name).unwrap();
        let bytes = reqwest::get(segment).await.unwrap().bytes().await.unwrap();
        assert!(bytes.starts_with(b"ID3") && bytes.len() > 20_000, "{} bytes", bytes.len());
        let heard = decoded(bytes.to_vec()).await;
        // The playlist cuts its times to milliseconds: 48 samples.
        let late = lateness(&heard, times[times.len() - 1]).await;
        assert!((-50..=2).contains(&late), "the sound is {late} samples later than its programme time");

        let forged = url.replace("Expires=1", "Expires=2");
        assert_eq!(reqwest::get(&forged).await.unwrap().status(), 403);

        station.stop().await;
        assert!(reqwest::get(&url).await.is_err(), "nobody listens any more");
        environment.tasks.close();
        environment.tasks.wait().await;
    }
}
