"""What receiver reports tell: loss since the last one, and the round trip of the sender report that they answer."""

import asyncio

from aiortc.rtp import RtcpReceiverInfo

from server.settings import LinkSettings, Settings
from server.webrtc.voice_reports import ReportReader, VoiceReport
from tests.server.running_server import Guest, RunningServer
from tests.server.scraping import figures

_NTP = 0x0123_4567_89AB_CDEF


def block(highest: int, lost: int, lsr: int = 0, dlsr: int = 0) -> RtcpReceiverInfo:
    return RtcpReceiverInfo(
        ssrc=1, fraction_lost=0, packets_lost=lost, highest_sequence=highest, jitter=0, lsr=lsr, dlsr=dlsr
    )


def test_reports_tell_what_is_new() -> None:
    now = [10.0]
    reader = ReportReader(lambda: now[0])
    assert reader.read(block(1000, 7)) == VoiceReport(0, 0)
    assert reader.read(block(1100, 12)) == VoiceReport(100, 5)
    assert reader.read(block(1150, 11)) == VoiceReport(50, 0), "packets that came twice make up for lost ones"
    reader.note_asked(_NTP)
    now[0] = 10.75
    answered = reader.read(block(1151, 11, lsr=0x4567_89AB, dlsr=0x8000))
    assert answered.round_trip_s == 0.25
    assert reader.read(block(1152, 11, lsr=0x4567_0000, dlsr=0x8000)).round_trip_s is None


async def test_an_operator_sees_round_trips_and_losses() -> None:
    settings = Settings(port=0, link=LinkSettings(connect_timeout_s=10.0, rtcp_interval_s=0.2))
    received, sent = "facewire_voice_expected_total{direction=in}", "facewire_voice_expected_total{direction=out}"
    async with (
        RunningServer(settings) as server,
        Guest(server.room(), "Ann") as ann,
        Guest(server.room(), "Bob") as bob,
    ):
        seen: dict[str, float] = {}
        async with asyncio.timeout(60):
            while not all(seen.get(name) for name in (received, sent, "facewire_round_trip_seconds_count")):
                for _ in range(10):
                    for guest in (ann, bob):
                        guest.call.send_voice(b"\x08voice", 2880)
                    await asyncio.sleep(0.06)
                seen = await figures(server)
        assert 0 <= seen["facewire_voice_lost_total{direction=out}"] <= seen[sent]
