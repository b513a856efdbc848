//! Playlists of tapes that are written here, as players see them that ask again and again.

use std::path::Path;

use chrono::TimeDelta;

use super::*;
use crate::base::clock::simulated::SimulatedClock;
use crate::model::{Chunk, Container, Format, MediaEvent};

const FOLDER: &str = "tape";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
}

fn opened(folder: &Path, container: Container) -> Tape {
    let tape = Tape::open(folder, Duration::ZERO, at(0)).unwrap();
    let init = (container == Container::Fmp4).then(|| "head".into());
    tape.write(MediaEvent::Format(Format { container, detail: "aac".to_owned(), init }), at(0)).unwrap();
    tape
}

/// Puts `seconds` on tape, which follow what is there, in segments of ten seconds.
fn put(tape: &Tape, seconds: std::ops::Range<i64>) {
    for second in seconds.step_by(10) {
        let arrived = at(second + 10);
        let chunk = Chunk::new(second.to_string(), Duration::from_secs(10), arrived);
        tape.write(MediaEvent::Chunk(Chunk { programme_time: Some(at(second)), ..chunk }), arrived).unwrap();
    }
}

/// The playlist that a player has after it has read `new` with `old` in its hands.
fn applied(old: &str, new: &str) -> String {
    let skipped = new.lines().find_map(|line| line.strip_prefix("#EXT-X-SKIP:SKIPPED-SEGMENTS="));
    let Some(skipped) = skipped.map(|count| count.parse::<usize>().unwrap()) else { return new.to_owned() };
    let segments = |text: &str| text.split_inclusive('\n').filter(|line| !line.starts_with('#')).count();
    assert!(segments(old) >= skipped, "it cannot know what was left out");
    let mut left = skipped;
    let body: String = old
        .split_inclusive('\n')
        .skip_while(|line| !line.starts_with("#EXT-X-PROGRAM") && !line.starts_with("#EXT-X-MAP"))
        .take_while(|line| {
            let goes_on = left > 0;
            left -= usize::from(!line.starts_with('#'));
            goes_on
        })
        .collect();
    let (head, rest) = new.split_once("#EXT-X-SKIP:").unwrap();
    // It knows the head of a reel already.
    let rest = rest.split_once('\n').unwrap().1;
    let known = rest.starts_with("#EXT-X-MAP") && body.contains(rest.split_once('\n').unwrap().0);
    let rest = if known { rest.split_once('\n').unwrap().1 } else { rest };
    format!("{head}{body}{rest}")
}

#[test]
fn a_player_that_asks_for_what_is_new_has_the_same_playlist_as_one_that_gets_all_of_it() {
    for container in [Container::Adts, Container::Fmp4] {
        let folder = tempfile::tempdir().unwrap();
        let tape = opened(folder.path(), container);
        let mut growing = Growing::new(Span::new(at(5), at(86_405)), FOLDER);
        assert!(!growing.grow(&tape) && growing.is_empty());
        let mut player = String::new();
        for step in 0..400 {
            put(&tape, step * 20..step * 20 + 20);
            assert!(!growing.grow(&tape));
            let new = growing.text(Course::Grows, step > 0);
            player = applied(&player, &new);
            assert_eq!(player, growing.text(Course::Grows, false), "{container:?} after {step}");
            assert!(new.len() < 2_000, "some segments of {}: {new}", step * 2);
        }
        assert!(player.contains("\n#EXT-X-VERSION:9\n") && player.contains(":CAN-SKIP-UNTIL=60.0\n"), "{player}");
        // Two hours and more: two reels have ended.
        assert_eq!(player.matches("#EXTINF:10.000000,").count(), 800);
        assert_eq!(player.matches("#EXT-X-MAP:").count(), if container == Container::Fmp4 { 3 } else { 0 });
        let ended = applied(&player, &growing.text(Course::Ended, true));
        assert_eq!(ended, format!("{player}#EXT-X-ENDLIST\n"));
        assert!(!growing.text(Course::Whole, true).contains("SKIP"), "nobody has a part of it");
    }
}

#[test]
fn to_go_on_takes_no_more_than_the_newest_hours() {
    let folder = tempfile::tempdir().unwrap();
    let tape = opened(folder.path(), Container::Adts);
    put(&tape, 0..10 * 3600);
    tape.end_reel(None, at(10 * 3600)).unwrap();
    let mut growing = Growing::new(Span::new(at(0), at(86_400)), FOLDER);
    growing.grow(&tape);
    let before = growing.text(Course::Grows, false);
    assert_eq!(before.matches("#EXTINF").count(), 3600);
    // A restart; whoever reads the indexes of the other hours now finds nothing.
    let tape = opened(folder.path(), Container::Adts);
    let hours = tape.reels();
    for (path, _) in &hours[..hours.len() - 2] {
        std::fs::remove_file(path.with_extension("m3u8")).unwrap();
    }
    put(&tape, 10 * 3600..10 * 3600 + 20);
    growing.grow(&tape);
    let after = growing.text(Course::Grows, false);
    assert_eq!((after.matches("#EXTINF").count(), after.contains("DISCONTINUITY")), (3602, false));
    assert!(after.starts_with(&before));
}

#[tokio::test]
async fn a_playlist_is_kept_while_players_follow_it_and_few_are() {
    let clock = SimulatedClock::at(at(0));
    let environment = Environment { clock: clock.clone(), ..Environment::system() };
    let followed = Followed::new(environment.clone());
    let station = StationId::new("s");
    let span = |hour: i64| Span::new(at(hour * 3600), at(hour * 3600 + 86_400));
    let get = |hour: i64| followed.get(&station, span(hour), FOLDER);
    let ask = |hour: i64| {
        let playlist = get(hour);
        followed.keep(&station, span(hour), Arc::clone(&playlist));
        playlist
    };
    let first = ask(0);
    assert!(Arc::ptr_eq(&first, &ask(0)));
    (1..=3).for_each(|hour| drop(ask(hour)));
    assert!(Arc::ptr_eq(&first, &ask(0)), "four are kept");
    (4..=7).for_each(|hour| drop(ask(hour)));
    assert!(!Arc::ptr_eq(&first, &get(0)));
    let last = get(7);
    // Until nobody has asked for it in a minute.
    clock.advance(3 * IDLE).await;
    assert!(!Arc::ptr_eq(&last, &get(7)));
    environment.stop.cancel();
}
