"""Who builds what at this moment: claims of sessions, each the sessions of one process of one client.

A claim is in the space that its holder writes to, and concerns those who read that: nobody waits for what he will not
be given. It keeps a second one from being given out, and nothing else.
"""

from __future__ import annotations

import asyncio
import secrets

from interlock.service.cache.spaces import spaces_of
from interlock.service.state.tokens import Token
from interlock.toolchain.claims import MOST_CLAIMS

__all__ = ["Claims", "Session", "TooManyClaims"]


class TooManyClaims(Exception):
    """One session wants more than it may have."""


class Session:
    """What one process of a client has claimed and waits for."""

    def __init__(self, token: Token) -> None:
        self.id = secrets.token_hex(16)
        self.token = token.id
        self.spaces = spaces_of(token)
        self.holds: set[str] = set()
        self.waits: set[str] = set()
        self._freed: list[str] = []
        self._news = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Session holds {len(self.holds)}, waits for {len(self.waits)}>"

    def tell(self, key: str) -> None:
        """That something is free; only of what it waits for."""
        if key in self.waits:
            self.waits.discard(key)
            self._freed.append(key)
            self._news.set()

    async def freed(self, seconds: float) -> tuple[str, ...]:
        """What has become free, as soon as there is something; nothing after so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return ()
        found, self._freed = tuple(self._freed), []
        self._news.clear()
        return found


class Claims:
    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._holders: dict[tuple[str, str], Session] = {}

    def __repr__(self) -> str:
        return f"<Claims [{len(self._holders)} of {len(self._sessions)} sessions]>"

    def open(self, token: Token) -> Session:
        session = Session(token)
        self._sessions[session.id] = session
        return session

    def find(self, name: str, token: Token) -> Session | None:
        """A session by its name, for the token that it was opened with."""
        session = self._sessions.get(name)
        return session if session is not None and session.token == token.id else None

    def take(self, session: Session, key: str) -> bool:
        """Claim something; False where another one builds it, and it is told when that is over.

        Raises :class:`TooManyClaims`.
        """
        if len(session.holds) + len(session.waits) >= MOST_CLAIMS:
            raise TooManyClaims
        for space in session.spaces.reads:
            holder = self._holders.get((space, key))
            if holder is not None and holder is not session:
                session.waits.add(key)
                return False
        if self._holders.setdefault((session.spaces.writes, key), session) is session:
            session.holds.add(key)
        return True

    def leave(self, session: Session, key: str) -> None:
        """End a claim, and tell who waits."""
        if key not in session.holds:
            return
        session.holds.discard(key)
        del self._holders[session.spaces.writes, key]
        for other in list(self._sessions.values()):
            if session.spaces.writes in other.spaces.reads:
                other.tell(key)

    def close(self, session: Session) -> None:
        self._sessions.pop(session.id, None)
        for key in sorted(session.holds):
            self.leave(session, key)
