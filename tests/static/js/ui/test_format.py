"""Numbers, states and faults in words (``ui/format.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def format_each(run: Run, call: str) -> list[str]:
    """The values of an expression in which ``m`` is the module."""
    found: list[str] = await run("ui/format", f"return {call};")
    return found


async def test_numbers_that_are_unknown_are_a_dash(run: Run) -> None:
    nothing = "[null, undefined, NaN, Infinity]"
    for name in ("number", "bitrate", "milliseconds"):
        found = await format_each(run, f"{nothing}.map((x) => m.{name}(x))")
        assert found == ["–"] * 4, name
    sizes = "[null, undefined, {width: 0, height: 9}, {width: 16, height: 9}].map(m.size)"
    assert await format_each(run, sizes) == ["–", "–", "–", "16×9"]


async def test_rates_and_times_have_the_digits_that_one_reads(run: Run) -> None:
    rates = await format_each(run, "[0, 999.4, 1000, 12345].map(m.bitrate)")
    assert rates == ["0 kbit/s", "999 kbit/s", "1.0 Mbit/s", "12.3 Mbit/s"]
    times = await format_each(run, "[0, 9.94, 10, 1234.5].map(m.milliseconds)")
    assert times[:3] == ["0.0 ms", "9.9 ms", "10 ms"] and times[3] in ("1234 ms", "1235 ms")
    numbers = await format_each(run, "[m.number(2.345), m.number(2.345, 1)]")
    assert numbers == ["2", "2.3"]


async def test_one_is_singular(run: Run) -> None:
    found = await format_each(run, "[0, 1, 2].map((n) => m.counted(n, 'viewer'))")
    assert found == ["0 viewers", "1 viewer", "2 viewers"]


async def test_states_that_are_new_are_shown_as_they_are(run: Run) -> None:
    found = await format_each(run, "['enhancing', 'idle', 'asleep'].map(m.stateWords)")
    assert found == ["Enhancing", "Not watched", "asleep"]


async def test_what_was_dropped_is_listed_by_reason(run: Run) -> None:
    call = "[undefined, {}, {late: 0}, {late: 3, queue: 1, gone: 0}].map(m.droppedWords)"
    assert await format_each(run, call) == ["none", "none", "none", "3 late, 1 queue"]


async def test_frames_are_told_with_what_was_saved_on(run: Run) -> None:
    counts = "in: 100, out: 98, enhanced: 90, bicubic: 5, bypassed: 3"
    call = f"""[
      m.framesWords({{{counts}, levels: {{}}}}),
      m.framesWords({{{counts}, levels: {{temporal: {{}}, small: {{}}}}}}),
      m.framesWords({{{counts}, levels: {{temporal: {{none: 40, late: 2}}, small: {{late: 7}}}}}}),
    ]"""
    plain, empty, saved = await format_each(run, call)
    assert plain == empty == "98 of 100 · 90 enhanced, 5 resized, 3 as sent"
    assert "(42 by temporal propagation, 7 by the small net)" in saved


async def test_the_best_rendition_has_the_most_pixels(run: Run) -> None:
    call = """[
      [],
      [['source', 960, 540]],
      [['source', 4000, 3000], ['small', 640, 360], ['large', 960, 540]],
    ].map((all) => all.map(([name, width, height]) => ({name, width, height})))
     .map((renditions) => m.enhancedRendition({renditions})?.name ?? 'none')"""
    assert await format_each(run, call) == ["none", "none", "large"]
    assert await format_each(run, "[m.enhancedRendition({}) === null]") == [True]


FAULTS = [
    ("", "Give the stream a name."),
    ("a", ""),
    ("a" * 64, ""),
    ("a" * 65, "A name has at most 64 characters."),
    (".a", "A name starts with a letter or a digit."),
    ("-a", "A name starts with a letter or a digit."),
    ("a b", 'A name has only letters, digits, "_", "." and "-".'),
    ("a/b", 'A name has only letters, digits, "_", "." and "-".'),
    ("9_x.y-z", ""),
    ("ä", "A name starts with a letter or a digit."),
]


async def test_a_name_that_the_server_would_refuse_is_said_before(run: Run) -> None:
    call = "[" + ",".join(f"m.nameFault({name!r})" for name, _ in FAULTS) + "]"
    assert await format_each(run, call) == [fault for _, fault in FAULTS]


async def test_names_are_those_that_the_wire_takes(run: Run) -> None:
    from wire.keys import is_stream_id

    names = ["a", "A9", "_a", "a" * 64, "a" * 65, "a:b", "a{b}", "a\\n", "é", "a.b-c_d", "1"]
    call = "[" + ",".join(f"m.STREAM_NAME.test({name!r})" for name in names) + "]"
    assert await format_each(run, call) == [is_stream_id(name) for name in names]


async def test_a_style_is_said_in_words(run: Run) -> None:
    words = await run("ui/format", "return [0, 0.004, 0.35, 0.55, 1].map(m.styleWords);")
    assert words == ["faithful", "faithful", "35 % crisp", "55 % crisp", "crisp"]


async def test_a_reason_becomes_a_sentence(run: Run) -> None:
    body = "return ['the file is gone', 'It is gone.', ''].map(m.sentence);"
    assert await run("ui/format", body) == ["The file is gone.", "It is gone.", ""]
