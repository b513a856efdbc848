//! A command of the user's own: text on its stdin, text from its stdout, bounded in time and size.

use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::base::environment::Environment;
use crate::base::process::{self, Invocation, ProcessError};
use crate::base::redact;

/// What a command may print, in bytes.
const OUTPUT_CAP: usize = 4 << 20;
/// How long a command that should end may take to end.
const GRACE: Duration = Duration::from_secs(1);

/// Why a command gave nothing.
#[derive(Debug, Error)]
pub enum CommandError {
    /// There is no command.
    #[error("names no command")]
    Empty,
    /// It could not be started.
    #[error(transparent)]
    Start(#[from] ProcessError),
    /// The system reports no end of it.
    #[error("the command could not be waited for: {0}")]
    Lost(std::io::Error),
    /// It took too long.
    #[error("the command did not end within {} s", .0.as_secs_f32())]
    TooSlow(Duration),
    /// It printed too much.
    #[error("the command printed more than {} MiB", OUTPUT_CAP >> 20)]
    TooMuch,
    /// It said itself that it failed.
    #[error("the command {ended}{words}")]
    Failed {
        /// How it ended.
        ended: String,
        /// Its last lines on stderr, redacted.
        words: String,
    },
    /// It succeeded without a word.
    #[error("the command printed nothing")]
    Silent,
}

/// Runs `command` (program and arguments, no shell) with `input` on its stdin for at most `limit`. Returns what it
/// prints, trimmed.
pub(super) async fn run(
    command: &[String],
    input: String,
    limit: Duration,
    environment: &Environment,
) -> Result<String, CommandError> {
    let (program, args) = command.split_first().ok_or(CommandError::Empty)?;
    let mut child = Invocation::new(program).args(args).with_stdin().with_stdout().spawn(&environment.clock)?;
    let (stdin, stdout) = (child.take_stdin(), child.take_stdout());
    let feed = async {
        if let Some(mut pipe) = stdin {
            // A command may close its input unread; that is no error.
            let _ = pipe.write_all(input.as_bytes()).await;
        }
    };
    let mut output = Vec::new();
    let collect = async {
        if let Some(pipe) = stdout {
            // What was printed before the pipe broke is judged with the exit status.
            let _ = pipe.take(OUTPUT_CAP as u64 + 1).read_to_end(&mut output).await;
        }
    };
    let whole = async {
        tokio::join!(feed, collect);
        child.wait().await
    };
    let ended = environment.clock.timeout(limit, whole).await;
    if output.len() > OUTPUT_CAP {
        child.stop(GRACE).await;
        return Err(CommandError::TooMuch);
    }
    let Ok(status) = ended else {
        child.stop(GRACE).await;
        return Err(CommandError::TooSlow(limit));
    };
    let status = status.map_err(CommandError::Lost)?;
    if !status.success() {
        // Its last lines may still be on their way through the pipe.
        environment.clock.sleep(Duration::from_millis(50)).await;
        let words = redact::text(&child.last_words());
        let words = if words.is_empty() { words } else { format!(": {words}") };
        let ended = process::killed(status).unwrap_or_else(|| format!("failed ({status})"));
        return Err(CommandError::Failed { ended, words });
    }
    let printed = String::from_utf8_lossy(&output).trim().to_owned();
    if printed.is_empty() { Err(CommandError::Silent) } else { Ok(printed) }
}
