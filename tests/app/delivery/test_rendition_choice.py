"""Which rendition is chosen: every combination of codecs, without I/O."""

from __future__ import annotations

import itertools

import pytest

from app.delivery.rendition_choice import Coding, PlayRequest, choose
from app.errors import BadOffer
from wire import keys

CODECS = ("h264", "vp8", "vp9")
SETS = [frozenset(chosen) for count in range(4) for chosen in itertools.combinations(CODECS, count)]


def request(*codecs: str, rendition: str = keys.ENHANCED, fallback: bool = True) -> PlayRequest:
    return PlayRequest(rendition, fallback, frozenset(codecs), frozenset(codecs))


def held_by(rendition: str, coding: Coding) -> set[str]:
    """All codecs that a log may hold while the stream is coded like this."""
    if rendition == keys.SOURCE:
        return {coding.source}
    if rendition == keys.ENHANCED:
        return {coding.source, coding.output or "h264"}
    return {keys.rendition_of(rendition)[1]} - {""}


@pytest.mark.parametrize("codecs", SETS, ids=lambda found: "+".join(sorted(found)) or "none")
@pytest.mark.parametrize("fallback", [True, False])
@pytest.mark.parametrize("rendition", [keys.SOURCE, keys.ENHANCED])
def test_nobody_is_given_what_he_cannot_decode(
    codecs: frozenset[str], fallback: bool, rendition: str
) -> None:
    for source, output in itertools.product(CODECS, ("", "h264", "vp8")):
        coding = Coding(source=source, output=output)
        asked = request(*codecs, rendition=rendition, fallback=fallback)
        try:
            found = choose(asked, coding)
        except BadOffer as refusal:
            assert refusal.status == 422 and str(refusal).endswith(".")
            # There was nothing for it: no codec of any encoder, and not the source's.
            if rendition == keys.ENHANCED:
                assert not codecs & {"h264", "vp8"} and not (fallback and source in codecs)
            else:
                assert source not in codecs
            continue
        assert held_by(found, coding) <= codecs
        assert found != keys.SOURCE or rendition == keys.SOURCE or fallback


@pytest.mark.parametrize(
    "codecs,source,output,expected",
    [
        (("h264", "vp8", "vp9"), "vp9", "h264", "enhanced"),
        (("h264", "vp8"), "h264", "h264", "enhanced"),
        (("h264", "vp8"), "vp8", "", "enhanced"),
        (("vp8", "vp9"), "h264", "h264", "enhanced-vp8"),
        (("vp8", "vp9"), "h264", "", "enhanced-vp8"),
        (("vp8", "vp9"), "vp8", "vp8", "enhanced"),
        (("h264",), "h264", "vp8", "enhanced-h264"),
        (("h264",), "vp9", "h264", "enhanced-h264"),
        # A lead may copy a VP9 source into the usual rendition.
        (("h264", "vp8"), "vp9", "vp8", "enhanced-vp8"),
        (("vp9",), "vp9", "h264", "source"),
    ],
)
def test_the_leads_own_codec_comes_first(
    codecs: tuple[str, ...], source: str, output: str, expected: str
) -> None:
    assert choose(request(*codecs), Coding(source=source, output=output)) == expected


@pytest.mark.parametrize(
    "codecs,whole,source,output,expected",
    [
        # The usual log is of the High profile; the one in H.264 alone is constrained baseline.
        (("h264", "vp8"), ("vp8",), "h264", "h264", "enhanced-h264"),
        (("h264",), (), "h264", "", "enhanced-h264"),
        (("h264", "vp8"), ("vp8",), "h264", "vp8", "enhanced"),
        # The source is sent as it is: nobody knows of tools that it was encoded with.
        (("h264",), (), "vp9", "h264", "enhanced-h264"),
    ],
)
def test_who_lacks_tools_is_given_a_log_without_them(
    codecs: tuple[str, ...], whole: tuple[str, ...], source: str, output: str, expected: str
) -> None:
    asked = PlayRequest(keys.ENHANCED, True, frozenset(codecs), frozenset(whole))
    assert choose(asked, Coding(source=source, output=output)) == expected
    of_source = PlayRequest(keys.SOURCE, False, frozenset(codecs), frozenset(whole))
    if source in codecs:
        assert choose(of_source, Coding(source=source, output=output)) == keys.SOURCE


@pytest.mark.parametrize(
    "asked,source,names",
    [
        (request("av1"), "h264", "H.264 or VP8"),
        (request("av1"), "vp9", "H.264, VP8 or VP9"),
        (request("vp9", fallback=False), "vp9", "H.264 or VP8"),
    ],
)
def test_a_refusal_names_what_there_is(asked: PlayRequest, source: str, names: str) -> None:
    with pytest.raises(BadOffer) as caught:
        choose(asked, Coding(source=source))
    expected = f"The stream can be had as {names}, and the offer has none of them."
    assert str(caught.value) == expected


@pytest.mark.parametrize("source,name", [("vp9", "VP9"), ("h264", "H.264")])
def test_a_refusal_of_the_source_names_its_codec(source: str, name: str) -> None:
    with pytest.raises(BadOffer) as caught:
        choose(request("vp8", rendition="source"), Coding(source=source))
    assert str(caught.value) == f"The source is coded as {name}, which the offer has not."
