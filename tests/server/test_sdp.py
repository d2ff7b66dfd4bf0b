"""What the relay asks of an offer and says in an answer."""

import pytest

from server.errors import ProtocolError
from server.settings import VoiceSettings
from server.webrtc.sdp import dress_answer, parse_offer, requested_voice

SESSION = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\na=fingerprint:sha-256 AA\r\n"
VOICE = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=mid:0\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\n"
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    "a=candidate:1 1 udp 2122 6d3d.local 5000 typ host\r\na=candidate:2 1 udp 2121 192.0.2.1 5001 typ host\r\n"
)
SLOT = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\na=recvonly\r\na=rtpmap:111 opus/48000/2\r\n"
DATA = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n"
OFFER = SESSION + VOICE + SLOT + DATA


def test_a_browsers_offer() -> None:
    offer = parse_offer(OFFER, most_slots=7)
    assert (offer.voice.mid, [slot.mid for slot in offer.slots]) == ("0", ["1"])
    assert "extmap" not in offer.sdp
    assert ".local" not in offer.sdp
    assert "192.0.2.1" in offer.sdp
    assert offer.mdns_candidates == ("1 1 udp 2122 6d3d.local 5000 typ host",)


def test_slots_may_follow_the_application_section() -> None:
    later = SLOT.replace("a=mid:1", "a=mid:3")
    offer = parse_offer(OFFER.replace("BUNDLE 0 1 2", "BUNDLE 0 1 2 3") + later, most_slots=7)
    assert [slot.mid for slot in offer.slots] == ["1", "3"]


@pytest.mark.parametrize(
    ("offer", "complaint"),
    [
        ("", "first section"),
        (OFFER.replace("BUNDLE 0 1 2", "BUNDLE 1 0 2"), "bundled"),
        (OFFER.replace("a=mid:1", "a=mid:a b"), "without a mid"),
        (OFFER.replace(DATA, ""), "0 application"),
        (OFFER + DATA.replace("a=mid:2", "a=mid:3"), "2 application"),
        (OFFER.replace("m=application", "m=video"), "kind 'video'"),
        (OFFER.replace("a=fingerprint", "a=x"), "fingerprint"),
        (OFFER.replace(SLOT, "".join(SLOT.replace("a=mid:1", f"a=mid:s{n}") for n in range(3))), "3 voice slots"),
    ],
)
def test_other_offers_are_refused(offer: str, complaint: str) -> None:
    with pytest.raises(ProtocolError, match=complaint) as refusal:
        parse_offer(offer, most_slots=2)
    assert refusal.value.code == "bad-message"


def test_the_answer_tells_the_encoder_what_to_do() -> None:
    answer = dress_answer(SESSION + SLOT, VoiceSettings(kbps=8, ptime_ms=120))
    assert "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 maxaveragebitrate=8000;stereo=0;usedtx=1\r\n" in answer
    assert "a=ptime:120\r\na=maxptime:120\r\n" in answer
    assert requested_voice(answer) == (8.0, 120)
    assert requested_voice(SESSION) == (None, None)


def test_slots_wanted_with_redundancy_are_opus_to_the_relay_and_red_to_the_browser() -> None:
    wanted = SLOT.replace("SAVPF 111", "SAVPF 63 111") + "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"
    offer = parse_offer(OFFER.replace(SLOT, wanted), most_slots=7)
    assert offer.sdp.count("red/48000") == 0
    assert "m=audio 9 UDP/TLS/RTP/SAVPF 63\r\na=rtpmap:63 opus/48000/2\r\na=mid:1\r\n" in offer.sdp
    answered = SLOT.replace("111", "63").replace("recvonly", "sendonly")
    answer = dress_answer(SESSION + VOICE + answered + DATA, VoiceSettings(), offer.redundant)
    _, slot, _ = answer.split("m=")[1:]
    assert slot.startswith("audio 9 UDP/TLS/RTP/SAVPF 63 111\r\n")
    assert "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 max" in slot


def test_red_that_is_not_preferred_stays_unused() -> None:
    offered = SLOT.replace("SAVPF 111", "SAVPF 111 63") + "a=rtpmap:63 red/48000/2\r\n"
    assert not parse_offer(OFFER.replace(SLOT, offered), most_slots=7).redundant
