"""Azure Communication Services Call Automation on loopback, over plain HTTP: its REST interface, what it sends to the
application (Event Grid, call events, media), and the people at its ends.

What it does is what the documentation, the official client and its examples show of the service. ``service.py``
answers requests, ``call.py`` is a call, ``media.py`` the websocket of one, ``sending.py`` has the tokens, and
``faults.py`` what may go wrong.
"""

from acs.call import AcsCall
from acs.faults import Faults
from acs.media import AcsMedia
from acs.sending import RESOURCE
from acs.service import ACCESS_KEY, AcsService

__all__ = ["ACCESS_KEY", "RESOURCE", "AcsCall", "AcsMedia", "AcsService", "Faults"]
