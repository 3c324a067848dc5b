"""Lengths of time."""

from __future__ import annotations

import pytest

from rung.settings import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("300ms", 0.3),
        ("30s", 30.0),
        ("2m", 120.0),
        ("1h30m", 5400.0),
        ("1h1m1s1ms", 3661.001),
        ("1.5s", 1.5),
        ("0.5h", 1800.0),
        ("0s", 0.0),
        ("90m", 5400.0),
        ("1s200ms", 1.2),
    ],
)
def test_a_length_of_time_is_read_in_seconds(text: str, seconds: float) -> None:
    assert durations.parse(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "30",
        "s",
        "2 m",
        "30m1h",
        "1m1m",
        "-1s",
        "+1s",
        "1d",
        "1,5s",
        "1e3s",
        "soon",
        "1s ",
        " 1s",
        "1s\n",
        "٣m",
        "1.s",
    ],
)
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="length of time"):
        durations.parse(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.3, "300ms"), (30, "30s"), (120, "2m"), (5400, "1h30m"), (3661.001, "1h1m1s1ms"), (0, "0s"), (1.5, "1s500ms")],
)
def test_a_length_of_time_is_written_as_people_do_and_read_back(seconds: float, text: str) -> None:
    assert durations.write(seconds) == text
    assert durations.parse(text) == seconds


def test_a_negative_length_of_time_is_not_written() -> None:
    with pytest.raises(ValueError, match="never negative"):
        durations.write(-1)
