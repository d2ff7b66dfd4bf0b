"""What keeps a connection quiet: fewer reports, fewer acknowledgements, short queues, rate limits."""

from typing import Any, cast

from aiortc import RTCDataChannel
from aiortc.rtp import RtcpByePacket, RtcpReceiverInfo, RtcpRrPacket, RtcpSenderInfo, RtcpSrPacket
from pyee.asyncio import AsyncIOEventEmitter

from server.limits.rate_limit import TokenBucket
from server.webrtc.aiortc_internals import ReportThrottle
from server.webrtc.outgoing import OutgoingQueue


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def sender_report(packets: int, ssrc: int = 1) -> bytes:
    return bytes(RtcpSrPacket(ssrc, RtcpSenderInfo(5, 6, packet_count=packets, octet_count=8)))


def receiver_report(highest: int, lost: int = 0) -> bytes:
    info = RtcpReceiverInfo(9, fraction_lost=lost, packets_lost=lost, highest_sequence=highest, jitter=0, lsr=0, dlsr=0)
    return bytes(RtcpRrPacket(1, [info]))


def test_idle_streams_are_not_reported() -> None:
    throttle = ReportThrottle(5.0, Clock())
    assert not throttle.admit(sender_report(0))
    assert throttle.admit(bytes(RtcpByePacket([1])))


def test_active_streams_are_reported_every_five_seconds() -> None:
    clock = Clock()
    throttle = ReportThrottle(5.0, clock)
    assert throttle.admit(sender_report(1))
    assert throttle.admit(sender_report(1, ssrc=2))
    assert throttle.admit(receiver_report(1))
    clock.now += 4.9
    assert not throttle.admit(sender_report(50))
    clock.now += 0.2
    assert throttle.admit(sender_report(51))
    assert not throttle.admit(receiver_report(1))
    assert throttle.admit(receiver_report(2))


def test_losses_are_reported_after_a_second() -> None:
    clock = Clock()
    throttle = ReportThrottle(5.0, clock)
    assert throttle.admit(receiver_report(1))
    clock.now += 1
    assert throttle.admit(receiver_report(2, lost=70))
    clock.now += 1
    assert not throttle.admit(receiver_report(3))


def test_token_bucket() -> None:
    clock = Clock()
    bucket = TokenBucket(10, burst_s=2, now=clock)
    assert [bucket.admit() for _ in range(21)] == [True] * 20 + [False]
    clock.now += 0.125
    assert bucket.admit()
    assert not bucket.admit()
    clock.now += 1000
    assert not bucket.admit(21)
    assert bucket.admit(20)


class SlowChannel(AsyncIOEventEmitter):
    """As much of a data channel as a queue sees, whose link takes a message only when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.readyState = "open"
        self.bufferedAmount = 0
        self.in_flight = 0
        self.sent: list[bytes] = []

    def send(self, data: bytes) -> None:
        self.sent.append(data)
        self.bufferedAmount += len(data)

    def drain(self) -> None:
        self.bufferedAmount = 0
        self.emit("bufferedamountlow")


def attached(queue: OutgoingQueue) -> SlowChannel:
    channel = SlowChannel()
    queue.attach(cast(RTCDataChannel, cast(Any, channel)), lambda: channel.in_flight)
    return channel


def test_a_queue_hands_over_one_message_at_a_time() -> None:
    queue = OutgoingQueue(3, 10.0, 600)
    queue.send(b"before")
    channel = attached(queue)
    queue.send(b"1")
    queue.send(b"2")
    assert channel.sent == [b"before"]
    channel.drain()
    channel.drain()
    assert channel.sent == [b"before", b"1", b"2"]
    assert queue.dropped == 0


def test_a_full_queue_drops_the_oldest() -> None:
    queue = OutgoingQueue(2, 10.0, 600)
    channel = attached(queue)
    for message in (b"0", b"1", b"2", b"3"):
        queue.send(message)
    channel.drain()
    channel.drain()
    assert channel.sent == [b"0", b"2", b"3"]
    assert queue.dropped == 1


def test_old_messages_are_dropped() -> None:
    clock = Clock()
    queue = OutgoingQueue(100, 1.0, 600, clock)
    channel = attached(queue)
    queue.send(b"0")
    queue.send(b"1")
    clock.now += 1.1
    queue.send(b"2")
    channel.drain()
    assert channel.sent == [b"0", b"2"]
    assert queue.dropped == 1


def test_a_message_waits_until_the_last_is_acknowledged() -> None:
    queue = OutgoingQueue(10, 10.0, 600)
    channel = attached(queue)
    queue.send(b"slice 1")
    channel.drain()
    channel.in_flight = 1000
    queue.send(b"slice 2")
    assert channel.sent == [b"slice 1"]
    channel.in_flight = 100
    queue.feed()
    assert channel.sent == [b"slice 1", b"slice 2"]
