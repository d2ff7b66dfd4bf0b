"""What a person is told of the encryption."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EncryptionStatus:
    """How the call is protected now."""

    sealed: bool  #: the link has a key: bundles, keyframes and control messages are end-to-end encrypted
    voice_sealed: bool  #: voice is, too
    strangers: frozenset[int]  #: those whose link has another key, or a key where ours has none: unreadable both ways

    def __str__(self) -> str:
        """Return it as a sentence."""
        if not self.sealed:
            return "not end-to-end encrypted: the link has no key"
        return "end-to-end encrypted" if self.voice_sealed else "end-to-end encrypted, but voice is not"


NOT_ENCRYPTED = EncryptionStatus(False, False, frozenset())
