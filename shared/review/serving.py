"""The server on its address: a free port, the link to open, and an end that loses nothing."""

import errno
import ipaddress
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn
from threadpoolctl import threadpool_limits

from shared.errors import RunError
from shared.review.app import make_app
from shared.review.guard import Admission
from shared.review.review import Review, ReviewRequest, opened_review

N_PORTS = 50
"""So many are tried after the one that is in use."""
ENDING_SECONDS = 1
_TAKEN = frozenset({errno.EADDRINUSE, errno.EACCES})
_ALL_ADDRESSES = frozenset({"0.0.0.0", "::"})  # noqa: S104 - where somebody asks for it
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class ServingRequest:
    """Where the server listens."""

    host: str
    port: int

    @property
    def is_open_to_others(self) -> bool:
        """Whether other machines can reach it."""
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host not in _LOOPBACK


@dataclass(frozen=True, slots=True)
class Started:
    """A server that is ready: the link to open, the port it took, and who else reviews there."""

    link: str
    port: int
    others: list[str]


def serve(
    request: ReviewRequest,
    where: ServingRequest,
    tell: Callable[[Started], None],
    tell_end: Callable[[int], None],
) -> None:
    """Serve a review until a signal ends it.

    ``tell`` is called when it is ready, ``tell_end`` when it has ended, with how many answers were
    under way and could not be saved.

    Raises
    ------
    RunError
        Where there is nothing to review, or no port is free.
    """
    # Many questions are answered at a time: threads within each would wait for each other.
    with bound(where) as listening, opened_review(request) as review, threadpool_limits(1):
        port = int(listening.getsockname()[1])
        admission = Admission()
        app = make_app(review, allowed_hosts(where.host, port), admission)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=ENDING_SECONDS,
            h11_max_incomplete_event_size=2**15,
        )
        review.likeness.gather()
        review.learner.stand_by()
        review.tiles.stand_by()
        named = socket.gethostname() if where.host in _ALL_ADDRESSES else where.host
        link = f"http://{_spelled(named)}:{port}/?token={admission.token}"
        tell(Started(link, port, review.presence.others()))
        try:
            _Server(config, review).run(sockets=[listening])
        finally:
            tell_end(review.answers.n_unsaved)


class _Server(uvicorn.Server):
    """Ends in time, whatever is waited for: the command would be ended by force otherwise."""

    def __init__(self, config: uvicorn.Config, review: Review) -> None:
        super().__init__(config)
        self._review = review

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what waits for a thumbnail or a lock, then end; what takes longer is cut off."""
        logging.getLogger("uvicorn.error").disabled = True  # that would be told with a traceback
        self._review.tiles.end()
        self._review.answers.end()
        await super().shutdown(sockets)


def bound(where: ServingRequest) -> socket.socket:
    """Take the port, or the next one that is free.

    Raises
    ------
    RunError
        Where none of them is, or there is no such address on this machine.
    """
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    last = min(where.port + N_PORTS, 65_535)
    for port in range(where.port, last + 1):
        # Told that it is TCP, asyncio has answers not wait for what was sent before (40 ms each).
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((where.host, port))
            listening.listen()
        except OSError as error:
            listening.close()
            if isinstance(error, socket.gaierror) or error.errno not in _TAKEN:
                found = f"cannot be listened at ({error.strerror or error})"
                remedy = "Give --host an address of this machine."
                raise RunError(f"{where.host}:{port}", found, remedy) from error
        else:
            return listening
    found = f"no port from {where.port} to {last} is free"
    raise RunError(where.host, found, "Choose another --port.")


def allowed_hosts(host: str, port: int) -> list[str]:
    """Return what `Host` may say: the address that is listened at, and the names of loopback."""
    names = {*_LOOPBACK, host}
    if host in _ALL_ADDRESSES:
        names |= {socket.gethostname(), *_own_addresses()}
    return [_spelled(name) if port == 80 else f"{_spelled(name)}:{port}" for name in names]


def _own_addresses() -> set[str]:
    try:
        found = socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        return set()
    return {str(address[0]) for *_, address in found}


def _spelled(host: str) -> str:
    return f"[{host}]" if ":" in host else host
