"""Messages from one app node to another, on one bounded Redis Stream for each node.

A session belongs to the node that answered its offer. Whichever node is asked to end one sends the
request to the owner, which replies to the mailbox of the node that asked.
"""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec

from wire import keys
from wire.connection import Redis
from wire.control import Mailbox
from wire.errors import BadMessage

MAX_LENGTH = 256
"""Messages kept for each node; older ones are dropped by the server, and their senders time out."""

Name = Annotated[str, msgspec.Meta(max_length=64)]
MAX_TAG = 256
"""Maximum number of characters of an If-Match header that is passed on; a tag has 20."""

Tag = Annotated[str, msgspec.Meta(max_length=MAX_TAG)]
Fragment = Annotated[str, msgspec.Meta(max_length=65_536)]


class SessionKind(enum.Enum):
    """The protocol by which a session was made."""

    WHIP = "whip"
    WHEP = "whep"


class SessionRequest(msgspec.Struct, frozen=True, kw_only=True, tag="session_request"):
    """A request to the node that owns a session, by a node whose client made it."""

    id: Name
    "Drawn by the node that asks; the reply has it again."
    reply_to: Name
    "The node that asks."
    kind: SessionKind
    stream: Name
    secret: Name
    fragment: Fragment | None = None
    "Candidates or credentials as an SDP fragment; None: the session is to end."
    if_match: Tag = ""
    "Value of the If-Match header that came with the fragment."
    query: Fragment = ""
    "Query of a WHEP extension as JSON; then nothing else is asked."


class SessionReply(msgspec.Struct, frozen=True, kw_only=True, tag="session_reply"):
    """The owner's reply to a request."""

    id: Name
    status: Annotated[int, msgspec.Meta(ge=200, le=599)]
    "Status as in HTTP; 200: the request was carried out."
    detail: str = ""
    "Reason for any other status, as a sentence."
    etag: Tag = ""
    "Entity tag of the ICE session that a restart began; empty where none did."
    fragment: Fragment = ""
    "SDP fragment that answers such a restart."
    answer: Fragment = ""
    "Answer to a query, as JSON."


NodeMessage = SessionRequest | SessionReply
_DECODER: msgspec.json.Decoder[NodeMessage] = msgspec.json.Decoder(NodeMessage)


def parse_node_message(data: bytes) -> NodeMessage:
    """Parses the message in ``data``. Raises BadMessage."""
    try:
        message = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(f"node message: {error}") from error
    # The reply is written to the mailbox of that name, so any other text would choose a key of
    # Redis.
    if isinstance(message, SessionRequest) and not keys.is_node(message.reply_to):
        raise BadMessage("node message: reply_to is not the name of a node")
    return message


def to_node(client: Redis, node: str) -> Mailbox[NodeMessage]:
    """Returns the mailbox of an app node."""
    return Mailbox(client, keys.mailbox(node), parse_node_message, max_length=MAX_LENGTH)
