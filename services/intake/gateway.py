"""How a message leaves the house: one port, `send(message) -> Handed`, and its adapters.

`INSIEME_SMTP_URL` (smtp://user:password@host:port, smtps://, or smtp+starttls://) sends e-mail,
`INSIEME_SMS_URL` posts SMS to an HTTP gateway as {"to", "text", "reference"} with `INSIEME_SMS_TOKEN` as bearer
and takes {"id"} back; GET <url>/<id> then tells {"state": "delivered" | "failed" | ...}. Where one is not set, in
demonstration the sink takes the message (its text can be read on the page «Messaggi»); in production it fails.

A gateway's answer is one of three: taken; a clear no (nothing was accepted: it may be tried again); or silence
after the message was handed over. After silence nobody may send again, since the message may be out.
"""

from __future__ import annotations

import asyncio
import re
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import unquote, urlsplit

import httpx2

from services.intake.domain.messages import Handed
from shared.events.intake import MessageChannel
from shared.settings import Settings, settings

TIMEOUT = 15.0
"""Seconds that a gateway has for an answer."""
DELIVERY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as it leaves; `message_id` lets a gateway recognise a repetition."""

    message_id: str
    channel: MessageChannel
    to: str
    subject: str
    text: str


class Gateway(Protocol):
    """The port."""

    async def send(self, message: Outgoing) -> Handed:
        """Hands the message over, once. Does not raise: what went wrong is an answer."""

    async def arrived(self, delivery_id: str) -> bool | None:
        """Whether a message that was taken has arrived; None while nobody knows (or never will)."""


class Sink:
    """Takes everything and sends nothing: demonstration."""

    async def send(self, message: Outgoing) -> Handed:
        """Nothing leaves; the text stays in the vault, where the page «Messaggi» reads it."""
        return Handed(delivery_id=f"sink-{message.message_id[:18]}")

    async def arrived(self, delivery_id: str) -> bool | None:
        """Nothing ever arrives."""
        return None


class Nowhere:
    """No gateway is set: production says so instead of pretending."""

    async def send(self, message: Outgoing) -> Handed:
        """A clear no that trying again does not mend."""
        return Handed(reason="refused")

    async def arrived(self, delivery_id: str) -> bool | None:
        """Nothing was sent."""
        return None


@dataclass
class Smtp:
    """E-mail by SMTP. The Message-ID is made of our id: a relay that gets it twice can tell."""

    url: str
    sender: str

    async def send(self, message: Outgoing) -> Handed:
        """One connection a message: there are few."""
        return await asyncio.to_thread(self._send, message)

    async def arrived(self, delivery_id: str) -> bool | None:
        """SMTP does not say."""
        return None

    def _send(self, message: Outgoing) -> Handed:
        handing = False  # from DATA on, silence does not mean no
        try:
            mail = self._mail(message)
        except ValueError:  # a line break in an address or a subject would add a header of somebody's own
            return Handed(reason="bad_address")
        try:
            with self._connect() as server:
                handing = True
                refused = server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0] if error.recipients else 550
            return Handed(reason="bad_address") if code >= 500 else Handed(reason="busy", again=True)
        except smtplib.SMTPResponseException as error:
            return Handed(reason="refused" if error.smtp_code >= 500 else "busy", again=error.smtp_code < 500)
        except (smtplib.SMTPException, OSError):
            return Handed(reason="unclear") if handing else Handed(reason="no_answer", again=True)
        return Handed(reason="bad_address") if refused else Handed(delivery_id=message.message_id)

    def _connect(self) -> smtplib.SMTP:
        parts = urlsplit(self.url)
        host, kind = parts.hostname or "localhost", parts.scheme
        context = ssl.create_default_context()
        if kind == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT)
        if kind == "smtp+starttls":
            server.starttls(context=context)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        return server

    def _mail(self, message: Outgoing) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, message.to, message.subject
        mail["Message-ID"] = f"<{message.message_id}@{self.sender.rpartition('@')[2].strip('>')}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        return mail


@dataclass
class HttpSms:
    """SMS by an HTTP gateway that speaks JSON; `reference` is our id, so that it can refuse a repetition."""

    url: str
    token: str = ""
    transport: httpx2.AsyncBaseTransport | None = field(default=None, repr=False)

    def _client(self) -> httpx2.AsyncClient:
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return httpx2.AsyncClient(timeout=TIMEOUT, headers=headers, transport=self.transport)

    async def send(self, message: Outgoing) -> Handed:
        """A 4xx is a no for good (429 for now), a 5xx for now; a broken connection is silence."""
        values = {"to": message.to, "text": message.text, "reference": message.message_id}
        try:
            async with self._client() as client:
                answer = await client.post(self.url, json=values, headers={"idempotency-key": message.message_id})
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            return Handed(reason="no_answer", again=True)
        except httpx2.HTTPError:
            return Handed(reason="unclear")
        if answer.status_code == 429 or answer.status_code >= 500:
            return Handed(reason="busy", again=True)
        if answer.status_code in (400, 422):
            return Handed(reason="bad_address")
        if not answer.is_success:
            return Handed(reason="refused")
        return Handed(delivery_id=_id_in(answer) or message.message_id)

    async def arrived(self, delivery_id: str) -> bool | None:
        """Asks the gateway."""
        try:
            async with self._client() as client:
                answer = await client.get(f"{self.url.rstrip('/')}/{delivery_id}")
            state = answer.json().get("state") if answer.is_success else None
        except (httpx2.HTTPError, ValueError, AttributeError):
            return None
        return {"delivered": True, "failed": False}.get(str(state))


def _id_in(answer: httpx2.Response) -> str | None:
    try:
        given = str(answer.json()["id"])
    except (ValueError, KeyError, TypeError):
        return None
    return given if DELIVERY_ID.fullmatch(given) else None


def gateways(current: Settings = settings) -> dict[MessageChannel, Gateway]:
    """The adapters that the settings ask for, by channel."""
    nothing: Gateway = Sink() if current.mode == "demo" else Nowhere()
    return {
        "email": Smtp(current.smtp_url, current.smtp_from) if current.smtp_url else nothing,
        "sms": HttpSms(current.sms_url, current.sms_token) if current.sms_url else nothing,
    }
