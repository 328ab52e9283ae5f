"""The media keys of one leg: none, from the session descriptions (SDES), or from a handshake (DTLS-SRTP)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from voicebot.rtp import MediaKey, RtpSession
from voicebot.rtp.dtls import own_identity
from voicebot.rtp.handshake import HandshakeTerms
from voicebot.rtp.ice_lite import IceCredentials, new_credentials
from voicebot.sip import AudioAgreement
from voicebot.sip.dtls_sdp import Handshake, HandshakeAgreement
from voicebot.sip.sdes import Crypto, LocalKeys

_UNKNOWN: Final = ("", "")
"""Their credentials for ICE, until they have answered an offer that has ours."""


@dataclass(slots=True)
class LegKeys:
    """``sdes``: our SDES keys, the same in every description."""

    sdes: LocalKeys = field(default_factory=LocalKeys)
    _encrypted: bool = False
    _handshake: HandshakeAgreement | None = None
    _ice: IceCredentials | None = None

    @property
    def encrypted(self) -> bool:
        return self._encrypted or self._handshake is not None

    @property
    def by_handshake(self) -> bool:
        """Whether DTLS-SRTP is in use. We offer it only then."""
        return self._handshake is not None

    def kept(self) -> dict[str, Any] | None:
        """How the handshake was agreed, for :meth:`made_anew`; None without one. Nothing of it is secret."""
        agreed = self._handshake
        if agreed is None:
            return None
        return {"ice": agreed.ice is not None, "mux": agreed.mux, "mid": agreed.mid, "bundle": list(agreed.bundle)}

    @classmethod
    def made_anew(cls, kept: Mapping[str, Any]) -> LegKeys:
        """The keys of a call that another process had: its certificate and its credentials for ICE were its own. Our
        offer has ours, and asks for another handshake by that (RFC 8842 5.5), and for other checks (RFC 8839 4.4.1.1).
        Raises KeyError and TypeError for what :meth:`kept` has not made."""
        ice = _UNKNOWN if kept["ice"] else None
        agreed = HandshakeAgreement("passive", (), ice, bool(kept["mux"]), str(kept["mid"]), tuple(kept["bundle"]))
        return cls(_handshake=agreed, _ice=new_credentials() if ice is not None else None)

    def put_into_force(self, agreed: AudioAgreement, rtp: RtpSession) -> None:
        """Use what was agreed from now on; the same agreement again changes nothing."""
        theirs = agreed.crypto
        self._encrypted = theirs is not None
        if agreed.handshake is not None:
            rtp.protection.negotiate(self._terms(agreed.handshake))
            return
        self._handshake = None
        if theirs is None:
            rtp.protection.use(None, None)
        else:
            ours = MediaKey(theirs.suite, self.sdes.matching(theirs).key)
            rtp.protection.use(ours, MediaKey(theirs.suite, theirs.key, theirs.mki))

    def _terms(self, agreed: HandshakeAgreement) -> HandshakeTerms:
        before = self._handshake
        if before is not None and before.fingerprints == agreed.fingerprints:
            agreed = replace(agreed, role=before.role)  # the same association, so the roles stay (RFC 8842 5.5)
        if agreed.ice is not None and (before is None or before.ice not in (agreed.ice, _UNKNOWN)):
            self._ice = new_credentials()
        self._handshake = agreed
        ice = None
        if agreed.ice is not None and self._ice is not None:
            ice = self._ice, IceCredentials(*agreed.ice)
        return HandshakeTerms(own_identity(), agreed.role, frozenset(agreed.fingerprints), ice, agreed.mux)

    def in_offer(self, required: bool, address: tuple[str, int]) -> tuple[list[Crypto], Handshake | None]:
        """The keys for our offer: SDES attributes, or the attributes of DTLS-SRTP. ``address``: where we receive media;
        ``required``: media must be encrypted."""
        if self._handshake is not None:
            fingerprint = own_identity().fingerprint
            return [], self._handshake.offer_again(fingerprint, self._ice, address)
        return self.sdes.offer() if self._encrypted or required else [], None

    def in_answer(self, agreed: AudioAgreement, address: tuple[str, int]) -> tuple[Crypto | None, Handshake | None]:
        """The keys for our answer: an SDES attribute, or the attributes of DTLS-SRTP. To be called when ``agreed`` is
        in force."""
        crypto = self.sdes.matching(agreed.crypto) if agreed.crypto is not None else None
        if self._handshake is None:
            return crypto, None
        return crypto, self._handshake.answer(own_identity().fingerprint, self._ice, address)
