"""A server that keeps every rule of the suite without media, and breaks those that it is told to.

It is written from the standards alone, so that a rule that is too strict fails here.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "good-token"
MAX_REFUSED = 60
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, Link, ETag",
}
_ALLOWED = {
    "Access-Control-Allow-Methods": "POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "authorization, content-type, if-match",
    "Accept-Post": "application/sdp",
}
EVENTS = "urn:ietf:params:whep:ext:core:server-sent-events"
LAYER = "urn:ietf:params:whep:ext:core:layer"
FRAGMENT = "application/trickle-ice-sdpfrag"


class State:
    """What all requests see: sessions, counters and the faults to be made."""

    def __init__(self, faults: set[str]) -> None:
        self.faults = faults
        self.numbers = itertools.count(1)
        self.sessions: dict[str, tuple[str, str]] = {}
        "Entity tag and the client's user name, by path."
        self.streams: set[str] = set()
        self.refused = 0
        "Offers that could not be answered; after some the client has to wait."
        self.has_publisher = "idle" not in faults
        self.requests: list[tuple[str, str, dict[str, str]]] = []


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    state: State

    def log_message(self, format: str, *args: object) -> None:
        """Keeps the terminal quiet."""

    def _has(self, fault: str) -> bool:
        return fault in self.state.faults

    def _answer(self, status: int, body: str = "", **headers: str | list[str]) -> None:
        self.send_response(status)
        for name, value in {**_CORS, **headers}.items():
            for each in [value] if isinstance(value, str) else value:
                self.send_header(name.replace("_", "-"), each)
        data = b"" if status == 204 else body.encode()
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _problem(self, status: int, **headers: str) -> None:
        kind = "text/html" if self._has("no-problem") else "application/problem+json"
        self._answer(status, json.dumps({"status": status}), Content_Type=kind, **headers)

    @property
    def _is_whep(self) -> bool:
        return self.path.startswith("/whep/")

    @property
    def _is_session(self) -> bool:
        return self.path.count("/") > 2

    def _body(self) -> str:
        self.state.requests.append((self.command, self.path, dict(self.headers)))
        return self.rfile.read(int(self.headers.get("content-length") or 0)).decode()

    def _kind(self) -> str:
        return (self.headers.get("content-type") or "").split(";")[0]

    def do_OPTIONS(self) -> None:
        self._body()
        if self._has("no-options"):
            return self._problem(405)
        extra = {} if self._has("no-accept-post") else dict(_ALLOWED)
        if self._has("no-cors"):
            extra["Access-Control-Allow-Origin"] = "https://else.example"
        if self._has("preflight-ice-servers"):
            extra["Link"] = '<stun:a.example>; rel="ice-server"'
        return self._answer(200, **extra)

    def do_GET(self) -> None:
        self._body()
        if self.path in self.state.streams:
            return self._stream()
        if self.path.endswith("/events/1"):
            return self._problem(200 if self._has("event-stream-stays") else 404)
        fault = "get-session" if self._is_session else "get-endpoint"
        return self._answer(200, "<html>") if self._has(fault) else self._answer(204)

    def _stream(self) -> None:
        data = '{"0": [{"rid": "hd"}, {"rid": "sd"}]}'
        name = "inactive" if self._has("says-inactive") else "active"
        text = f"event: {name}\ndata: {{}}\n\nevent: layers\ndata: {data}\n\n: still here\n\n"
        if self._has("two-data-lines"):
            text = "event: active\ndata: {\ndata: }\n\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(text.encode())
            self.close_connection = True

    def do_HEAD(self) -> None:
        self._body()
        if self._has("no-head"):
            return self._answer(405)
        return self._answer(200, Content_Type="application/sdp")

    def _has_token(self) -> bool:
        return self.headers.get("authorization") == f"Bearer {TOKEN}" or self._has("open")

    def do_POST(self) -> None:
        body = self._body()
        if self._is_session:
            return self._extension(body)
        if not self._has_token():
            wanted = {} if self._has("no-challenge") else {"WWW_Authenticate": "Bearer"}
            return self._problem(401, **wanted)
        if self._has("redirect"):
            return self._answer(302, Location="/whip/other")
        if self._has("busy"):
            return self._problem(503)
        if self._kind() != "application/sdp" and not self._has("any-type"):
            return self._problem(400 if self._has("wrong-type-400") else 415)
        if self._is_whep and not self.state.has_publisher:
            when = {} if self._has("no-retry-after") else {"Retry_After": "1"}
            return self._problem(409, **when)
        if refused := self._refused(body):
            self.state.refused += 1
            is_over = self.state.refused > MAX_REFUSED and not self._has("no-limit")
            return self._problem(429 if is_over else refused)
        return self._created(body)

    def _refused(self, body: str) -> int:
        if self._has("takes-anything"):
            return 0
        if "m=" not in body:
            return 406 if self._has("says-406") else 400
        if "a=ice-ufrag:" not in body or "a=fingerprint:" not in body:
            return 400
        wrong = "sendonly" if self._is_whep else "recvonly"
        if re.search(rf"a=(inactive|{wrong})\r", body):
            return 422
        if body.count("m=video") > 1 or "X-NO-SUCH-CODEC" in body:
            return 422
        return 422 if "a=setup:active" in body and self._has("passive-only") else 0

    def _created(self, body: str) -> None:
        number = 1 if self._has("one-address") else next(self.state.numbers)
        path = f"{self.path}/{number:024d}"
        if self._has("short-address"):
            path = f"{self.path}/{number}"
        tag = '"one"' if self._has("one-etag") else f'"tag-{next(self.state.numbers)}"'
        if self._has("weak-etag"):
            tag = f"W/{tag}"
        ufrag = re.findall(r"a=ice-ufrag:(\S+)", body)
        self.state.sessions[path] = (tag, ufrag[0] if ufrag else "")
        headers: dict[str, str | list[str]] = {"Location": path, "ETag": tag}
        if self._has("no-location"):
            del headers["Location"]
        if self._has("no-etag"):
            del headers["ETag"]
        headers["Link"] = self._links(path)
        if self._has("not-exposed"):
            headers["Access-Control-Expose-Headers"] = "Link"
        kind = "text/plain" if self._has("answer-type") else "application/sdp"
        return self._answer(201, self._sdp(body), Content_Type=kind, **headers)

    def _links(self, path: str) -> list[str]:
        credential = "secret" if self._has("unquoted-credential") else '"secret"'
        found = [
            '<stun:stun.example>; rel="ice-server"',
            f'<turn:turn.example>; rel="ice-server"; username="me"; credential={credential}',
        ]
        if self._has("ice-server-url"):
            found[0] = '<stun://stun.example>; rel="ice-server"'
        if self._is_whep:
            events = "active" if self._has("no-layers-event") else "active,inactive,layers"
            found.append(f'<{path}/events>; rel="{EVENTS}"; events="{events}"')
            found.append(f'<{path}/layer>; rel="{LAYER}"')
            if self._has("two-links"):
                found.append(f'<{path}/layer>; rel="{LAYER}"')
        return found

    def _sdp(self, body: str) -> str:
        ours = "sendonly" if self._is_whep else "recvonly"
        if self._has("answer-sendrecv"):
            ours = "sendrecv"
        mids = re.findall(r"a=mid:(\S+)", body)
        group = mids[:1] if self._has("half-bundle") else mids
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
        lines += ["a=ice-lite", f"a=group:BUNDLE {' '.join(group)}"]
        for mid, kind in zip(mids, re.findall(r"m=(\w+)", body), strict=False):
            lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF 96", f"a=mid:{mid}", f"a={ours}"]
            if not self._has("no-rtcp-mux"):
                lines.append("a=rtcp-mux")
            if not self._has("no-rtcp-mux-only"):
                lines.append("a=rtcp-mux-only")
            stream = mid if self._has("two-streams") else "s"
            name = f"u{mid}" if self._has("two-transports") else "serveruf"
            role = "actpass" if self._has("setup-actpass") else "passive"
            lines += [f"a=msid:{stream} {kind}", f"a=setup:{role}", f"a=ice-ufrag:{name}"]
            lines += ["a=ice-pwd:servers-own-password-0001", "a=ice-options:ice2"]
            if not self._has("no-candidate"):
                lines.append("a=candidate:1 1 udp 1 192.0.2.7 1 typ host")
            if "a=simulcast" in body and kind == "video" and not self._has("one-layer"):
                rids = () if self._has("no-rid") else ("0", "1", "2")
                lines += [*(f"a=rid:{rid} recv" for rid in rids), "a=simulcast:recv 0;1;2"]
        return "\r\n".join(lines) + "\r\n"

    def do_DELETE(self) -> None:
        self._body()
        if self.path in self.state.streams:
            self.state.streams.remove(self.path)
            return self._answer(200)
        if self.headers.get("if-match") and self._has("delete-checks-etag"):
            return self._problem(412)
        if self.state.sessions.pop(self.path, None) is None and not self._has("delete-always"):
            return self._problem(404)
        return self._answer(202 if self._has("delete-202") else 200)

    def do_PATCH(self) -> None:
        body = self._body()
        session = self.state.sessions.get(self.path)
        if session is None:
            return self._problem(404)
        if self._kind() != FRAGMENT and not self._has("any-type"):
            return self._problem(415)
        if "a=" not in body:
            return self._answer(204) if self._has("any-fragment") else self._problem(400)
        tag, ufrag = session
        given = self.headers.get("if-match", "")
        if not given and not self._has("no-428"):
            return self._problem(428)
        if given not in ("*", tag, "") and not self._has("no-412"):
            return self._problem(412)
        found = re.findall(r"a=ice-(?:ufrag|pwd):(\S+)", body)
        if found[:1] == [ufrag]:
            return self._trickle(body)
        return self._restart(found, body)

    def _trickle(self, body: str) -> None:
        if self._has("no-trickle"):
            return self._problem(405)
        if "sctp" in body and self._has("odd-refused"):
            return self._problem(400)
        if self._has("trickle-etag"):
            return self._answer(204, ETag='"x"')
        return self._answer(200, "ok") if self._has("trickle-200") else self._answer(204)

    def _restart(self, found: list[str], body: str) -> None:
        if self._has("no-restart"):
            return self._problem(500 if self._has("restart-500") else 422)
        if len(found) < 2:
            if self._has("refused-restart-ends"):
                del self.state.sessions[self.path]
            return self._problem(400)
        tag = f'"tag-{next(self.state.numbers)}"'
        if self._has("restart-keeps-etag"):
            tag = self.state.sessions[self.path][0]
        self.state.sessions[self.path] = (tag, found[0])
        name = "serveruf" if self._has("restart-keeps-login") else "newnameuf"
        lite = "" if self._has("restart-not-lite") else "a=ice-lite\r\n"
        text = (
            f"{lite}a=ice-options:ice2\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
            f"a=ice-ufrag:{name}\r\na=ice-pwd:another-password-0000002\r\n"
            "a=candidate:1 1 udp 1 192.0.2.7 1 typ host\r\n"
        )
        return self._answer(200, text, Content_Type=FRAGMENT, ETag=tag)

    def _extension(self, body: str) -> None:
        if self.path.endswith("/events"):
            if "x-no-such-event" in body and self._has("strict-events"):
                return self._problem(400)
            path = f"{self.path}/1"
            self.state.streams.add(path)
            return self._answer(200 if self._has("events-200") else 201, Location=path)
        try:
            wanted = json.loads(body)
        except ValueError:
            return self._problem(500 if self._has("layer-500") else 400)
        is_odd = wanted.get("rid") == "sd" and self._has("layer-404")
        is_default = "rid" not in wanted and self._has("default-404")
        return self._problem(404) if is_odd or is_default else self._answer(200)


@contextlib.contextmanager
def good_server(*faults: str) -> Iterator[tuple[str, State]]:
    """Runs a server; yields its root and its state."""
    state = State(set(faults))
    handler = type("Handler", (Handler,), {"state": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", state
        finally:
            server.shutdown()
            thread.join()
