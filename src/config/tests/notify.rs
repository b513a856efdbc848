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
        ("name: a", "this target needs `webhook`, `run` or `ntfy`", "add for example `webhook: https://…`"),
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
