"""The audio-visual drive's weights, loaded once for any number of faces."""

from pathlib import Path

from codec.model_files import speech_folder
from codec.speech.drive import SpeechDrive
from codec.speech.fusion import MouthFusion, load_covariances
from codec.speech.networks import SpeechNetwork


class SpeechModel:
    """Speech encoder and covariances."""

    def __init__(self, folder: Path | None = None) -> None:
        """Load them (default: the codec's own weights). Raises `ModelFileError` if they are missing or broken."""
        folder = folder or speech_folder()
        self._encoder = SpeechNetwork(folder / "speech.onnx")
        self._fusion = MouthFusion(load_covariances(folder / "fusion.msgpack"))

    def drive(self) -> SpeechDrive:
        """Return a drive for one face."""
        return SpeechDrive(self._encoder, self._fusion)
