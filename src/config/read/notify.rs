//! The key `notify`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use url::Url;

use super::checks::{self, revealed};
use super::find::headers;
use super::mail;
use crate::config::keys::{HTTP, Section, TARGET};
use crate::config::values::{
    BodyTemplate, Complaint, Ntfy, Secret, SigningKey, Target, Way, Webhook, any_of, nearest, slug,
};
use crate::config::yaml::{Content, Node, Problems};
use crate::model::NoticeKind;

/// The languages in which targets can be told; the first is that of those who do not say.
const LANGUAGES: [&str; 2] = ["en", "ko"];

/// Reads `notify` of the file.
pub fn read(file: &Section<'_>, folder: &Path, problems: &mut Problems) -> Vec<Arc<Target>> {
    let mut targets: Vec<Arc<Target>> = Vec::new();
    let Some(entry) = file.get("notify") else { return targets };
    if matches!(entry.value.content, Content::Nothing) {
        return targets;
    }
    for (index, node) in file.list("notify", problems).unwrap_or_default().iter().enumerate() {
        let Some(target) = target(index + 1, node, folder, problems) else { continue };
        if targets.iter().any(|known| known.name == target.name) {
            let complaint = Complaint::new(format!("two targets are called `{}`", target.name));
            problems.add(node.location, complaint.hint("give one of them another name"));
        }
        targets.push(Arc::new(target));
    }
    targets
}

fn target(number: usize, node: &Node, folder: &Path, problems: &mut Problems) -> Option<Target> {
    let section = Section::open(node, &format!("target {number}"), node.location, &TARGET, problems)?;
    let name = section.read("name", problems, slug::id);
    let on = on(&section, problems);
    let language = section.read("language", problems, |text| {
        let known = LANGUAGES.into_iter().find(|tag| *tag == text.trim());
        known.ok_or_else(|| {
            Complaint::new(format!("`language` cannot be `{text}`")).hint(format!("it can be {}", any_of(LANGUAGES)))
        })
    });
    // All are read, so that the mistakes of each are reported, although only one may stand.
    let ways = [
        webhook(&section, folder, problems).map(Way::Webhook),
        run(&section, problems).map(Way::Run),
        ntfy(&section, folder, problems).map(Way::Ntfy),
        mail::read(&section, folder, problems).map(Way::Email),
    ];
    let way = ways.into_iter().flatten().next()?;
    Some(Target { name: name?, on, language: language.unwrap_or("en"), way })
}

fn on(section: &Section<'_>, problems: &mut Problems) -> BTreeSet<NoticeKind> {
    if section.get("on").is_none() {
        return Target::usual();
    }
    let words = NoticeKind::ALL.map(NoticeKind::word);
    let mut kinds = BTreeSet::new();
    for (text, location) in section.words("on", problems) {
        let Some(kind) = NoticeKind::by_word(text.trim()) else {
            let near = nearest(text, words).map(|near| format!("write `{near}`"));
            let hint = near.unwrap_or_else(|| format!("it can be {}", any_of(words)));
            problems.add(location, Complaint::new(format!("`on` cannot be `{text}`")).hint(hint));
            continue;
        };
        kinds.insert(kind);
    }
    kinds
}

fn webhook(section: &Section<'_>, folder: &Path, problems: &mut Problems) -> Option<Webhook> {
    let url = |text: &str| checks::url(text, folder, HTTP);
    if !matches!(section.get("webhook")?.value.content, Content::Map(_)) {
        let url = section.read("webhook", problems, url)?;
        return Some(Webhook { url, secret: None, headers: Vec::new(), template: None });
    }
    let keys = section.section("webhook", problems)?;
    let secret = revealed(&keys, "secret", folder, problems, |text| {
        SigningKey::parse(text).ok_or_else(|| {
            Complaint::new("this is no key of signatures").hint(
                "it is `whsec_` and 24 to 64 bytes in base64; this makes one: `echo whsec_$(openssl rand -base64 32)`",
            )
        })
    });
    let sent = headers(&keys, folder, problems).into_iter().map(|(name, value)| (name, Secret(value))).collect();
    let template = keys.get("template").and_then(|_| keys.read("template", problems, template));
    let url = keys.read("url", problems, url)?;
    Some(Webhook { url, secret, headers: sent, template })
}

fn template(text: &str) -> Result<BodyTemplate, Complaint> {
    BodyTemplate::parse(text).map_err(|reason| {
        Complaint::new(format!("this template cannot be used: {reason}"))
            .hint("write for example `'{\"text\": {{ title | tojson }}}'`")
    })
}

fn run(section: &Section<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    let entry = section.get("run")?;
    let words: Vec<String> = section.words("run", problems).into_iter().map(|(word, _)| word.to_owned()).collect();
    if words.is_empty() && matches!(&entry.value.content, Content::List(items) if items.is_empty()) {
        let complaint = Complaint::new("`run` names no program");
        problems.add(entry.location, complaint.hint("write `run: [program, argument]`"));
    }
    (!words.is_empty()).then_some(words)
}

fn ntfy(section: &Section<'_>, folder: &Path, problems: &mut Problems) -> Option<Ntfy> {
    let url = |text: &str| topic(&checks::url(text, folder, HTTP)?);
    if !matches!(section.get("ntfy")?.value.content, Content::Map(_)) {
        let (server, topic) = section.read("ntfy", problems, url)?;
        return Some(Ntfy { server, topic: Secret(topic), token: None });
    }
    let keys = section.section("ntfy", problems)?;
    let token = revealed(&keys, "token", folder, problems, |text| Ok(Secret(text.to_owned())));
    let (server, topic) = keys.read("url", problems, url)?;
    Some(Ntfy { server, topic: Secret(topic), token })
}

/// Parts the address of a topic into the server and the topic.
fn topic(url: &Url) -> Result<(Url, String), Complaint> {
    let path = url.path().trim_matches('/');
    let (folders, topic) = path.rsplit_once('/').unwrap_or(("", path));
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if topic.is_empty() || topic.len() > 64 || !topic.chars().all(fits) {
        return Err(Complaint::new("this address names no topic")
            .hint("it ends with the topic, which has letters, digits, `-` and `_`: `https://ntfy.sh/my-topic`"));
    }
    let mut server = url.clone();
    server.set_query(None);
    server.set_fragment(None);
    server.set_path(&if folders.is_empty() { "/".to_owned() } else { format!("/{folders}/") });
    Ok((server, topic.to_owned()))
}
