"""A hub on this machine's own loopback address: one repository, served as the real one would be."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.clip_models.layout import REPOSITORY, REVISION


@contextmanager
def served_folder(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve a folder as the repository; give the address, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def log_message(self, *_: object) -> None:
            pass

        def _answer(self, *, with_body: bool) -> None:
            path = self.path.partition("?")[0]
            asked.append(path)
            status, body = _content(folder, path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
            self.send_header("X-Repo-Commit", REVISION)
            if status == 404:
                self.send_header("X-Error-Code", "RepoNotFound")
            self.end_headers()
            if with_body:
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _content(folder: Path, path: str) -> tuple[int, bytes]:
    files = {str(one.relative_to(folder)): one for one in folder.rglob("*") if one.is_file()}
    if path.startswith(f"/api/models/{REPOSITORY}/tree/"):
        tree = [
            {"type": "file", "oid": "0" * 40, "size": one.stat().st_size, "path": name}
            for name, one in files.items()
        ]
        return 200, json.dumps(tree).encode()
    if path.startswith(f"/api/models/{REPOSITORY}"):
        siblings = [{"rfilename": name} for name in files]
        facts = {"id": REPOSITORY, "sha": REVISION, "siblings": siblings, "tags": []}
        return 200, json.dumps(facts).encode()
    name = path.removeprefix(f"/{REPOSITORY}/resolve/{REVISION}/")
    return (200, files[name].read_bytes()) if name in files else (404, b"")
