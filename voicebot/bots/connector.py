"""The Connector API (version 3): what each request of a bot means for the call. Pure, except for the call itself.

======================================================  ==============================================================
request                                                 what it does
======================================================  ==============================================================
POST /v3/conversations                                  the running call with that member (:func:`with_person`);
                                                        if there is none, a new call
POST /v3/conversations/{c}/activities                   spoken, or carried out, in the call: 200 with its ``id``
POST /v3/conversations/{c}/activities/{a}               the same, as a reply to ``a``
PUT, DELETE /v3/conversations/{c}/activities/{a}        accepted without effect: speech cannot be taken back
POST /v3/conversations/{c}/activities/history           accepted, not spoken
GET /v3/conversations/{c}/members, .../pagedmembers     the caller
GET /v3/conversations/{c}/members/{m}                   the caller
GET /v3/conversations/{c}/activities/{a}/members        the caller
======================================================  ==============================================================

Errors are ``{"error": {"code", "message"}}``. The same requests come over HTTP (``connector_server.py``) and in frames
of the streaming protocol (``streaming.py``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from voicebot.address import Address, AddressError
from voicebot.bots.connector_conversation import ConnectorConversation
from voicebot.json_body import MAX_BYTES

PREFIX = ("v3", "conversations")
MAX_BODY = MAX_BYTES


class ConnectorResponse(NamedTuple):
    """A status, and the content of the body, which is sent as JSON."""

    status: int
    body: dict[str, Any] | list[Any] | None

    @property
    def message(self) -> str:
        """What an error says."""
        return str(self.body["error"]["message"]) if isinstance(self.body, dict) and "error" in self.body else ""


class Route(NamedTuple):
    """The parts of a request's path. ``conversation`` is ``""`` for ``/v3/conversations`` itself."""

    conversation: str
    rest: tuple[str, ...]


def error(status: int, code: str, message: str) -> ConnectorResponse:
    """An error in the shape that bots expect."""
    return ConnectorResponse(status, {"error": {"code": code, "message": message}})


NO_SUCH_CALL = error(404, "ConversationNotFound", "there is no such call, or it is over")
NO_SUCH_PATH = error(404, "NotFound", "there is nothing by this path")


def route(target: str) -> Route | None:
    """The parts of a request's path, which may begin with a proxy's prefix; None if it does not belong to this API."""
    path = target.partition("?")[0].partition("#")[0]
    parts = tuple(unquote(part) for part in path.strip("/").split("/"))
    for at in range(len(parts) - 1):
        if parts[at : at + 2] == PREFIX:
            rest = parts[at + 2 :]
            return Route(rest[0] if rest else "", rest[1:])
    return None


class CallNotPlaced(Exception):
    """A call cannot be placed. ``why``: ``invalid``, ``forbidden`` or ``full``; the text says what would help."""

    def __init__(self, why: str, text: str) -> None:
        super().__init__(text)
        self.why = why


PlaceForBot = Callable[[str, Address, Mapping[str, Any], Callable[[str], None]], Awaitable[str]]
"""``(bot, to, context, over)``: call ``to`` for ``bot``. Returns the call's id while it rings. ``over(reason)`` is
called when the call has ended, whether or not it was answered. Raises CallNotPlaced."""


class Wish(NamedTuple):
    """What a bot asks for with ``POST /v3/conversations``: a conversation with ``to``, begun with ``activity``."""

    to: Address
    activity: dict[str, Any] | None
    context: dict[str, Any]


def wish(body: Any) -> Wish | ConnectorResponse:
    """Read ``ConversationParameters``. An error for several members, or for none."""
    members = body.get("members") if isinstance(body, dict) else None
    wanted = [m.get("id") for m in members if isinstance(m, dict)] if isinstance(members, list) else []
    if len(wanted) != 1 or not isinstance(wanted[0], str) or not wanted[0]:
        return error(400, "BadArgument", "members: a call has one, whose id is a telephone number or a SIP URI")
    try:
        to = Address.parse(wanted[0])
    except AddressError as wrong:
        return error(400, "BadArgument", f"members: {wrong}")
    activity, context = body.get("activity"), body.get("channelData")
    return Wish(to, activity if isinstance(activity, dict) else None, context if isinstance(context, dict) else {})


def with_person(conversations: Mapping[str, ConnectorConversation], to: Address) -> ConnectorConversation | None:
    """The running call with ``to``: one that was placed to ``to``, or that came through a trunk or an account. Anybody
    else may claim any number, and would hear what is meant for its owner. None if there is none."""
    return next((c for c in conversations.values() if c.surely_with(str(to))), None)


def created(conversation: ConnectorConversation, wanted: Wish, service_url: str, key: str) -> ConnectorResponse:
    """The answer for a conversation that exists now. Its first activity is spoken as soon as somebody has answered."""
    body: dict[str, Any] = {"id": conversation.id, "serviceUrl": service_url}
    if wanted.activity is not None:
        body["activityId"] = conversation.received(wanted.activity, key)
    return ConnectorResponse(201, body)


def not_placed(refused: CallNotPlaced) -> ConnectorResponse:
    """The answer to a bot whose call is not placed."""
    match refused.why:
        case "forbidden":
            return error(403, "Forbidden", str(refused))
        case "full":
            return error(503, "ServiceUnavailable", str(refused))
    return error(400, "BadArgument", str(refused))


NO_CALLS = error(501, "NotSupported", "no calls are placed here: only who is on the line can be addressed")


def answer(
    conversation: ConnectorConversation, verb: str, rest: tuple[str, ...], body: Any, key: str = ""
) -> ConnectorResponse:
    """The answer to a request about one call. ``key``: the sender's id of the request, the same when it is repeated."""
    match (verb, *rest):
        case ("POST", "activities", "history"):
            return ConnectorResponse(200, {"id": f"{conversation.id}|history"})
        case ("POST", "activities") | ("POST", "activities", _):
            return _activity(conversation, body, rest[1] if len(rest) > 1 else "", key)
        case ("PUT" | "DELETE", "activities", activity_id):
            if not conversation.knows(activity_id):
                return error(404, "ActivityNotFoundInConversation", "there is no such activity")
            return ConnectorResponse(200, {"id": activity_id} if verb == "PUT" else None)
        case ("GET", "members") | ("GET", "activities", _, "members"):
            return ConnectorResponse(200, [conversation.caller])
        case ("GET", "pagedmembers"):
            return ConnectorResponse(200, {"members": [conversation.caller]})
        case ("GET", "members", member_id):
            if member_id != conversation.caller["id"]:
                return error(404, "MemberNotFoundInConversation", "there is no such member")
            return ConnectorResponse(200, conversation.caller)
        case (_, "activities" | "members" | "pagedmembers", *_):
            return error(405, "MethodNotAllowed", f"{verb} is not possible here")
    return NO_SUCH_PATH


def _activity(conversation: ConnectorConversation, body: Any, reply_to: str, key: str) -> ConnectorResponse:
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        return error(400, "BadSyntax", "an activity is a JSON object with a type")
    service_url = body.get("serviceUrl")
    if isinstance(service_url, str) and service_url and not _same(service_url, conversation.service_url):
        return error(403, "ServiceUrlMismatch", "the activity is meant for another channel")
    named = body.get("conversation")
    if isinstance(named, dict) and named.get("id") not in (None, conversation.id):
        return error(400, "BadArgument", "the activity is of another conversation than its path")
    if reply_to and not body.get("replyToId"):
        body = body | {"replyToId": reply_to}
    return ConnectorResponse(200, {"id": conversation.received(body, key)})


def _same(one: str, other: str) -> bool:
    return one.rstrip("/").lower() == other.rstrip("/").lower()
