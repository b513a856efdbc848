//! To whom mail is sent, and by which server. Addresses are those of the library that sends them.

use std::net::IpAddr;

use lettre::Address;
use lettre::message::Mailbox;
use url::{Host, Url};

use super::Complaint;
use super::object_store::Secret;
use crate::base::redact;

/// Mail to one or several people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// To whom.
    pub to: Vec<Mailbox>,
    /// From whom.
    pub from: Mailbox,
    /// The server that takes it.
    pub server: MailServer,
}

/// A server that takes mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServer {
    /// Its name or its address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept from others.
    pub security: MailSecurity,
    /// Who logs in, and the password.
    pub login: Option<(String, Secret)>,
}

/// How a connection to a mail server is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailSecurity {
    /// It begins in the clear, and goes over to TLS before anything is said (RFC 3207).
    StartTls,
    /// It is TLS from the first byte (RFC 8314).
    Tls,
    /// Not at all.
    Plain,
}

/// What `server` says: the server, and who logs in if that stands in its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAddress {
    host: String,
    port: Option<u16>,
    /// Whether it is TLS from the first byte.
    is_tls: bool,
    /// Who logs in.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
}

/// The port for TLS from the first byte, that for STARTTLS, and that between servers (RFC 8314 section 7.3).
const TLS_PORT: u16 = 465;
const START_TLS_PORT: u16 = 587;
const PLAIN_PORT: u16 = 25;

impl MailAddress {
    /// Reads a server: `smtp.example.org`, with a port, or as `smtp://` or `smtps://`, with a user.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Complaint> {
        let shown = redact::text(text);
        let usual = "write for example `smtp.example.org` or `smtps://smtp.example.org`";
        let whole = if text.contains("://") { text.to_owned() } else { format!("smtp://{text}") };
        let url = Url::parse(&whole)
            .map_err(|error| Complaint::new(format!("`{shown}` is no mail server: {error}")).hint(usual))?;
        let is_tls = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            other => {
                let complaint = Complaint::new(format!("`{shown}` begins with `{other}://`"));
                return Err(complaint.hint("a mail server begins with `smtp://` (STARTTLS) or `smtps://` (TLS)"));
            }
        };
        let host = url.host_str().unwrap_or_default();
        let Ok(host) = Host::parse(&percent_decoded(host)) else {
            return Err(Complaint::new(format!("`{shown}` names no mail server")).hint(usual));
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            let complaint = Complaint::new(format!("`{shown}` is more than a mail server and its port"));
            return Err(complaint.hint(usual));
        }
        let user = Some(percent_decoded(url.username())).filter(|user| !user.is_empty());
        let password = url.password().map(|password| Secret(percent_decoded(password)));
        let host = host.to_string().trim_matches(['[', ']']).to_owned();
        match (url.port(), is_tls) {
            (Some(TLS_PORT), false) => Err(Complaint::new("port 465 is for TLS from the first byte")
                .hint(format!("write `smtps://{host}`, or port 587 for STARTTLS"))),
            (Some(START_TLS_PORT), true) => {
                Err(Complaint::new("port 587 is for STARTTLS, not for TLS from the first byte")
                    .hint(format!("write `smtp://{host}`, or port 465 for TLS")))
            }
            (port, is_tls) => Ok(Self { host, port, is_tls, user, password }),
        }
    }

    /// Returns the server. `plain` says whether the connection is in the clear: if nobody says so, it is to this machine.
    ///
    /// # Errors
    /// It is to be TLS, and in the clear.
    pub fn server(self, plain: Option<bool>, login: Option<(String, Secret)>) -> Result<MailServer, Complaint> {
        let Self { host, port, is_tls, .. } = self;
        let security = match (is_tls, plain) {
            (true, Some(true)) => {
                let complaint = Complaint::new("`smtps://` is TLS, and `plain: true` is none");
                return Err(complaint.hint("take one of them out"));
            }
            (true, _) => MailSecurity::Tls,
            (false, plain) if plain.unwrap_or_else(|| is_this_machine(&host)) => MailSecurity::Plain,
            (false, _) => MailSecurity::StartTls,
        };
        let usual = match security {
            MailSecurity::StartTls => START_TLS_PORT,
            MailSecurity::Tls => TLS_PORT,
            MailSecurity::Plain => PLAIN_PORT,
        };
        Ok(MailServer { host, port: port.unwrap_or(usual), security, login })
    }
}

/// Whether what is sent there does not leave this machine.
fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Reads an address of mail, with or without a name: `anna@example.org`, `김민수 <minsu@example.kr>`. A domain in another
/// script becomes what servers know it by.
///
/// # Errors
/// What is wrong with it.
pub fn mailbox(text: &str) -> Result<Mailbox, Complaint> {
    let text = text.trim();
    let usual = "write for example `anna@example.org` or `Anna <anna@example.org>`";
    let wrong = |why: &str| Complaint::new(format!("`{text}` is no address of mail: {why}")).hint(usual);
    let (name, address) = match text.strip_suffix('>').map(|text| text.rsplit_once('<')) {
        Some(Some((name, address))) => (name.trim(), address.trim()),
        Some(None) => return Err(wrong("a `<` is missing")),
        None if text.contains('<') => return Err(wrong("a `>` is missing")),
        None => ("", text),
    };
    if text.matches('@').count() > 1 && text.contains([',', ';']) {
        let complaint = Complaint::new(format!("`{text}` is more than one address of mail"));
        return Err(complaint.hint("write several as a list: `to: [anna@example.org, ben@example.org]`"));
    }
    let Some((user, domain)) = address.rsplit_once('@') else { return Err(wrong("there is no `@` in it")) };
    if !user.is_ascii() {
        let why = format!("before the `@`, servers take only letters of ASCII, not `{user}`");
        return Err(wrong(&why).hint("a name in any script stands before the address: `김민수 <minsu@example.kr>`"));
    }
    let is_literal = domain.starts_with('[');
    let known = if is_literal { domain.to_owned() } else { ascii(domain).unwrap_or_default() };
    let address = Address::new(user, known).map_err(|error| match error {
        lettre::address::AddressError::InvalidUser => wrong(&format!("`{user}` cannot stand before the `@`")),
        _ => wrong(&format!("`{domain}` is no domain")),
    })?;
    let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name).trim();
    if name.chars().any(char::is_control) {
        return Err(wrong("there is a control character in the name"));
    }
    Ok(Mailbox::new(Some(name.to_owned()).filter(|name| !name.is_empty()), address))
}

/// Returns a domain as servers know it (RFC 5891).
fn ascii(domain: &str) -> Option<String> {
    match Host::parse(domain).ok()? {
        Host::Domain(domain) => Some(domain),
        // An address without brackets is none.
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_name_in_any_script_and_a_domain_as_servers_know_it() {
        let read = |text| mailbox(text).map(|read| (read.name.unwrap_or_default(), read.email.to_string())).unwrap();
        let pair = |name: &str, address: &str| (name.to_owned(), address.to_owned());
        assert_eq!(read(" anna@example.org "), pair("", "anna@example.org"));
        assert_eq!(read("<anna@example.org>"), pair("", "anna@example.org"));
        assert_eq!(read("김민수 <minsu@example.kr>"), pair("김민수", "minsu@example.kr"));
        assert_eq!(read("\"Smith, J.\" <j.smith+radio@example.org>"), pair("Smith, J.", "j.smith+radio@example.org"));
        assert_eq!(read("J. Smith (News) <j@example.org>"), pair("J. Smith (News)", "j@example.org"));
        assert_eq!(read("info@예시.한국"), pair("", "info@xn--vv4b11d.xn--3e0b707e"));
        assert_eq!(read("root@localhost").1, "root@localhost");
        assert_eq!(read("root@[127.0.0.1]").1, "root@[127.0.0.1]");
        for (text, why) in [
            ("anna", "no `@`"),
            ("Anna <anna@example.org", "a `>` is missing"),
            ("anna@example.org>", "a `<` is missing"),
            ("김@example.kr", "only letters of ASCII"),
            ("an na@example.org", "`an na` cannot stand before the `@`"),
            ("anna@exa mple.org", "`exa mple.org` is no domain"),
            ("anna@", "`` is no domain"),
            ("a@example.org, b@example.org", "more than one address"),
        ] {
            let complaint = mailbox(text).unwrap_err();
            assert!(complaint.message.contains(why), "{text}: {complaint:?}");
        }
    }

    #[test]
    fn a_server_is_asked_for_starttls_unless_it_is_this_machine() {
        let read = |text: &str, plain| {
            let server = MailAddress::parse(text).unwrap().server(plain, None).unwrap();
            (server.host, server.port, server.security)
        };
        let is = |host: &str, port, security| (host.to_owned(), port, security);
        assert_eq!(read("smtp.example.org", None), is("smtp.example.org", 587, MailSecurity::StartTls));
        assert_eq!(read("smtp://smtp.example.org:25", None), is("smtp.example.org", 25, MailSecurity::StartTls));
        assert_eq!(read("smtps://smtp.example.org", None), is("smtp.example.org", 465, MailSecurity::Tls));
        assert_eq!(read("localhost", None), is("localhost", 25, MailSecurity::Plain));
        assert_eq!(read("[::1]:2525", None), is("::1", 2525, MailSecurity::Plain));
        assert_eq!(read("localhost", Some(false)), is("localhost", 587, MailSecurity::StartTls));
        assert_eq!(read("relay.lan", Some(true)), is("relay.lan", 25, MailSecurity::Plain));
        let with = MailAddress::parse("smtps://anna%40example.org:p%3Ass@smtp.example.org").unwrap();
        assert_eq!((with.user.as_deref(), with.password), (Some("anna@example.org"), Some(Secret("p:ss".to_owned()))));
        for (text, why) in [
            ("https://mail.example.org", "begins with `https://`"),
            ("smtp.example.org:465", "port 465 is for TLS"),
            ("smtps://smtp.example.org:587", "port 587 is for STARTTLS"),
            ("smtp.example.org/inbox", "more than a mail server"),
            ("smtp.example.org:mail", "is no mail server"),
        ] {
            let complaint = MailAddress::parse(text).unwrap_err();
            assert!(complaint.message.contains(why), "{text}: {complaint:?}");
        }
        let both = MailAddress::parse("smtps://h.example").unwrap().server(Some(true), None).unwrap_err();
        assert!(both.message.contains("`plain: true`"), "{both:?}");
    }
}
