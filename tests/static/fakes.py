"""A fake of the HTTP surface: the real static files, canned JSON, no media."""

from __future__ import annotations

import json
import mimetypes
import re
import threading
import urllib.parse
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.static import samples

STATIC = Path(__file__).resolve().parents[2] / "static"
CSP = (
    "default-src 'self'; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_VIEWER = re.compile(r"[?&]viewer=[^&]*")
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("image/svg+xml", ".svg")


class FakeServer:
    """Listens on a free port of the loopback; the fields are what it answers, and may change."""

    def __init__(self) -> None:
        self.streams: list[samples.Json] = []
        self.workers: list[samples.Json] = []
        self.models = samples.models()
        self.devices: list[samples.Json] = []
        self.tokens: list[samples.Json] = []
        self.gateways: list[samples.Json] = []
        self.keys: list[samples.Json] = []
        self.audit: list[samples.Json] = []
        #: What is answered to who asks for a map of who made what.
        self.team_map = samples.team_map()
        #: JPEG files and their dates in HTTP's form, by stream.
        self.thumbnails: dict[str, tuple[bytes, str]] = {}
        self.recordings: list[samples.Json] = []
        self.publish_token = ""
        #: Needed to watch any stream, in the header or in the query; empty: none.
        self.view_token = ""
        self.send_sizes: list[samples.Json] = []
        self.admin_token = ""
        self.failing = False
        #: What a proxy takes away from the beginning of every path.
        self.prefix = ""
        #: Paths that were asked for beside the prefix.
        self.strays: list[str] = []
        #: Which run of the server this plays.
        self.instance = "run-1"
        #: Status and detail for every offer; None: the usual answer.
        self.refusal: tuple[int, str] | None = None
        self.retry_after = "1"
        #: What viewers are told that they see; None: nothing.
        self.picture: samples.Json | None = None
        #: Makes the SDP answer of an offer, by "whip" or "whep"; None: nobody publishes.
        self.answer: Callable[[str, str], str] | None = None
        self.requests: list[tuple[str, str, Any]] = []
        #: Paths with their queries, in the order of the requests, without the pages' random names
        #: of their viewers.
        self.addresses: list[str] = []
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.fake = self
        # ``shutdown`` waits until the loop looks up, by itself twice a second.
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.01,), name="fake-http"
        )

    def __enter__(self) -> FakeServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def asked(self, method: str, path: str) -> list[Any]:
        """Bodies of the requests to a path so far."""
        return [body for verb, where, body in self.requests if (verb, where) == (method, path)]

    def find(self, name: str) -> samples.Json | None:
        """The stream, or None."""
        return next((one for one in self.streams if one["id"] == name), None)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    fake: FakeServer


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Tests look at `FakeServer.requests` instead."""

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def do_PATCH(self) -> None:
        self._handle("PATCH")

    def do_PUT(self) -> None:
        self._handle("PUT")

    def do_DELETE(self) -> None:
        self._handle("DELETE")

    def _handle(self, method: str) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_json = (self.headers.get("Content-Type") or "").endswith("json")
        body = json.loads(raw) if raw and is_json else raw.decode()
        path = self.path.partition("?")[0]
        if not path.startswith(self.server.fake.prefix + "/"):
            self.server.fake.strays.append(path)
            return self._problem(404, "Another server's page.")
        path = path.removeprefix(self.server.fake.prefix)
        self.server.fake.requests.append((method, path, body))
        self.server.fake.addresses.append(_VIEWER.sub("", self.path))
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "v1"]:
            self._api(method, parts[2:], body)
        elif parts[0] == "recordings" and len(parts) == 3:
            self._problem(404, "There is no such recording.")
        elif parts[0] in ("whip", "whep"):
            self._session(method, path, body)
        else:
            self._file(parts)
        return None

    def _api(self, method: str, parts: list[str], body: Any) -> None:
        fake = self.server.fake
        if fake.failing:
            return self._problem(503, "The broker does not answer.")
        guarded = method != "GET" or parts in (["workers"], ["devices"], ["keys"], ["audit"])
        if guarded and not self._has_token(fake.admin_token):
            return self._problem(401, "This needs the admin token.")
        if parts == ["server"]:
            tokens = (bool(fake.publish_token), bool(fake.admin_token))
            answer = samples.server(
                publish_token=tokens[0],
                admin_token=tokens[1],
                instance=fake.instance,
                send_sizes=fake.send_sizes,
            )
            return self._json(answer)
        if parts == ["streams"]:
            return self._list_streams()
        if parts == ["workers"]:
            return self._json({"workers": fake.workers})
        if parts == ["models"]:
            return self._json({"models": fake.models})
        if parts[0] == "recordings":
            if parts[1:] and not self._may_view():
                return self._problem(401, "This stream can be watched with a token only.")
            found = [
                each
                for each in fake.recordings
                if each["stream"] in (parts[1:] or [each["stream"]])
            ]
            return self._json({"recordings": found, "before": None, "free_bytes": 10**9})
        if parts[0] == "devices":
            return self._devices(method, parts[1:], body)
        if parts == ["audit"]:
            return self._json({"entries": fake.audit})
        if parts[0] == "keys":
            return self._keys(method, parts[1:], body)
        return self._stream(method, parts[1], parts[2:], body)

    def _list_streams(self) -> None:
        """A part of the list where the query asks for one."""
        # One token to watch, which all of its streams need.
        streams = self.server.fake.streams if self._may_view() else []
        asked = urllib.parse.parse_qs(self.path.partition("?")[2])
        limit = int(asked.get("limit", ["1000"])[0])
        return self._json({"streams": streams[:limit], "total": len(streams)})

    def _keys(self, method: str, rest: list[str], body: Any) -> None:
        """POST makes a key, or gives one another secret; DELETE revokes it."""
        fake = self.server.fake
        if method == "DELETE":
            fake.keys[:] = [one for one in fake.keys if one["id"] != rest[0]]
            return self._answer(204, b"", "text/plain")
        if rest[1:] == ["rotation"]:
            (key,) = [one for one in fake.keys if one["id"] == rest[0]]
            return self._json({"key": key, "secret": f"sk_{rest[0]}_another"})
        if method == "POST":
            if "/" in body["streams"]:
                return self._problem(400, "A key is for the name of a stream.")
            fake.keys.append(samples.stream_key(body["streams"], number=len(fake.keys)))
            return self._json({"key": fake.keys[-1], "secret": "sk_0_secret"})
        return self._json({"keys": fake.keys})

    def _stream(self, method: str, name: str, rest: list[str], body: Any) -> None:
        fake = self.server.fake
        stream = fake.find(name)
        if stream is None:
            return self._problem(404, f"There is no stream {name}.")
        if method == "GET" and not self._may_view():
            return self._problem(401, "This stream can be watched with a token only.")
        if rest == ["thumbnail"]:
            return self._thumbnail(name)
        if rest == ["view-tokens"]:
            end = {"expires_at": "2026-11-30T12:00:00Z"}
            return self._json({"token": "vt_a.b", "stream": name, **end})
        if rest == ["recording"]:
            stream["recording"] = {"mode": body["mode"], "chosen": True, "parts": []}
            return self._json(stream["recording"])
        if rest[:1] == ["renditions"]:
            return self._rendition(method, stream, rest[1], body)
        if method == "DELETE":
            fake.streams.remove(stream)
            return self._answer(204, b"", "text/plain")
        if method == "PATCH":
            if body.get("model") == "live-m":
                return self._problem(409, "No worker has the model live-m.")
            if "enhance" in body:
                stream["enhancement"]["enabled"] = body["enhance"]
            if "strength" in body:
                stream["enhancement"]["strength"] = body["strength"]
            steering = {key: body[key] for key in ("team", "pinned", "excluded") if key in body}
            stream["renditions"][1]["spec"] |= steering
        return self._json(stream)

    def _thumbnail(self, name: str) -> None:
        found = self.server.fake.thumbnails.get(name)
        if found is None:
            return self._problem(404, f"{name} has no picture yet: nobody decodes it.")
        picture, made_at = found
        return self._answer(200, picture, "image/jpeg", {"Last-Modified": made_at})

    def _devices(self, method: str, rest: list[str], body: Any) -> None:
        """POST makes a token for any name but that of a device; DELETE removes what is there."""
        fake = self.server.fake
        if method == "DELETE":
            kind, key = (fake.tokens, "id") if rest[0] == "tokens" else (fake.devices, "name")
            kept = [one for one in kind if one[key] != rest[-1]]
            if len(kept) == len(kind):
                return self._problem(404, "There is no such device.")
            kind[:] = kept
            return self._answer(204, b"", "text/plain")
        if method == "POST":
            if any(one["name"] == body["name"] for one in fake.devices):
                return self._problem(409, f"There is a device {body['name']} already.")
            token = samples.token(body["name"], number=len(fake.tokens))
            fake.tokens.append(token)
            command = "sharpcast join cast.example.org:9443 --token=s3cr3t-of-one-device"
            place = {"gateway": "cast.example.org:9443", "token": "s3cr3t-of-one-device"}
            return self._json({**token, **place, "command": command})
        whole = {"gateways": fake.gateways, "devices": fake.devices, "tokens": fake.tokens}
        return self._json(whole)

    def _rendition(self, method: str, stream: samples.Json, name: str, body: Any) -> None:
        """PUT takes any but one of live-m; DELETE removes what is there; GET is for a map."""
        if method == "GET":
            return self._json(self.server.fake.team_map)
        if method == "DELETE":
            kept = [one for one in stream["renditions"] if one["name"] != name]
            stream["renditions"] = kept
            return self._answer(204, b"", "text/plain")
        if body["model"] == "live-m":
            return self._problem(409, "No worker has the model live-m.")
        waiting = "No worker has taken the rendition yet."
        stream["renditions"].append(samples.rendition(name, "waiting", waiting))
        return self._json(stream)

    def _session(self, method: str, path: str, body: str) -> None:
        fake = self.server.fake
        kind = path[1:5]
        if kind == "whip" and not self._has_token(fake.publish_token):
            return self._problem(401, "This needs the publish token.")
        if method == "DELETE":
            return self._answer(200, b"", "text/plain")
        if kind == "whep" and path.count("/") == 2 and not self._may_view():
            return self._problem(401, "This server does not know the token.")
        if "/events" in path:
            return self._events(method, path)
        if fake.refusal is not None:
            return self._problem(*fake.refusal)
        if fake.answer is not None:
            answer = fake.answer(kind, body).encode()
            # As a server behind a proxy might have it: another scheme and host.
            place = {"Location": f"https://behind.example{path}/session-1"}
            return self._answer(201, answer, "application/sdp", place)
        if kind == "whip":
            return self._problem(409, "Somebody else publishes this stream already.")
        return self._problem(409, "Nobody publishes this stream now.", fake.retry_after)

    def _events(self, method: str, path: str) -> None:
        """A stream of events that tells what is shown, and ends for the browser to come again."""
        if method == "POST":
            return self._answer(201, b"", "text/plain", {"Location": f"{path}/events-1"})
        text, view = "retry: 100\n\n", self.server.fake.picture
        if view is not None:
            text += f"event: picture\ndata: {json.dumps(view)}\n\n"
        return self._answer(200, text.encode(), "text/event-stream")

    def _file(self, parts: list[str]) -> None:
        if parts == ["blank"]:
            return self._answer(200, b"<!doctype html><title>blank</title>", "text/html")
        pages = {"": "index.html"}
        pages |= {name: f"{name}.html" for name in ("grid", "broadcast", "admin")}
        pages["recordings"] = "replay.html"
        is_player = parts[0] in ("watch", "embed")
        name = f"{parts[0]}.html" if is_player else pages.get("/".join(parts), "")
        path = STATIC / name if name else STATIC.joinpath(*parts[1:])
        if (not name and parts[0] != "static") or not path.is_file():
            return self._problem(404, "There is no such page.")
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return self._answer(200, path.read_bytes(), kind)

    def _has_token(self, token: str) -> bool:
        return token == "" or self.headers.get("Authorization") == f"Bearer {token}"

    def _may_view(self) -> bool:
        token = self.server.fake.view_token
        asked = urllib.parse.parse_qs(self.path.partition("?")[2])
        return self._has_token(token) or asked.get("token") == [token]

    def _json(self, body: Any) -> None:
        self._answer(200, json.dumps(body).encode(), "application/json")

    def _problem(self, status: int, detail: str, retry_after: str = "") -> None:
        title = HTTPStatus(status).phrase
        body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        extra = {"Retry-After": retry_after} if retry_after else {}
        self._answer(status, json.dumps(body).encode(), "application/problem+json", extra)

    def _answer(
        self, status: int, body: bytes, kind: str, extra: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", CSP)
        for name, value in (extra or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
