"""Taking connections, for every listener of every process: SIP over TCP and TLS, and everything that is HTTP.

``admission.py`` decides who may hold how many connections and how often new ones may come (a table without sockets or a
clock; ``rates.py``), ``listener.py`` accepts them,
``http.py`` puts aiohttp behind a listener, with deadlines and ``http_origin.py``'s rules for browsers, and
``descriptors.py`` says what the limit of open files allows, and ``cannot_listen.py`` what to do where nothing can be
accepted. It imports aiohttp in ``http.py`` only.
"""

from voicebot.listening.admission import Admissions, Bounds, Place, source_of
from voicebot.listening.listener import HANDSHAKE_S, ConnectionListener, listening_sockets
from voicebot.listening.rates import MOST_SOURCES, Rate, RateLimiter

__all__ = [
    "HANDSHAKE_S",
    "MOST_SOURCES",
    "Admissions",
    "Bounds",
    "ConnectionListener",
    "Place",
    "Rate",
    "RateLimiter",
    "listening_sockets",
    "source_of",
]
