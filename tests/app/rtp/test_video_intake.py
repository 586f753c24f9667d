from __future__ import annotations

import pytest

from app.rtp.jitter_buffer import CodedUnit
from app.rtp.unit_joiner import HOLD_S
from app.rtp.video_intake import B_FRAMES, LONG_GOP, NOTICE_S, Taken, VideoIntake
from media.access_unit import Flags
from media.codec import Codec
from media.fragment import Fragment, PayloadStart
from media.vp9_frame import split_superframe
from tests.app import coding
from tests.media.h264_parts import (
    IDR,
    PPS,
    SPS,
    kinds,
    of_kind,
    pps_of,
    slice_of,
    sps_of,
    unit_of,
    without,
)
from tests.media.payloads import depacketize, packetize

FRAME = 3000


class Studio:
    """A publisher's video, a thirtieth of a second after the other."""

    def __init__(self, codec: Codec = Codec.H264) -> None:
        self.codec = codec
        self.intake = VideoIntake()
        self.taken: list[Taken] = []
        self.number = 0
        self.now = 0.0

    def send(
        self,
        *datas: bytes,
        lost: bool = False,
        head: PayloadStart = PayloadStart.UNKNOWN,
        cuts: tuple[int, ...] = (),
    ) -> None:
        for data in datas:
            part = CodedUnit(FRAME * self.number, data, 0, 0, lost, head, cuts)
            self.taken += self.intake.add(self.codec, part, now=self.now)
            self.number, self.now = self.number + 1, self.now + 1 / 30

    def same_time(self, *datas: bytes) -> None:
        """Parts with one time stamp."""
        for data in datas:
            part = CodedUnit(FRAME * self.number, data, 0, 0, False)
            self.taken += self.intake.add(self.codec, part, now=self.now)
        self.number, self.now = self.number + 1, self.now + 1 / 30

    def end(self) -> list[Taken]:
        self.now += HOLD_S
        self.taken += self.intake.on_time(now=self.now)
        return self.taken

    @property
    def reason(self) -> str:
        return self.intake.reason(now=self.now)


def decoded(taken: list[Taken]) -> list[tuple[int, int]]:
    return coding.decode(Codec.H264, [each.payload for each in taken])


@pytest.mark.parametrize("options", ["", "slices=4", "aud=1", "intra-refresh=1"])
@pytest.mark.parametrize("spread", ["units", "markers", "markers and times"])
def test_parameter_sets_and_markers_anywhere_give_the_same_pictures(
    options: str, spread: str
) -> None:
    units = coding.h264(98, 54, 24, options=f"keyint=8:{options}".rstrip(":"))
    studio = Studio()
    for n, unit in enumerate(units):
        # Only the first key frame has its parameter sets.
        data = unit if n == 0 else without(unit, SPS, PPS)
        nals = [unit_of(nal) for nal in of_kind(data, *range(1, 13))]
        if spread == "units":
            studio.send(data)
        elif spread == "markers":
            studio.same_time(*nals)
        else:
            for nal in nals:
                if kinds(nal)[0] in (1, IDR):
                    continue
                early = CodedUnit(FRAME * (studio.number - 1), nal, 0, 0, False)
                studio.taken += studio.intake.add(Codec.H264, early, now=studio.now)
            studio.same_time(*(nal for nal in nals if kinds(nal)[0] in (1, IDR)))
    taken = studio.end()
    assert decoded(taken) == [(98, 54)] * 24
    assert [n for n, each in enumerate(taken) if each.flags & Flags.KEY] == [0, 8, 16]
    assert decoded(taken[8:]) and not any(each.flags & Flags.DISCONTINUITY for each in taken)
    if "intra-refresh" not in options:
        # Whoever joins at a later key frame can decode from there.
        assert decoded(taken[16:]) == [(98, 54)] * 8
    assert studio.reason == ""


def test_a_slice_that_is_cut_at_markers_becomes_one_again() -> None:
    units = coding.h264(98, 54, 6)
    studio = Studio()
    for unit in units:
        third = len(unit) // 3
        studio.same_time(unit[:third], unit[third : 2 * third], unit[2 * third :])
    assert [each.payload for each in studio.end()] == list(units)


def test_parameter_sets_of_the_offer_alone_are_enough() -> None:
    import base64

    units = coding.h264(98, 54, 3)
    sets = ",".join(base64.b64encode(nal).decode() for nal in of_kind(units[0], SPS, PPS))
    studio = Studio()
    studio.intake.learn(Codec.H264, f"packetization-mode=1;sprop-parameter-sets={sets}")
    studio.send(*(without(unit, SPS, PPS) for unit in units))
    assert decoded(studio.end()) == [(98, 54)] * 3


def test_a_key_frame_of_unknown_size_is_refused_with_a_sentence_until_its_sets_come() -> None:
    units = coding.h264(98, 54, 6, options="keyint=3")
    studio = Studio()
    studio.send(*(without(unit, SPS, PPS) for unit in units[:3]))
    studio.end()
    assert studio.taken == [] and "parameter sets" in studio.reason
    assert studio.intake.needs_key
    studio.send(*units[3:])
    studio.end()
    assert decoded(studio.taken) == [(98, 54)] * 3
    assert studio.taken[0].flags == Flags.KEY | Flags.DISCONTINUITY
    assert studio.reason == "" and studio.intake.refused == {"no_parameter_sets": 3}


def test_a_picture_over_the_limit_is_refused_whole_gop_and_a_smaller_one_passes() -> None:
    large, small = coding.h264(1920, 1104, 2), coding.h264(98, 54, 2)
    studio = Studio()
    studio.send(*small, *large)
    studio.end()
    assert len(studio.taken) == 2
    assert studio.reason == (
        "The picture is 1920x1104, and the server takes no more than 1920x1088."
    )
    assert not studio.intake.needs_key
    studio.send(*small)
    studio.end()
    assert len(studio.taken) == 4 and studio.reason == ""
    assert studio.intake.refused == {"too_large": 2}


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (1920, 1088)])
def test_a_picture_of_1080p_passes_either_way_up(size: tuple[int, int]) -> None:
    studio = Studio()
    studio.send(*coding.h264(*size))
    (taken,) = studio.end()
    assert (taken.width, taken.height) == size


def test_a_size_that_another_set_tells_does_not_hide_the_slices_own() -> None:
    studio = Studio()
    bomb = [sps_of(8192, 8192, number=0), sps_of(480, 272, number=1), pps_of(0, 0)]
    studio.send(unit_of(*bomb, slice_of(0, 7, 0, idr=True)))
    studio.end()
    assert studio.taken == [] and "8192x8192" in studio.reason
    studio = Studio()
    studio.send(unit_of(sps_of(480, 272), pps_of(0, 0), slice_of(0, 7, 0, idr=True)))
    # It grows in mid-stream, where nobody calls it a key frame.
    studio.send(unit_of(sps_of(8192, 8192), slice_of(0, 5, 0, idr=False)))
    studio.end()
    assert len(studio.taken) == 1 and "8192x8192" in studio.reason


@pytest.mark.parametrize("codec", [Codec.VP8, Codec.VP9])
def test_vp8_and_vp9_are_held_to_the_limit_in_any_frame(codec: Codec) -> None:
    encode = {Codec.VP8: coding.vp8, Codec.VP9: coding.vp9}[codec]
    studio = Studio(codec)
    studio.send(*encode(1920, 1104, 2), *encode(98, 54, 2))
    studio.end()
    assert [(each.width, each.height) for each in studio.taken] == [(98, 54)] * 2
    assert studio.intake.refused == {"too_large": 2}


def test_a_vp8_key_frame_of_the_largest_size_there_is_is_refused() -> None:
    head = bytearray(coding.vp8(98, 54)[0])
    head[6:10] = b"\xff\x3f\xff\x3f"
    studio = Studio(Codec.VP8)
    studio.send(bytes(head))
    studio.end()
    assert studio.taken == [] and "16383x16383" in studio.reason


def test_a_vp9_picture_may_change_its_size_between_key_frames_but_not_grow_too_large() -> None:
    def resized(width: int, height: int) -> bytes:
        # Section 6.2 of the VP9 specification: a frame of no reference's size tells its own.
        bits = "10000110" + "0" * 25 + f"{width - 1:016b}{height - 1:016b}"
        return int(bits.ljust(80, "0"), 2).to_bytes(10, "big")

    studio = Studio(Codec.VP9)
    studio.send(coding.vp9(98, 54)[0], head=PayloadStart.KEY)
    studio.send(resized(640, 360), resized(4096, 2304), resized(64, 48), head=PayloadStart.FRAME)
    studio.end()
    sizes = [(each.width, each.height, bool(each.flags & Flags.KEY)) for each in studio.taken]
    assert sizes == [(98, 54, True), (640, 360, False)]
    assert "4096x2304" in studio.reason


def test_a_unit_of_a_quarter_million_nal_units_reaches_nobody() -> None:
    studio = Studio()
    studio.send(coding.h264(98, 54)[0], b"\x00\x00\x01\x41" * 250_000, coding.h264(98, 54, 2)[1])
    studio.end()
    assert len(studio.taken) == 1
    assert "slices" in studio.reason and studio.intake.needs_key


def test_the_rest_of_a_key_frame_whose_head_was_lost_is_no_key_frame() -> None:
    (unit,) = coding.h264(480, 270, options="slices=4")
    rest = unit_of(*of_kind(unit, IDR)[1:])
    studio = Studio()
    studio.send(unit)
    studio.send(rest, lost=True)
    studio.send(unit, lost=True)
    studio.end()
    assert [bool(each.flags & Flags.KEY) for each in studio.taken] == [True, False, True]


def test_b_frames_pass_and_are_told_for_a_while() -> None:
    units = coding.h264_with_b_frames(98, 54, 12)
    studio = Studio()
    for picture, data in units:
        part = CodedUnit(FRAME * picture, data, 0, 0, False)
        studio.taken += studio.intake.add(Codec.H264, part, now=studio.now)
        studio.now += 1 / 30
    assert len(studio.end()) == 12
    assert [each.coded.pts // FRAME for each in studio.taken] == [picture for picture, _ in units]
    assert studio.reason == B_FRAMES
    studio.now += NOTICE_S
    assert studio.reason == ""


def test_a_vp9_key_frame_is_one_by_its_packets_and_by_its_bytes() -> None:
    key, delta = coding.vp9(98, 54, 2)
    studio = Studio(Codec.VP9)
    for data in (key, delta):
        for head in (PayloadStart.KEY, PayloadStart.FRAME, PayloadStart.MIDDLE):
            studio.send(data, head=head)
    studio.end()
    assert [bool(each.flags & Flags.KEY) for each in studio.taken] == [True] + [False] * 5


def test_vp9_layers_become_a_superframe_of_the_last_ones_size() -> None:
    small, large = coding.vp9(98, 54)[0], coding.vp9(196, 108)[0]
    studio = Studio(Codec.VP9)
    studio.send(small + large, head=PayloadStart.KEY, cuts=(len(small),))
    (taken,) = studio.end()
    assert taken.flags is Flags.KEY
    assert (taken.width, taken.height) == (196, 108)
    assert split_superframe(taken.payload) == [small, large]


def test_who_waits_for_a_key_frame_that_does_not_come_is_told() -> None:
    units = coding.h264(98, 54, 400, options="keyint=390")
    studio = Studio()
    studio.send(*units[:350])
    assert studio.reason == ""
    studio.send(*units[350:385])
    assert studio.reason == LONG_GOP
    studio.send(*units[385:])
    assert studio.reason == ""


def test_vp8_frames_of_one_time_stay_two_and_partitions_with_markers_become_one() -> None:
    units = coding.vp8(98, 54, 8)
    studio = Studio(Codec.VP8)
    for hidden, shown in zip(units[::2], units[1::2], strict=True):
        studio.same_time(hidden, shown)
    assert [each.payload for each in studio.end()] == list(units)
    studio = Studio(Codec.VP8)
    for unit in units:
        for data, head in ((unit[:40], PayloadStart.UNKNOWN), (unit[40:], PayloadStart.MIDDLE)):
            part = CodedUnit(FRAME * studio.number, data, 0, 0, False, head)
            studio.taken += studio.intake.add(Codec.VP8, part, now=studio.now)
        studio.number += 1
    assert [each.payload for each in studio.end()] == list(units)
    assert [bool(each.flags & Flags.KEY) for each in studio.taken] == [True] + [False] * 7


def fragments_of(unit: bytes, *, mtu: int = 1200) -> list[Fragment]:
    payloads = packetize(Codec.AV1, unit, mtu=mtu)
    return [depacketize(Codec.AV1, payload) for payload in payloads]


def send_av1(studio: Studio, *units: bytes, lose: int = 0) -> None:
    """Sends units without the first ``lose`` payloads of each."""
    for unit in units:
        kept = fragments_of(unit)[lose:]
        studio.send(b"".join(one.data for one in kept), head=kept[0].head)


def test_av1_payloads_become_the_units_that_were_coded() -> None:
    units = coding.av1(98, 54, 6)
    studio = Studio(Codec.AV1)
    send_av1(studio, *units)
    assert [each.payload for each in studio.end()] == list(units)
    assert [bool(each.flags & Flags.KEY) for each in studio.taken] == [True] + [False] * 5
    assert {(each.width, each.height) for each in studio.taken} == {(98, 54)}
    assert coding.decode(Codec.AV1, [each.payload for each in studio.taken]) == [(98, 54)] * 6


def test_an_av1_unit_without_its_beginning_is_refused_until_the_next_key_frame() -> None:
    first, second = coding.av1(480, 270), coding.av1(480, 270, 2)
    studio = Studio(Codec.AV1)
    send_av1(studio, *first, lose=1)
    assert studio.end() == []
    assert "damaged" in studio.reason and studio.intake.needs_key
    send_av1(studio, *second)
    studio.end()
    assert [each.payload for each in studio.taken] == list(second)
    assert studio.taken[0].flags == Flags.KEY | Flags.DISCONTINUITY
    assert studio.intake.refused == {"damaged": 1} and studio.reason == ""


def test_an_av1_picture_over_the_limit_is_refused() -> None:
    studio = Studio(Codec.AV1)
    send_av1(studio, *coding.av1(1920, 1104), *coding.av1(98, 54))
    studio.end()
    assert [(each.width, each.height) for each in studio.taken] == [(98, 54)]
    assert studio.intake.refused == {"too_large": 1}


def test_parts_of_an_av1_unit_with_markers_of_their_own_become_one() -> None:
    units = coding.av1(480, 270, 4)
    studio = Studio(Codec.AV1)
    for unit in units:
        studio.same_time(*(one.data for one in fragments_of(unit)))
    assert [each.payload for each in studio.end()] == list(units)
