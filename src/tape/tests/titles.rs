//! Titles on tape.

use super::*;

#[test]
fn titles_are_kept_once_each_and_a_reel_begins_with_the_one_of_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let tape = Tape::open(folder.path(), Duration::ZERO, at(0)).unwrap();
    let title = |seconds: i64, text: &str| MediaEvent::Title { at: at(seconds), text: text.to_owned() };
    tape.write(title(3, "아침 음악"), at(3)).unwrap();
    tape.write(format("a"), at(4)).unwrap();
    tape.write(chunk(1, 4), at(4)).unwrap();
    tape.write(title(5, "아침 음악"), at(5)).unwrap();
    tape.write(title(6, "two\nlines"), at(6)).unwrap();
    // A new reel.
    tape.write(format("b"), at(8)).unwrap();
    tape.write(chunk(2, 8), at(8)).unwrap();
    let titles = |tape: &Tape, start: i64, end: i64| {
        let view = tape.blocking_view(&Span::new(at(start), at(end)));
        view.titles().map(|title| (title.at, title.text.clone())).collect::<Vec<_>>()
    };
    let (first, second) = ((at(3), "아침 음악".to_owned()), (at(6), "two lines".to_owned()));
    let all = [first, second.clone(), second];
    assert_eq!(titles(&tape, 0, 8), all);
    // Killed here.
    let again = Tape::open(folder.path(), Duration::ZERO, at(20)).unwrap();
    assert_eq!(titles(&again, 0, 8), all);
}
