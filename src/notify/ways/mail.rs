//! A message as mail: a text, and the same as HTML with a table of the facts. Nothing in it is fetched from anywhere.

use std::time::SystemTime;

use lettre::Message;
use lettre::message::MultiPart;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use minijinja::value::Serde;
use minijinja::{Environment, Value};
use serde_json::json;

use super::letter::Letter;
use crate::base::readable::clock;
use crate::config::{Email, Target};
use crate::language::Language;
use crate::model::{Notice, NoticeKind, NoticeRecording, NoticeState};

/// Says that nobody has written it, so that nobody's absence is told in answer (RFC 3834 section 5).
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Returns a message as the bytes of a mail, in ASCII. It is the same at every try: a mailbox that knows its id drops the
/// second.
///
/// # Errors
/// What is wrong with it.
pub(super) fn compose((target, email): (&Target, &Email), letter: &Letter) -> Result<Vec<u8>, String> {
    let (notice, language) = (&letter.notice, Language::liked(target.language));
    let mut builder = Message::builder()
        .from(email.from.clone())
        .subject(on_one_line(&notice.title))
        .date(SystemTime::from(notice.at))
        .message_id(Some(format!("<{}@{}>", letter.id, email.from.email.domain())))
        .header(AutoSubmitted);
    for to in &email.to {
        builder = builder.to(to.clone());
    }
    let facts = facts(notice, language);
    let why = language.say("mail_why", &[("target", target.name.as_str())]);
    let html = html(notice, &facts, &why, language).map_err(|error| error.to_string())?;
    let parts = MultiPart::alternative_plain_html(text(notice, &facts, &why), html);
    builder.multipart(parts).map(|mail| mail.formatted()).map_err(|error| error.to_string())
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the facts with their names.
fn facts(notice: &Notice, language: &Language) -> Vec<(String, String)> {
    let said = |key: &str| language.say(key, &[]);
    let Some(NoticeRecording { airing, percent, missing, dead_air, file, path, .. }) = &notice.recording else {
        return notice.station.iter().map(|station| (said("station"), station.name.clone())).collect();
    };
    let mut facts = vec![
        (said("show"), airing.title.clone()),
        (said("station"), airing.station.name.clone()),
        (said("mail_on_air"), format!("{} – {}", moment(&airing.start), time(&airing.end))),
    ];
    if let Some(verdict) = airing.verdict.as_deref() {
        let word = language.messages.get(verdict).map_or(verdict, String::as_str);
        let much = if *percent > 0.0 && *percent < 100.0 { format!(", {percent:.1} %") } else { String::new() };
        facts.push((said("verdict"), format!("{word}{much}")));
    }
    for (key, seconds) in [("mail_missing", *missing), ("mail_silent", *dead_air)] {
        if seconds > 0.0 {
            facts.push((said(key), clock(seconds)));
        }
    }
    facts.extend(path.as_ref().or(file.as_ref()).map(|file| (said("mail_file"), file.clone())));
    facts
}

/// Returns a moment for people: `2026-11-20 14:00`.
fn moment(rfc3339: &str) -> String {
    rfc3339.get(..16).unwrap_or(rfc3339).replace('T', " ")
}

/// Returns the time of a moment for people: `14:00`.
fn time(rfc3339: &str) -> &str {
    rfc3339.get(11..16).unwrap_or(rfc3339)
}

fn text(notice: &Notice, facts: &[(String, String)], why: &str) -> String {
    let facts: Vec<String> = facts.iter().map(|(name, fact)| format!("{name}: {fact}")).collect();
    let link = notice.link.clone().unwrap_or_default();
    let parts = [notice.title.clone(), notice.text.clone(), facts.join("\n"), link, format!("-- \n{why}")];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n") + "\n"
}

fn html(
    notice: &Notice,
    facts: &[(String, String)],
    why: &str,
    language: &Language,
) -> Result<String, minijinja::Error> {
    let mut engine = Environment::new();
    // The ending has values escaped.
    engine.add_template("mail.html", include_str!("mail.html"))?;
    let facts = json!({
        "language": language.tag,
        "title": notice.title,
        "lines": notice.text.lines().collect::<Vec<_>>(),
        "facts": facts,
        "link": notice.link,
        "open": language.say("mail_open", &[]),
        "colour": colour(notice),
        "why": why,
    });
    engine.get_template("mail.html")?.render(Value::from(Serde(facts)))
}

/// Returns the colour that says at once how it is.
fn colour(notice: &Notice) -> &'static str {
    match (notice.state, notice.kind) {
        (NoticeState::Well, _) | (_, NoticeKind::Recorded) => "#2e8b57",
        (_, NoticeKind::Restarted | NoticeKind::Test) => "#4a6fa5",
        (NoticeState::Bad, _) | (_, NoticeKind::Failed | NoticeKind::Missed) => "#c0392b",
        _ => "#d08700",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{MailSecurity, MailServer, Way};

    fn mail(language: &'static str, notice: Notice) -> String {
        let server = MailServer { host: "h".to_owned(), port: 25, security: MailSecurity::Plain, login: None };
        let (to, from) = ("김민수 <minsu@example.kr>".parse().unwrap(), "radio@example.org".parse().unwrap());
        let email = Email { to: vec![to], from, server };
        let way = Way::Email(email.clone());
        let target = Target { name: "mail".to_owned(), on: Target::usual(), language, way };
        let letter = Letter { id: "msg_1".to_owned(), notice };
        String::from_utf8(compose((&target, &email), &letter).unwrap()).unwrap()
    }

    #[test]
    fn a_mail_is_the_same_at_every_try_but_for_its_seams() {
        let [one, other] = [(); 2].map(|()| mail("en", Notice::example()));
        let heads = |mail: &str| mail.split("Content-Type: multipart").next().unwrap().to_owned();
        assert_eq!(heads(&one), heads(&other));
        assert!(one.is_ascii() && one.contains("Message-ID: <msg_1@example.org>\r\n"), "{one}");
        assert!(one.contains("Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"), "{one}");
        assert!(one.contains("Auto-Submitted: auto-generated\r\n"), "{one}");
    }

    #[test]
    fn what_a_station_says_breaks_out_of_neither_head_nor_html() {
        let hostile = "<script>x</script>\r\nBcc: eve@example.org";
        let notice = Notice { title: hostile.to_owned(), text: hostile.to_owned(), ..Notice::example() };
        let mail = mail("en", notice.clone());
        let head = mail.split("\r\n\r\n").next().unwrap();
        assert!(!head.contains("\r\nBcc:"), "{head}");
        let (language, facts) = (Language::english(), facts(&notice, Language::english()));
        let body = html(&notice, &facts, "why", language).unwrap();
        assert!(!body.contains("<script") && body.contains("&lt;script&gt;"), "{body}");
        assert!(!body.contains("src=") && !body.contains("url("), "nothing is fetched: {body}");
    }

    #[test]
    fn the_facts_are_in_the_language_of_the_target() {
        let of = |tag| facts(&Notice::example(), Language::liked(tag));
        let said: Vec<String> = of("en").into_iter().map(|(name, fact)| format!("{name}: {fact}")).collect();
        assert_eq!(
            said,
            [
                "Show: News",
                "Station: Radio One",
                "On the air: 2026-11-20 12:00 – 13:00",
                "Verdict: partial, 98.7 %",
                "Missing: 0:46",
                "File: /var/lib/aircheck/recordings/Radio One/News.mp3",
            ]
        );
        assert_eq!(of("ko")[3].0, "상태");
        let down = Notice { recording: None, ..Notice::example() };
        assert_eq!(facts(&down, Language::english()), [("Station".to_owned(), "Radio One".to_owned())]);
    }
}
