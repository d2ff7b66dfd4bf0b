"""What waits for the bus: media for 100 ms, everything else until it can be sent, of very much the newest."""

from server.bus.outgoing import BusQueue


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_old_media_are_dropped_and_what_must_arrive_waits() -> None:
    clock = Clock()
    queue = BusQueue(0.1, clock)
    queue.put("room", b"record", is_media=False)
    queue.put("room", b"old", is_media=True)
    clock.now_s = 0.08
    queue.put("room", b"young", is_media=True)
    clock.now_s = 0.15
    assert [queue.take(), queue.take(), queue.take()] == [("room", b"record"), ("room", b"young"), None]
    assert queue.dropped == {"bus too slow": 1}


def test_of_very_much_the_oldest_goes() -> None:
    queue = BusQueue(0.1, Clock())
    for number in range(5000):
        queue.put("room", b"%d" % number, is_media=True)
    assert len(queue) == 4096
    assert queue.take() == ("room", b"904")
