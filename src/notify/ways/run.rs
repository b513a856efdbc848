//! Programs: the facts are in their environment and, as JSON, on their input.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::letter::Letter;
use crate::base::clock::SharedClock;
use crate::base::process::{Invocation, killed};
use crate::base::redact;
use crate::notify::answer::Answer;

/// How long a program may take.
const PATIENCE: Duration = Duration::from_mins(5);
/// How long a program that should end may take to end.
const GRACE: Duration = Duration::from_secs(1);

/// Runs a program once. It has taken the message if it exits with 0.
pub(super) async fn tell(command: &[String], letter: &Letter, clock: &SharedClock) -> Answer {
    let Some((program, args)) = command.split_first() else { return Answer::Refused("it names no program".to_owned()) };
    let mut invocation = Invocation::new(program).args(args).with_stdin();
    for (name, value) in facts(letter) {
        invocation = invocation.variable(name, &value);
    }
    let mut child = match invocation.spawn(clock) {
        Ok(child) => child,
        Err(error) => return Answer::later(error.to_string()),
    };
    let stdin = child.take_stdin();
    let input = serde_json::to_vec(letter).unwrap_or_default();
    let whole = async {
        if let Some(mut pipe) = stdin {
            // A program may close its input unread; that is no error.
            let _ = pipe.write_all(&input).await;
        }
        child.wait().await
    };
    let ended = clock.timeout(PATIENCE, whole).await;
    if ended.is_err() {
        child.stop(GRACE).await;
    }
    let words = redact::text(&child.last_words());
    let words = if words.is_empty() { words } else { format!(": {words}") };
    match ended {
        Err(_) => Answer::later(format!("it did not end within {} s{words}", PATIENCE.as_secs())),
        Ok(Err(error)) => Answer::later(format!("it could not be waited for: {error}")),
        Ok(Ok(status)) if status.success() => Answer::Taken(format!("it ended with 0{words}")),
        Ok(Ok(status)) => {
            let how = killed(status).unwrap_or_else(|| format!("failed ({status})"));
            Answer::later(format!("it {how}{words}"))
        }
    }
}

/// Returns the facts by the names of variables. A name that was released never changes.
fn facts(letter: &Letter) -> Vec<(&'static str, String)> {
    let Letter { id, notice } = letter;
    let mut facts = vec![
        ("AIRCHECK_ID", id.clone()),
        ("AIRCHECK_KIND", notice.kind.word().to_owned()),
        ("AIRCHECK_STATE", notice.state.word().to_owned()),
        ("AIRCHECK_MATTER", notice.matter.clone()),
        ("AIRCHECK_AT", notice.at.to_rfc3339()),
        ("AIRCHECK_TITLE", notice.title.clone()),
        ("AIRCHECK_TEXT", notice.text.clone()),
    ];
    let mut add = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    add("AIRCHECK_REASON", notice.reason.clone());
    add("AIRCHECK_LINK", notice.link.clone());
    add("AIRCHECK_SINCE", notice.since.map(|since| since.to_rfc3339()));
    add("AIRCHECK_STATION", notice.station.as_ref().map(|station| station.id.clone()));
    add("AIRCHECK_STATION_NAME", notice.station.as_ref().map(|station| station.name.clone()));
    if let Some(recording) = &notice.recording {
        add("AIRCHECK_RECORDING", Some(recording.airing.id.clone()));
        add("AIRCHECK_SHOW", Some(recording.airing.show.clone()));
        add("AIRCHECK_SHOW_TITLE", Some(recording.airing.title.clone()));
        add("AIRCHECK_START", Some(recording.airing.start.clone()));
        add("AIRCHECK_END", Some(recording.airing.end.clone()));
        add("AIRCHECK_VERDICT", recording.airing.verdict.clone());
        add("AIRCHECK_PERCENT", Some(format!("{:.1}", recording.percent)));
        add("AIRCHECK_FILE", recording.path.clone());
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::SystemClock;
    use crate::base::clock::simulated::SimulatedClock;
    use crate::model::Notice;

    fn letter() -> Letter {
        Letter { id: "msg_1".to_owned(), notice: Notice::example() }
    }

    fn shell(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[tokio::test]
    async fn a_program_gets_the_facts_and_its_end_is_the_answer() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("told");
        let clock = SystemClock::shared();
        let script = format!("cat > {0}; echo \"$AIRCHECK_ID $AIRCHECK_KIND $AIRCHECK_FILE\" >> {0}", file.display());
        assert!(tell(&shell(&script), &letter(), &clock).await.is_taken());
        let told = std::fs::read_to_string(&file).unwrap();
        let (json, line) = told.rsplit_once('}').unwrap();
        let json: serde_json::Value = serde_json::from_str(&format!("{json}}}")).unwrap();
        assert_eq!((&json["id"], &json["recording"]["percent"]), (&"msg_1".into(), &98.7.into()), "{told}");
        assert_eq!(line, "msg_1 partial /var/lib/aircheck/recordings/Radio One/News.mp3\n");

        let failed = tell(&shell("echo the disk is full >&2; exit 3"), &letter(), &clock).await;
        assert!(matches!(failed, Answer::Later { .. }), "{failed:?}");
        assert!(failed.words().contains("exit status: 3") && failed.words().contains("the disk is full"), "{failed:?}");
        let missing = tell(&["/no/such/program".to_owned()], &letter(), &clock).await;
        assert!(matches!(missing, Answer::Later { .. }), "it may be installed by the next try: {missing:?}");
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_killed_with_what_it_has_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("child");
        let simulated = SimulatedClock::at(chrono::DateTime::UNIX_EPOCH);
        let clock: SharedClock = simulated.clone();
        let script =
            format!("trap '' TERM; sleep 1000 & echo $! > {0}.new; mv {0}.new {0}; wait; wait", file.display());
        let telling = tokio::spawn(async move { tell(&shell(&script), &letter(), &clock).await });
        while !file.exists() {
            SystemClock::shared().sleep(Duration::from_millis(10)).await;
        }
        simulated.advance(PATIENCE).await;
        simulated.advance(GRACE).await;
        assert_eq!(telling.await.unwrap(), Answer::later("it did not end within 300 s"));
        let child: i32 = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        let is_gone = || {
            let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            // Whoever adopts it may not have buried it yet.
            stat.is_empty() || stat.contains(") Z ")
        };
        while !is_gone() {
            SystemClock::shared().sleep(Duration::from_millis(10)).await;
        }
    }
}
