"""The keys of one leg's media: none, in the session descriptions (SDES), or made on its own port (DTLS-SRTP)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from voicebot.rtp import MediaKey, RtpSession
from voicebot.rtp.dtls import own_identity
from voicebot.rtp.handshake import HandshakeTerms
from voicebot.rtp.ice_lite import IceCredentials, new_credentials
from voicebot.sip import AudioAgreement
from voicebot.sip.dtls_sdp import Handshake, HandshakeAgreement
from voicebot.sip.sdes import Crypto, LocalKeys


@dataclass(slots=True)
class LegKeys:
    """``sdes``: our keys for descriptions, the same in each of them."""

    sdes: LocalKeys = field(default_factory=LocalKeys)
    _encrypted: bool = False
    _handshake: HandshakeAgreement | None = None
    _ice: IceCredentials | None = None

    @property
    def by_handshake(self) -> bool:
        """Whether they are made on the media's port. We offer that only where it is so already."""
        return self._handshake is not None

    def put_into_force(self, agreed: AudioAgreement, rtp: RtpSession) -> None:
        """What was agreed holds from now on; the same once more changes nothing."""
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
            rtp.protection.use(ours, MediaKey(theirs.suite, theirs.key))

    def _terms(self, agreed: HandshakeAgreement) -> HandshakeTerms:
        before = self._handshake
        if before is not None and before.fingerprints == agreed.fingerprints:
            agreed = replace(agreed, role=before.role)  # one association for the whole call (RFC 8842 5.5)
        if agreed.ice is not None and (before is None or before.ice != agreed.ice):
            self._ice = new_credentials()
        self._handshake = agreed
        ice = None
        if agreed.ice is not None and self._ice is not None:
            ice = self._ice, IceCredentials(*agreed.ice)
        return HandshakeTerms(own_identity(), agreed.role, frozenset(agreed.fingerprints), ice, agreed.mux)

    def in_offer(self, required: bool, address: tuple[str, int]) -> tuple[list[Crypto], Handshake | None]:
        """What an offer of ours says, whose audio is at ``address``. ``required``: encrypted in any case."""
        if self._handshake is not None:
            fingerprint = own_identity().fingerprint
            return [], self._handshake.offer_again(fingerprint, self._ice, address)
        return self.sdes.offer() if self._encrypted or required else [], None

    def in_answer(self, agreed: AudioAgreement, address: tuple[str, int]) -> tuple[Crypto | None, Handshake | None]:
        """What our answer says; to be asked when the agreement is in force."""
        crypto = self.sdes.matching(agreed.crypto) if agreed.crypto is not None else None
        if self._handshake is None:
            return crypto, None
        return crypto, self._handshake.answer(own_identity().fingerprint, self._ice, address)
