//! Mail, by a server (SMTP, RFC 5321). One try is one connection and one transaction.
//!
//! A server takes or refuses each address by itself. Those that it has taken a message for are remembered until the next
//! message, so that a try for the others does not reach them again; a process that dies in between sends them the same mail
//! twice, under the same id.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;

use super::letter::Letter;
use super::mail::compose;
use crate::base::blocking::blocking;
use crate::base::clock::SharedClock;
use crate::base::http::{TlsTrouble, innermost};
use crate::base::redact;
use crate::base::text::cut;
use crate::config::{Email, MailSecurity, MailServer, Target};
use crate::notify::answer::Answer;

/// How long a server may take for all of it.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a server may take to say good-bye: the message is its own by then.
const GOODBYE: Duration = Duration::from_secs(1);
/// How much of an answer is shown, in letters.
const SHOWN: usize = 200;
/// The ways to log in, the better first. Both say the password, which TLS hides.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// What a server has said of a message for one person.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// It has taken it.
    Taken,
    /// It does not take it, and would not take it later.
    Refused(String),
    /// It does not take it now.
    Later(String),
}

/// What a server has said of a message, by address.
type Fates = BTreeMap<Address, Fate>;

/// What became of the message that each target was told last: its id, and of each address for which that is known.
#[derive(Debug, Clone, Default)]
pub struct Delivered(Arc<Mutex<HashMap<String, (String, Fates)>>>);

impl Delivered {
    fn of(&self, target: &str, id: &str) -> Fates {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(target).filter(|(known, _)| known == id).map(|(_, fates)| fates.clone()).unwrap_or_default()
    }

    fn note(&self, target: &str, id: &str, fates: Fates) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(target.to_owned(), (id.to_owned(), fates));
    }
}

/// Sends a mail once to all who have not got it.
pub(super) async fn tell(
    (target, email): (&Target, &Email),
    letter: &Letter,
    delivered: &Delivered,
    clock: &SharedClock,
) -> Answer {
    let mail = match compose((target, email), letter) {
        Ok(mail) => mail,
        Err(reason) => return Answer::Refused(format!("it cannot be written as mail: {reason}")),
    };
    let mut fates = delivered.of(&target.name, &letter.id);
    fates.retain(|_, fate| !matches!(fate, Fate::Later(_)));
    let waiting: Vec<&Mailbox> = email.to.iter().filter(|to| !fates.contains_key(&to.email)).collect();
    let tried = clock.timeout(PATIENCE, send(email, &waiting, &mail, clock)).await;
    let (words, new) = match tried {
        Ok(Ok(sent)) => sent,
        Ok(Err(answer)) => return answer,
        Err(_) => return Answer::later(format!("it did not answer within {} s", PATIENCE.as_secs())),
    };
    fates.extend(new);
    let answer = answer(&fates, &words);
    delivered.note(&target.name, &letter.id, fates);
    answer
}

/// Returns what follows from what was said of each address. `words` are those of the server that has taken the mail.
fn answer(fates: &Fates, words: &str) -> Answer {
    let is_alone = fates.len() == 1;
    let say = |address: &Address, fate: &Fate| match fate {
        Fate::Taken if words.is_empty() => format!("{address}: it was taken before"),
        Fate::Taken => format!("{address}: {words}"),
        Fate::Refused(words) | Fate::Later(words) if is_alone => words.clone(),
        Fate::Refused(words) | Fate::Later(words) => format!("{address}: {words}"),
    };
    let has = |is: fn(&Fate) -> bool| fates.values().any(is);
    let all = || fates.iter().map(|(address, fate)| say(address, fate)).collect::<Vec<_>>().join("; ");
    if has(|fate| matches!(fate, Fate::Later(_))) {
        return Answer::later(all());
    }
    match (has(|fate| *fate == Fate::Taken), has(|fate| matches!(fate, Fate::Refused(_)))) {
        (true, false) => Answer::Taken(words.to_owned()),
        (true, true) => Answer::Partly(all()),
        (false, _) => Answer::Refused(all()),
    }
}

/// Sends a mail to these people, and returns what the server said of it and of each of them.
async fn send(email: &Email, to: &[&Mailbox], mail: &[u8], clock: &SharedClock) -> Result<(String, Fates), Answer> {
    let mut connection = open(&email.server).await?;
    let has_login = email.server.login.is_some();
    let failed = |error: &Error| answer_of(error, &email.server);
    let from = Mail::new(Some(email.from.email.clone()), Vec::new());
    connection.command(from).await.map_err(|error| failed(&error))?;
    let mut fates = BTreeMap::new();
    for one in to {
        let fate = match connection.command(Rcpt::new(one.email.clone(), Vec::new())).await {
            Ok(_) => Fate::Taken,
            Err(error) if error.is_permanent() => Fate::Refused(refusal(&error, has_login)),
            Err(error) if error.is_transient() => Fate::Later(answered(&error)),
            Err(error) => return Err(failed(&error)),
        };
        fates.insert(one.email.clone(), fate);
    }
    let mut words = String::new();
    if fates.values().any(|fate| *fate == Fate::Taken) {
        connection.command(Data).await.map_err(|error| failed(&error))?;
        let taken = connection.message(mail).await.map_err(|error| failed(&error))?;
        words = said(&taken);
    }
    // Whatever comes of it changes nothing any more.
    let _ = clock.timeout(GOODBYE, connection.quit()).await;
    Ok((words, fates))
}

/// Connects and logs in.
async fn open(server: &MailServer) -> Result<AsyncSmtpConnection, Answer> {
    let failed = |error: &Error| answer_of(error, server);
    let host = server.host.clone();
    let tls = match server.security {
        MailSecurity::Plain => None,
        // It reads the certificates of this machine.
        _ => Some(blocking(move || TlsParameters::new(host)).await.map_err(|error| failed(&error))?),
    };
    let at_once = tls.clone().filter(|_| server.security == MailSecurity::Tls);
    let (place, name) = ((server.host.as_str(), server.port), our_name());
    let connecting = AsyncSmtpConnection::connect_tokio1(place, None, &name, at_once, None);
    let mut connection = connecting.await.map_err(|error| failed(&error))?;
    if let Some(tls) = tls.filter(|_| server.security == MailSecurity::StartTls) {
        if !connection.can_starttls() {
            let why =
                "it offers no STARTTLS, and nothing is sent to it in the clear; if that is to be, write `plain: true`";
            connection.abort().await;
            return Err(Answer::later(why));
        }
        connection.starttls(tls, &name).await.map_err(|error| failed(&error))?;
    }
    if let Some((user, password)) = &server.login {
        if connection.server_info().get_auth_mechanism(&MECHANISMS).is_none() {
            connection.abort().await;
            return Err(Answer::later("it offers no way to log in that is known here (PLAIN, LOGIN)"));
        }
        let login = Credentials::new(user.clone(), password.0.clone());
        connection.auth(&MECHANISMS, &login).await.map_err(|error| failed(&error))?;
    }
    Ok(connection)
}

/// Returns the name by which this machine greets a server.
fn our_name() -> ClientId {
    let system = rustix::system::uname();
    let name = system.nodename().to_str().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if name.is_empty() || !name.chars().all(fits) {
        return ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST);
    }
    ClientId::Domain(name.to_owned())
}

/// Returns what follows from an error.
fn answer_of(error: &Error, server: &MailServer) -> Answer {
    if error.is_permanent() {
        return Answer::Refused(refusal(error, server.login.is_some()));
    }
    if error.is_transient() {
        return Answer::later(answered(error));
    }
    if let Some(trouble) = TlsTrouble::of(error) {
        let otherwise = format!("port {} may want STARTTLS: write `smtp://` instead of `smtps://`", server.port);
        return Answer::later(format!("there is no TLS with it: {}", trouble.words(&otherwise)));
    }
    let reason = innermost(error);
    if error.is_response() {
        return Answer::later(format!("what it answers is no SMTP, or breaks off: {reason}"));
    }
    Answer::later(format!("it cannot be reached, or the connection broke: {reason}"))
}

/// Says what a server answered that does not take something, and what to do about it if that is known.
fn refusal(error: &Error, has_login: bool) -> String {
    let (answered, code) = (answered(error), error.status().map_or(0, u16::from));
    let lower = answered.to_lowercase();
    let advice = match code {
        535 => "it does not take this `user` and `password`",
        530 if !has_login => "it wants a login: write `user` and `password`",
        _ if lower.contains("relay") && !has_login => {
            "it passes mail on only for those who log in: write `user` and `password`"
        }
        _ if lower.contains("relay") => "it does not pass mail on to there",
        _ => return answered,
    };
    format!("{answered}; {advice}")
}

/// Says what a server answered, by an error.
fn answered(error: &Error) -> String {
    let code = error.status().map(|code| code.to_string()).unwrap_or_default();
    let words = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    shown(&code, &words)
}

/// Says what a server answered.
fn said(response: &Response) -> String {
    let words: Vec<&str> = response.message().collect();
    shown(&response.code().to_string(), &words.join(" "))
}

/// Returns an answer on one line, without secrets.
fn shown(code: &str, words: &str) -> String {
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = redact::text(&line);
    let line = cut(&line, SHOWN);
    if line.is_empty() { format!("it answered {code}") } else { format!("it answered {code} {line}") }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::base::clock::Clock as _;
    use crate::base::clock::simulated::SimulatedClock;
    use crate::config::Way;
    use crate::model::Notice;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn what_becomes_of_a_mail_follows_from_what_was_said_of_each_address() {
        let refused = || Fate::Refused("it answered 550 no such user".to_owned());
        let later = || Fate::Later("it answered 450 busy".to_owned());
        let of = |fates: &[Fate]| {
            let fates = fates.iter().zip(["a@h.example", "b@h.example"]);
            answer(&fates.map(|(fate, to)| (address(to), fate.clone())).collect(), "it answered 250 OK")
        };
        assert_eq!(of(&[Fate::Taken, Fate::Taken]), Answer::Taken("it answered 250 OK".to_owned()));
        assert_eq!(of(&[refused()]), Answer::Refused("it answered 550 no such user".to_owned()));
        let both = "a@h.example: it answered 250 OK; b@h.example: it answered 550 no such user";
        assert_eq!(of(&[Fate::Taken, refused()]), Answer::Partly(both.to_owned()));
        assert!(matches!(of(&[Fate::Taken, later()]), Answer::Later { .. }), "the other has it already");
        assert!(matches!(of(&[refused(), later()]), Answer::Later { .. }));
        assert!(matches!(of(&[refused(), refused()]), Answer::Refused(_)));
    }

    #[tokio::test]
    async fn a_server_that_says_nothing_is_waited_for_half_a_minute() {
        let simulated = SimulatedClock::at(chrono::DateTime::UNIX_EPOCH);
        let clock: SharedClock = simulated.clone();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = MailServer { host: "127.0.0.1".to_owned(), port, security: MailSecurity::Plain, login: None };
        let to = Mailbox::new(None, address("a@h.example"));
        let email = Email { to: vec![to.clone()], from: to, server };
        let way = Way::Email(email.clone());
        let target = Target { name: "mail".to_owned(), on: Target::usual(), language: "en", way };
        let letter = Letter { id: "msg_1".to_owned(), notice: Notice::example() };
        let telling = async { tell((&target, &email), &letter, &Delivered::default(), &clock).await };
        let answer = simulated.pass_until(telling).await;
        assert_eq!(answer, Answer::later("it did not answer within 30 s"));
        assert_eq!(simulated.monotonic(), PATIENCE);
    }
}
