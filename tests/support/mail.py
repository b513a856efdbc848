"""A mail server for tests: aiosmtpd with answers as the test wants them. One JSON object on standard input says how; the
port is printed; every mail that was taken is a line of JSON in the file `mails`, as it came and as a mail reader shows it; every
address that one was to be sent to is a line in `asked`."""

import asyncio
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self, wanted):
        self.answers = wanted["answers"]

    def said(self, command, address):
        """The next answer of the test to this command, each as often as it is there."""
        for answer in self.answers:
            if answer["to"] == command and answer.get("address", address) == address:
                if not answer.get("always"):
                    self.answers.remove(answer)
                return answer["says"]
        return None

    async def handle_RCPT(self, server, session, envelope, address, options):
        with open("asked", "a") as file:
            file.write(address + "\n")
        said = self.said("RCPT", address)
        if said is None:
            envelope.rcpt_tos.append(address)
        return said or "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        said = self.said("DATA", None)
        if said is None:
            read = email.message_from_bytes(envelope.content, policy=email.policy.default)
            mail = {
                "to": envelope.rcpt_tos,
                "bytes": envelope.content.decode("ascii"),
                "heads": {name: str(value) for name, value in read.items()},
                "text": read.get_body(("plain",)).get_content(),
                "html": read.get_body(("html",)).get_content(),
                "login": bool(session.authenticated),
                "tls": server.transport.get_extra_info("ssl_object") is not None,
            }
            with open("mails", "a") as file:
                file.write(json.dumps(mail) + "\n")
        return said or "250 2.0.0 OK: queued as 4711"


def context(wanted):
    if not wanted.get("certificate"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(wanted["certificate"])
    return context


async def main():
    wanted = json.load(sys.stdin)
    login = wanted.get("login")

    def authenticator(server, session, envelope, mechanism, data):
        is_right = [data.login.decode(), data.password.decode()] == login
        return AuthResult(success=is_right, handled=is_right, auth_data=data)

    tls, at_once = context(wanted), wanted.get("at_once", False)
    options = {"authenticator": authenticator, "auth_required": True, "auth_require_tls": False} if login else {}
    if tls and not at_once:
        options |= {"tls_context": tls, "require_starttls": True}

    handler = Handler(wanted)
    def protocol():
        return SMTP(handler, hostname="mail.test", **options)

    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", wanted["port"], ssl=tls if at_once else None
    )
    print("listens", flush=True)
    await server.serve_forever()


asyncio.run(main())
