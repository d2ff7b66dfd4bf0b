"""Typed errors of the codec. Each says what was wrong, the offending value, and what to do."""


class CodecError(Exception):
    """Base of every error that the codec raises on purpose."""


class WireError(CodecError):
    """A bundle, keyframe or slice that breaks the wire format; drop it whole."""


class UnknownKeyframeError(CodecError):
    """A bundle names a keyframe that is not cached here; `number` is to be requested."""

    def __init__(self, number: int) -> None:
        super().__init__(f"keyframe {number} is not cached here; request it from its sender")
        self.number = number


class FormatError(CodecError):
    """A recording (`.fwr`) that cannot be read."""


class OptionError(CodecError):
    """An option of an encoder or a decoder is out of range, or not available with the others."""


class ModelFileError(CodecError):
    """A model file is missing, has another digest than expected, or another interface."""


class PictureError(CodecError):
    """A picture has the wrong shape or type, or could not be encoded or decoded."""
