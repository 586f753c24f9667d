from __future__ import annotations

from workers.media.picture import Picture
from workers.team.recent_pictures import MAX_KEPT_S, Presence, RecentPictures

WRAP = 1 << 32


def picture(width: int = 16, height: int = 8) -> Picture:
    return Picture.blank(width, height)


def passed(pictures: RecentPictures, sequence: int, at: float = 0.0) -> Picture:
    """Reads a unit and puts its picture."""
    made = picture()
    pictures.read(sequence)
    pictures.put(sequence, made, at=at)
    return made


def test_a_frame_is_coming_until_it_is_read_and_decoded() -> None:
    pictures = RecentPictures()
    assert pictures.presence(5) is Presence.COMING
    pictures.read(5)
    assert pictures.presence(5) is Presence.COMING and pictures.luma(5) is None
    made = picture()
    pictures.put(5, made, at=0.0)
    assert pictures.presence(5) is Presence.HERE
    assert pictures.luma(5) is made.y and pictures.newest() is made.y


def test_a_frame_that_was_passed_over_or_lost_is_gone() -> None:
    pictures = RecentPictures()
    pictures.read(5)
    pictures.read(8)
    assert pictures.presence(6) is pictures.presence(7) is Presence.GONE
    assert pictures.presence(4) is Presence.GONE
    assert pictures.presence(5) is pictures.presence(8) is pictures.presence(9) is Presence.COMING
    pictures.lose(5)
    assert pictures.presence(5) is Presence.GONE
    # Pictures may come in another order than their units.
    pictures.put(8, picture(), at=0.0)
    pictures.read(9)
    assert pictures.presence(8) is Presence.HERE


def test_sequences_wrap_around() -> None:
    pictures = RecentPictures()
    passed(pictures, WRAP - 1)
    assert pictures.presence(0) is Presence.COMING
    passed(pictures, 0)
    assert pictures.presence(WRAP - 1) is pictures.presence(0) is Presence.HERE
    assert pictures.presence(WRAP - 2) is Presence.GONE


def test_pictures_are_kept_for_a_second_of_arrivals() -> None:
    pictures = RecentPictures()
    for n in range(61):
        passed(pictures, n, at=n / 30)
    assert len(pictures) == 31
    assert pictures.presence(29) is Presence.GONE
    assert pictures.presence(30) is Presence.HERE
    # However old it is, the last one stays.
    passed(pictures, 61, at=100 * MAX_KEPT_S)
    assert len(pictures) == 1 and pictures.presence(61) is Presence.HERE


def test_large_pictures_go_sooner() -> None:
    size = 16 * 8 * 3 // 2
    pictures = RecentPictures(max_bytes=3 * size)
    for n in range(5):
        passed(pictures, n)
    assert len(pictures) == 3 and pictures.presence(1) is Presence.GONE
    pictures.read(5)
    pictures.put(5, picture(64, 64), at=0.0)
    assert len(pictures) == 1


def test_before_the_first_picture_there_is_no_newest() -> None:
    assert RecentPictures().newest() is None
