//! The keys of those who are told what happens.

use super::kind::{Kind, Table, key};
use super::mail::EMAIL;
use super::station::HTTP;

/// A target.
pub static TARGET: Table = Table {
    name: "target",
    doc: "Somebody or something that is told what happens.",
    keys: &[
        key("name", Kind::Id, "name: phone", "Its name. One that changes is a new target.").required(),
        key(
            "on",
            Kind::Words,
            "on: [failed, partial, station_down]",
            "What it is told: `recorded`, `partial`, `silent`, `failed`, `missed`, `station_down`, `disk_low`, `disk_soon`, `folder_away`, `store_away`, `clock_off`, `config_rejected`, `restarted`; by default all but `recorded`.",
        ),
        key("language", Kind::Word(&["en", "ko"]), "language: ko", "The language in which it is told.").default("en"),
        key(
            "webhook",
            Kind::UrlOr(HTTP, &WEBHOOK),
            "webhook: https://…",
            "By a request to this address, with JSON in its body.",
        ),
        key(
            "run",
            Kind::Words,
            "run: [/usr/local/bin/told]",
            "By this program, with the facts in its environment and as JSON on its input. Nothing of it goes through a shell.",
        ),
        key("ntfy", Kind::UrlOr(HTTP, &NTFY), "ntfy: https://ntfy.sh/my-topic", "By a topic of ntfy, on a phone."),
        key(
            "email",
            Kind::Section(&EMAIL),
            "email: { to: anna@example.org, server: smtp.example.org, user: radio@example.org, password: env:SMTP_PASSWORD }",
            "By mail, to one or several people.",
        ),
    ],
    one_of: &["webhook", "run", "ntfy", "email"],
};

/// A webhook.
pub static WEBHOOK: Table = Table {
    name: "webhook",
    doc: "How a request is made.",
    keys: &[
        key("url", Kind::Url(HTTP), "url: env:HOOK_URL", "The address; `env:NAME` or `file:PATH` if it is secret.")
            .required(),
        key(
            "secret",
            Kind::Text,
            "secret: env:HOOK_SECRET",
            "The key with which requests are signed (Standard Webhooks): `whsec_` and 24 to 64 bytes in base64, `env:NAME` or `file:PATH`.",
        ),
        key(
            "headers",
            Kind::Headers,
            "headers: { Authorization: env:HOOK_LOGIN }",
            "Headers of the requests; `env:NAME` or `file:PATH` if they are secret.",
        ),
        key(
            "template",
            Kind::Text,
            "template: '{\"text\": {{ title | tojson }}}'",
            "The body, if the receiver wants another: a template that names `title`, `text` and the other facts.",
        ),
    ],
    one_of: &[],
};

/// A topic of ntfy.
pub static NTFY: Table = Table {
    name: "ntfy",
    doc: "A topic of ntfy.",
    keys: &[
        key(
            "url",
            Kind::Url(HTTP),
            "url: https://ntfy.sh/my-topic",
            "The address of the topic; `env:NAME` or `file:PATH` if it is secret.",
        )
        .required(),
        key(
            "token",
            Kind::Text,
            "token: env:NTFY_TOKEN",
            "The access token with which messages are sent, `env:NAME` or `file:PATH`.",
        ),
    ],
    one_of: &[],
};
