//! Stations in this process that are asked what they play.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::*;
use crate::base::clock::Clock as _;
use crate::capture::source::hls::tests::station::{Answer, Station as Web};
use crate::config::Config;

/// A station whose titles are asked for at `now` if `asked`.
fn station(web: &Web, asked: bool) -> Arc<Station> {
    let steps = format!("find: [{{ get: '{}' }}, {{ json: \"$['artist', 'title']\" }}]", web.url.join("now").unwrap());
    let titles = if asked { format!("titles: {{ {steps}, every: 20s }}") } else { String::new() };
    let text = format!("timezone: UTC\nstations:\n  s:\n    hls: http://h.example/x\n    {titles}\n");
    Arc::clone(&Config::parse(&text, Path::new("stations.yaml")).unwrap().stations[0])
}

fn says(artist: &str, title: &str) -> Answer {
    Answer::ok(format!("{{\"artist\": {artist}, \"title\": {title}, \"at\": 7}}").into_bytes())
}

/// What asks, as `station` says, and what tells it that the station has changed.
fn asking(web: &Web, station: Arc<Station>) -> (Asking, Titles, watch::Sender<Arc<Station>>) {
    let (told, heard) = watch::channel(station);
    let environment = web.environment();
    let (asking, titles) = Asking::begin(heard, &environment, &environment.stop);
    (asking, titles, told)
}

/// The next title.
async fn next(web: &Web, titles: &mut Titles) -> (DateTime<Utc>, String) {
    match web.clock.pass_until(titles.next()).await {
        Some(MediaEvent::Title { at, text }) => (at, text),
        other => panic!("{other:?} is no title"),
    }
}

#[tokio::test]
async fn what_plays_is_asked_for_again_and_again_and_a_change_is_dated_by_the_question() {
    let web = Web::start(|asked| match asked.nth {
        0 | 1 => says("\"조성진\"", "\" Ballade\\n No. 1\""),
        2 => Answer::status(503),
        3 => says("null", "\"뉴스\""),
        _ => says("null", "\"\""),
    })
    .await;
    let (_asking, mut titles, _told) = asking(&web, station(&web, true));
    let began = web.clock.now();
    assert_eq!(next(&web, &mut titles).await, (began, String::new()), "nobody knows yet");
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.push(next(&web, &mut titles).await);
    }
    let asked = web.asked();
    let expected = [(0, "조성진 - Ballade No. 1"), (3, "뉴스"), (4, "")];
    assert_eq!(heard, expected.map(|(nth, text)| (asked[nth].now(), text.to_owned())));
    let waits: Vec<u64> =
        asked.windows(2).map(|pair| pair[1].elapsed.saturating_sub(pair[0].elapsed).as_secs()).collect();
    assert_eq!((waits[0], waits[1], waits[3]), (20, 20, 20));
    assert!((32..=48).contains(&waits[2]), "a longer pause after an error: {waits:?}");
}

#[tokio::test]
async fn nobody_knows_what_plays_if_there_is_no_answer_for_minutes() {
    let web = Web::start(|asked| if asked.nth == 0 { says("\"A\"", "\"B\"") } else { Answer::status(500) }).await;
    let (_asking, mut titles, _told) = asking(&web, station(&web, true));
    assert_eq!(next(&web, &mut titles).await.1, "");
    let (first, text) = next(&web, &mut titles).await;
    assert_eq!(text, "A - B");
    let (last, text) = next(&web, &mut titles).await;
    assert_eq!(text, "");
    let seconds = (last - first).num_seconds();
    assert!((300..=900).contains(&seconds), "after {seconds} s");
    assert!(web.asked().len() < 12, "the pauses grow: {}", web.asked().len());
}

#[tokio::test]
async fn a_station_is_asked_as_its_configuration_says_now() {
    let web = Web::start(|_| says("\"A\"", "\"B\"")).await;
    let (without, with) = (station(&web, false), station(&web, true));
    let (asking, mut titles, told) = asking(&web, Arc::clone(&without));
    let title = MediaEvent::Title { at: web.clock.now(), text: "ICY".to_owned() };
    assert!(!titles.replace(&title) && web.asked().is_empty());
    told.send_replace(Arc::clone(&with));
    asking.follow(&with);
    asking.follow(&with);
    assert_eq!(next(&web, &mut titles).await.1, "");
    assert_eq!(next(&web, &mut titles).await.1, "A - B");
    assert!(titles.replace(&title), "titles that come with the sound are not mixed with these");
    assert_eq!(web.asked().len(), 1, "one task asks");
    told.send_replace(Arc::clone(&without));
    asking.follow(&without);
    assert!(!titles.replace(&title));
    web.clock.advance(Duration::from_hours(1)).await;
    assert_eq!(web.asked().len(), 1, "nobody asks any more");
}

#[tokio::test]
async fn an_error_is_logged_once_whatever_the_page_says() {
    let web = Web::start(|asked| Answer::ok(format!("<p>It is {}.", asked.nth).into_bytes())).await;
    let (environment, how) = (web.environment(), How::of(&station(&web, true)).unwrap());
    let client = how.client(&environment).unwrap();
    let mut errors = Vec::new();
    for _ in 0..2 {
        errors.push(web.clock.pass_until(resolve::text(&how.address.steps, &client, &environment)).await.unwrap_err());
    }
    assert!(errors[0].to_string() != errors[1].to_string() && !errors[0].found_nothing(&how.address.steps));
    let mut logged = Logged::default();
    assert!(logged.is_new(&errors[0], Duration::ZERO));
    assert!(!logged.is_new(&errors[1], Duration::from_hours(1)));
    assert!(logged.is_new(&errors[1], LOGGED_AGAIN), "and again after a day");
}

#[test]
fn many_stations_do_not_ask_in_the_same_second() {
    let waits = (0..1000).map(|n| first_wait(&StationId::new(format!("station-{n}")), Duration::from_secs(20)));
    let mut seconds = [0; 10];
    for wait in waits {
        seconds[usize::try_from(wait.as_secs()).unwrap()] += 1;
    }
    assert!(seconds.iter().all(|count| *count < 150), "{seconds:?}");
}
