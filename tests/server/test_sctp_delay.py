"""When data that are under way to a peer wait in a queue."""

from types import SimpleNamespace
from typing import Any

from server.webrtc.sctp_delay import SctpDelay


def test_data_wait_when_they_are_out_for_longer_than_the_path_takes() -> None:
    now = 100.0
    timeouts: list[float] = []
    sctp: Any = SimpleNamespace(_sent_queue=[], _update_rto=timeouts.append)
    delay = SctpDelay(sctp, lambda: now)
    sctp._sent_queue.append(SimpleNamespace(_sent_time=99.0))
    assert not delay.is_long, "how long the path is, is not known yet"
    sctp._update_rto(0.6)
    assert timeouts == [0.6]
    assert delay.is_long


def test_data_that_came_at_once_or_are_young_do_not_wait() -> None:
    sctp: Any = SimpleNamespace(_sent_queue=[], _update_rto=lambda _: None)
    delay = SctpDelay(sctp, lambda: 100.0)
    sctp._update_rto(0.6)
    assert not delay.is_long
    sctp._sent_queue.append(SimpleNamespace(_sent_time=99.2))
    assert not delay.is_long


def test_a_path_that_has_become_longer_is_learned() -> None:
    now = 100.0
    sctp: Any = SimpleNamespace(_sent_queue=[SimpleNamespace(_sent_time=99.0)], _update_rto=lambda _: None)
    delay = SctpDelay(sctp, lambda: now)
    sctp._update_rto(0.1)
    now = 131.0
    sctp._update_rto(0.9)
    sctp._sent_queue[0] = SimpleNamespace(_sent_time=130.0)
    assert not delay.is_long
