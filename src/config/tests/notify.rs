//! The key `notify`.

use super::*;
use crate::model::NoticeKind;

fn targets(text: &str) -> Vec<std::sync::Arc<Target>> {
    parse(&with_station(&format!("notify:\n{text}"))).notify
}

#[test]
fn a_target_is_told_all_but_what_is_as_it_should_be() {
    let told = targets(
        "  - { name: phone, ntfy: https://ntfy.example/a/radio }\n  \
         - { name: hook, on: [recorded], language: ko, webhook: { url: https://h.example/x, secret: \
         whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, headers: { X-Key: geheim } } }\n  \
         - { name: script, run: [/bin/told, 1] }\n",
    );
    let [phone, hook, script] = &told[..] else { panic!("{told:?}") };
    assert_eq!(phone.on.len(), NoticeKind::ALL.len() - 1);
    assert!(!phone.on.contains(&NoticeKind::Recorded) && phone.language == "en");
    let Way::Ntfy(ntfy) = &phone.way else { panic!("{phone:?}") };
    assert_eq!((ntfy.server.as_str(), ntfy.topic.0.as_str()), ("https://ntfy.example/a/", "radio"));
    assert_eq!((hook.on.iter().copied().collect::<Vec<_>>(), hook.language), (vec![NoticeKind::Recorded], "ko"));
    assert_eq!(script.way, Way::Run(vec!["/bin/told".to_owned(), "1".to_owned()]));
    assert_eq!(hook.place(), "webhook at h.example");
    let shown = format!("{hook:?}");
    assert!(!shown.contains("geheim") && !shown.contains("MfKQ"), "no log shows it: {shown}");
    assert!(parse(&with_station("notify:\n")).notify.is_empty());
}

#[test]
fn what_is_wrong_about_a_target_says_what_to_write() {
    for (keys, message, hint) in [
        ("run: [x]", "this target has no `name`", "add `name: phone`"),
        ("name: a", "this target needs `webhook`, `run`, `ntfy` or `email`", "add for example `webhook: https://…`"),
        ("name: a, run: [x], ntfy: https://n.example/t", "has `run` and `ntfy`, and must have only one", "take one"),
        ("name: a, run: []", "`run` names no program", "write `run: [program, argument]`"),
        ("name: a, run: [x], on: [fialed]", "`on` cannot be `fialed`", "write `failed`"),
        ("name: a, run: [x], on: [everything]", "`on` cannot be `everything`", "it can be `recorded`, `partial`"),
        ("name: a, run: [x], language: de", "`language` cannot be `de`", "`en` or `ko`"),
        ("name: a, ntfy: https://n.example/", "this address names no topic", "https://ntfy.sh/my-topic"),
        ("name: a, webhook: { url: https://h.example, secret: x }", "no key of signatures", "openssl rand -base64 32"),
        (
            "name: a, webhook: { url: https://h.example, template: '{{ titel }}' }",
            "it names `titel`, which does not exist",
            "write for example",
        ),
        ("name: a, webhook: env:AIRCHECK_NO_SUCH", "no variable `AIRCHECK_NO_SUCH`", "set it"),
    ] {
        let problem = only(&with_station(&format!("notify: [{{ {keys} }}]\n")));
        assert!(problem.2.contains(message) && problem.3.contains(hint), "{keys}: {problem:?}");
    }
    let twice = only(&with_station("notify: [{ name: a, run: [x] }, { name: a, run: [y] }]\n"));
    assert!(twice.2.contains("two targets are called `a`"), "{twice:?}");
}

#[test]
fn mail_is_from_whoever_logs_in_if_nobody_else_is_named() {
    let told = targets(
        "  - { name: a, email: { to: anna@example.org, server: smtp.example.org, user: radio@example.org, password: geheim } }\n  \
         - { name: b, email: { to: [김민수 <minsu@example.kr>, ben@예시.한국, ben@예시.한국], server: \
         \"smtps://me:geheim@smtp.example.org:4650\", from: Radio <radio@example.org> } }\n",
    );
    let emails: Vec<&Email> = told
        .iter()
        .map(|target| match &target.way {
            Way::Email(email) => email,
            other => panic!("{other:?}"),
        })
        .collect();
    let [one, other] = emails[..] else { panic!("{told:?}") };
    assert_eq!(one.from.to_string(), "aircheck <radio@example.org>");
    assert_eq!((one.server.port, one.server.security), (587, MailSecurity::StartTls));
    assert_eq!(one.server.login, Some(("radio@example.org".to_owned(), Secret("geheim".to_owned()))));
    let to: Vec<_> = other.to.iter().map(|to| (to.name.clone().unwrap_or_default(), to.email.to_string())).collect();
    let person = |name: &str, address: &str| (name.to_owned(), address.to_owned());
    assert_eq!(to, [person("김민수", "minsu@example.kr"), person("", "ben@xn--vv4b11d.xn--3e0b707e")]);
    assert_eq!((other.from.to_string().as_str(), other.server.port), ("Radio <radio@example.org>", 4650));
    assert_eq!(other.server.login.as_ref().map(|(user, _)| user.as_str()), Some("me"));
    assert_eq!(told[0].place(), "mail by smtp.example.org");
    assert!(!format!("{told:?}").contains("geheim"), "no log shows it");
}

#[test]
fn what_is_wrong_about_mail_says_what_to_write() {
    for (keys, message, hint) in [
        ("server: h.example, from: a@h.example", "this `email` has no `to`", "add `to: Anna <anna@example.org>`"),
        ("to: a@h.example, from: a@h.example", "this `email` has no `server`", "add `server: smtp.example.org`"),
        ("to: [], server: h.example, from: a@h.example", "`to` names nobody", "write `to: anna@example.org`"),
        ("to: a@h.example, server: h.example", "has no `from`, and no `user` that is an address", "add `from: radio@"),
        (
            "to: [a@h.example, b], server: h.example, from: a@h.example",
            "`b` is no address of mail: there is no `@`",
            "Anna <",
        ),
        (
            "to: a@h.example, server: h.example, from: a@h.example, user: x",
            "a `user` and no `password`",
            "env:SMTP_PASSWORD",
        ),
        (
            "to: a@h.example, server: h.example, from: a@h.example, password: x",
            "a `password` and no `user`",
            "add `user:",
        ),
        (
            "to: a@h.example, server: h.example, user: a@h.example, password: env:AIRCHECK_NO_SUCH",
            "no variable `AIRCHECK_NO_SUCH`",
            "set it",
        ),
        (
            "to: a@h.example, server: smtps://h.example, plain: true, from: a@h.example",
            "`plain: true` is none",
            "take one",
        ),
        (
            "to: a@h.example, server: h.example, from: a@h.example, plain: yes",
            "must be `true` or `false`",
            "write `true`",
        ),
        (
            "to: a@h.example, server: h.example, from: a@h.example, pasword: x",
            "`pasword` is not a key",
            "write `password`",
        ),
    ] {
        let problem = only(&with_station(&format!("notify: [{{ name: a, email: {{ {keys} }} }}]\n")));
        assert!(problem.2.contains(message) && problem.3.contains(hint), "{keys}: {problem:?}");
    }
}
