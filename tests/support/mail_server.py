"""A real SMTP server that belongs to the tests."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.ports import HOST, free_port
from tests.support.redis_server import START_DEADLINE

ACCEPTED = "250 OK"


@dataclass
class MailServer:
    """Keeps what it accepts; says what it is told to say.

    Attributes:
        received: the mails, as they came.
        data_answers: what it says to the next mails, instead of accepting them.
        recipient_answers: what it says to RCPT, by address.
        password: what a login must give; None for a server without logins.
        goodbye: what it says to QUIT.
    """

    port: int = field(default_factory=free_port)
    received: list[Envelope] = field(default_factory=list)
    data_answers: deque[str] = field(default_factory=deque)
    recipient_answers: dict[str, str] = field(default_factory=dict)
    password: str | None = None
    goodbye: str = "221 Bye"
    _controller: Controller | None = None
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def start(self) -> None:
        options: dict[str, Any] = {"ready_timeout": START_DEADLINE}
        if self.password is not None:
            options |= self._login_options()
        self._controller = Controller(self, hostname=HOST, port=self.port, **options)
        self._controller.start()

    def stop(self) -> None:
        controller, self._controller = self._controller, None
        if controller is not None:
            controller.stop()

    def wait_for(self, count: int, timeout: float = 40.0) -> None:
        """Wait until so many mails have arrived."""
        with self._arrived:
            arrived = self._arrived.wait_for(lambda: len(self.received) >= count, timeout)
        assert arrived, f"{len(self.received)} of {count} mails after {timeout:g} s"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.recipient_answers.get(address, ACCEPTED)
        if answer == ACCEPTED:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.data_answers.popleft() if self.data_answers else ACCEPTED
        if answer == ACCEPTED:
            with self._arrived:
                self.received.append(envelope)
                self._arrived.notify_all()
        return answer

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return self.goodbye

    def _login_options(self) -> dict[str, object]:
        return {
            "authenticator": self._authenticate,
            "auth_required": True,
            "auth_require_tls": False,
        }

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: object
    ) -> AuthResult:
        right = isinstance(login, LoginPassword) and login.password.decode() == self.password
        return AuthResult(success=right, handled=False)
