//! The key `email` of a target.

use std::path::Path;

use lettre::message::Mailbox;

use super::checks::revealed;
use crate::config::keys::Section;
use crate::config::values::{Complaint, Email, MailAddress, Secret, mailbox};
use crate::config::yaml::{Content, Problems};

/// From whom mail is if nobody says so.
const NAME: &str = "aircheck";

/// Reads `email`.
pub fn read(section: &Section<'_>, folder: &Path, problems: &mut Problems) -> Option<Email> {
    section.get("email")?;
    let keys = section.section("email", problems)?;
    let mut to: Vec<Mailbox> = Vec::new();
    for one in keys.one_or_more("to", problems, mailbox) {
        if to.iter().all(|known| known.email != one.email) {
            to.push(one);
        }
    }
    if let Some(entry) = keys.get("to").filter(|entry| is_empty(&entry.value.content)) {
        problems.add(entry.location, Complaint::new("`to` names nobody").hint("write `to: anna@example.org`"));
    }
    let address = revealed(&keys, "server", folder, problems, MailAddress::parse);
    let user = revealed(&keys, "user", folder, problems, |text| Ok(text.to_owned()));
    let password = revealed(&keys, "password", folder, problems, |text| Ok(Secret(text.to_owned())));
    let plain = keys.get("plain").and_then(|_| keys.flag("plain", problems));
    let from = keys.get("from").map(|_| keys.read("from", problems, mailbox));
    let address = address?;
    let user = user.or_else(|| address.user.clone());
    let login = match (user.clone(), password.or_else(|| address.password.clone())) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        // One that cannot be read is reported already.
        (Some(_), None) if keys.get("password").is_some() => None,
        (Some(_), None) => {
            let complaint = Complaint::new("this `email` has a `user` and no `password`");
            problems.add(keys.location, complaint.hint("add `password: env:SMTP_PASSWORD`"));
            None
        }
        (None, Some(_)) => {
            let complaint = Complaint::new("this `email` has a `password` and no `user`");
            problems.add(keys.location, complaint.hint("add `user: radio@example.org`"));
            None
        }
    };
    let mut from = match (from, user.map(|user| mailbox(&user))) {
        (Some(from), _) => from?,
        (None, Some(Ok(user))) => user,
        (None, _) => {
            let complaint = Complaint::new("this `email` has no `from`, and no `user` that is an address");
            problems.add(keys.location, complaint.hint("add `from: radio@example.org`"));
            return None;
        }
    };
    from.name.get_or_insert_with(|| NAME.to_owned());
    let server = address.server(plain, login);
    let server = server.map_err(|complaint| problems.add(keys.location, complaint)).ok()?;
    (!to.is_empty()).then_some(Email { to, from, server })
}

fn is_empty(content: &Content) -> bool {
    matches!(content, Content::List(items) if items.is_empty())
}
