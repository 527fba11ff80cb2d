"""An S3 server, moto's, in a process of its own: it serves a folder as a bucket, and keeps a log.

An object called `BUSY` is listed and never answered for.

python -m tests.cluster.s3_server PORT FOLDER LOG
"""

import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from tests.cluster.servers import BUSY

BUCKET = "pictures"


def fill(folder: Path) -> None:
    """Put the files of a folder into a bucket, with the times that they have."""
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    backend.create_bucket(BUCKET, "us-east-1")
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            key = backend.put_object(BUCKET, str(path.relative_to(folder)), path.read_bytes())
            changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            key.last_modified = changed.replace(tzinfo=None)


def logged(app: Callable[..., Iterable[bytes]], log: Path) -> Callable[..., Iterable[bytes]]:
    """Have an application note each request: method, path, range, bytes of the answer."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        path = environ["PATH_INFO"].encode("latin-1").decode()  # as WSGI has it
        if path.endswith(f"/{BUSY}"):
            start_response("503 Service Unavailable", [("Content-Type", "application/xml")])
            content = b"<Error><Code>ServiceUnavailable</Code><Message>Busy</Message></Error>"
        else:
            content = b"".join(app(environ, start_response))
        wanted = environ.get("HTTP_RANGE", "-")
        line = f"{environ['REQUEST_METHOD']} {path} {wanted} {len(content)}\n"
        with log.open("a") as file:
            file.write(line)
        return [content]

    return application


def main() -> None:
    """Serve until the process is killed."""
    port, folder, log = sys.argv[1:]
    fill(Path(folder))
    app = logged(DomainDispatcherApplication(create_backend_app), Path(log))
    make_server("127.0.0.1", int(port), app, threaded=True).serve_forever()


if __name__ == "__main__":
    main()
