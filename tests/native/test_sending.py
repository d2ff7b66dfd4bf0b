"""What a native participant tells the others of itself."""

from typing import Any, cast

from server.client.call import Call
from server.native.sending import Sending


class _Told:
    """A call that keeps the control messages."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def send_control(self, recipient: int, message: dict[str, Any]) -> None:
        self.messages.append(message)


def test_everybody_is_told_of_a_recording() -> None:
    told = _Told()
    sending = Sending(cast(Call, told), lambda: 0.0, thin=False)
    sending.tell_state()
    sending.is_recording = True
    sending.tell_state()
    assert "recording" not in told.messages[0]
    assert told.messages[1]["recording"] is True
    assert "sound-drive" not in told.messages[1]
    sending.sound_drive = "never"
    sending.tell_state()
    assert told.messages[2]["sound-drive"] == "never"
