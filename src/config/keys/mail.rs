//! The keys of mail.

use super::kind::{Kind, Table, key};

/// Mail to one or several people.
pub static EMAIL: Table = Table {
    name: "email",
    doc: "To whom mail is sent, and by which server.",
    keys: &[
        key(
            "to",
            Kind::Addresses,
            "to: Anna <anna@example.org>",
            "To whom: an address, with or without a name, or a list of them.",
        )
        .required(),
        key(
            "server",
            Kind::Text,
            "server: smtp.example.org",
            "The mail server: its name for STARTTLS (port 587), `smtps://…` for TLS from the first byte (port 465), with `:PORT` if it is another one; `env:NAME` or `file:PATH` if it is secret.",
        )
        .required(),
        key(
            "from",
            Kind::Text,
            "from: Radio <radio@example.org>",
            "From whom; by default `user`, if that is an address.",
        ),
        key("user", Kind::Text, "user: radio@example.org", "Who logs in, `env:NAME` or `file:PATH`; by default nobody does."),
        key(
            "password",
            Kind::Text,
            "password: env:SMTP_PASSWORD",
            "The password of `user`, `env:NAME` or `file:PATH`.",
        ),
        key(
            "plain",
            Kind::Bool,
            "plain: true",
            "Whether mail and password go to the server in the clear; by default only if the server is this machine.",
        ),
    ],
    one_of: &[],
};
