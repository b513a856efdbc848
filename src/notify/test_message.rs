//! A message to try whether targets can be reached.

use std::sync::Arc;

use futures::future::join_all;

use super::answer::Answer;
use super::news::{News, new_id};
use super::ways::{Letter, Ways};
use crate::base::environment::Environment;
use crate::base::http::HttpError;
use crate::config::Target;
use crate::language::{Language, Sentence};
use crate::model::{NoticeKind, NoticeState};

/// What became of a test.
#[derive(Debug)]
pub struct Tried {
    /// The target.
    pub target: Arc<Target>,
    /// What was answered.
    pub answer: Answer,
}

/// Sends each of `targets` a message now, all at the same time, and waits for their answers.
///
/// # Errors
/// The certificates of this machine cannot be read.
pub async fn try_all(targets: Vec<Arc<Target>>, environment: &Environment) -> Result<Vec<Tried>, HttpError> {
    let ways = Ways::new(environment.clone())?;
    let now = environment.clock.now();
    let title = Sentence::new("told_test");
    let mut news = News::new(NoticeKind::Test, NoticeState::Once, "test".to_owned(), now, title);
    news.lines.push(Sentence::new("told_test_how"));
    let tell = |target: Arc<Target>| {
        let notice = news.said(Language::liked(target.language));
        let ways = &ways;
        async move {
            // Without random numbers nobody could take two of them for one.
            let letter = Letter { id: new_id().unwrap_or_else(|| "msg_test".to_owned()), notice };
            let answer = ways.tell(&target, &letter).await;
            Tried { target, answer }
        }
    };
    Ok(join_all(targets.into_iter().map(tell)).await)
}
