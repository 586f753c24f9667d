"""SRT by an ``ffmpeg`` program, since the FFmpeg that PyAV brings has no SRT."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import tempfile
from typing import IO

from cli.errors import NotPublished
from wire.parent_death import die_with_parent

_MAX_MESSAGE_BYTES = 16 * 1024
"""Bytes read of what the program says of its failure."""

_QUERY_S = 5.0
"""Time limit of the question which protocols a program has."""


def find_program() -> str:
    """Returns an ``ffmpeg`` that has SRT. Raises NotPublished, which says what to install."""
    for program in _programs():
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            told = subprocess.run(
                [program, "-hide_banner", "-protocols"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_QUERY_S,
                check=False,
            )
            if "srt" in told.stdout.split():
                return program
    raise NotPublished(
        "SRT needs the program ffmpeg with SRT in it: install Debian's ffmpeg, or "
        "`pip install imageio-ffmpeg`."
    )


def _programs() -> list[str]:
    found = [program for program in (shutil.which("ffmpeg"),) if program]
    with contextlib.suppress(ImportError, RuntimeError):
        import imageio_ffmpeg

        found.append(str(imageio_ffmpeg.get_ffmpeg_exe()))
    return found


class SrtRelay:
    """A program that receives one SRT stream and hands it on as MPEG-TS; a file for PyAV.

    The address, which may hold a pass phrase, goes to it by a pipe: the arguments of a process
    can be read by every user of the machine.
    """

    def __init__(self, url: str, *, read_s: float) -> None:
        """Starts it. ``read_s`` bounds each read. Raises NotPublished without a program."""
        if any(sign in url for sign in "'\n\r"):
            raise NotPublished("The SRT address holds a quote or a line break: write it as %27.")
        self._read_s = read_s
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - until ``close``
        self._process = subprocess.Popen(
            [
                *(find_program(), "-hide_banner", "-nostats", "-v", "error"),
                *("-protocol_whitelist", "pipe,fd,srt,udp", "-f", "concat", "-safe", "0"),
                *("-i", "pipe:0", "-map", "0:v?", "-map", "0:a?", "-c", "copy"),
                *("-flush_packets", "1", "-f", "mpegts", "pipe:1"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            # It must not hear Ctrl-C before its parent, nor outlive it.
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._out = self._process.stdout.fileno()
        with contextlib.suppress(OSError), self._process.stdin as pipe:
            pipe.write(f"ffconcat version 1.0\nfile '{url}'\n".encode())

    def await_first(self, wait_s: float | None) -> None:
        """Waits for the first bytes, or the end; None without a limit. Raises TimeoutError."""
        ready, _, _ = select.select([self._out], [], [], wait_s)
        if not ready:
            raise TimeoutError("nothing came")

    def read(self, size: int) -> bytes:
        """Returns some bytes, none at the end. Raises TimeoutError after ``read_s`` without any."""
        self.await_first(self._read_s)
        return os.read(self._out, size)

    def failure(self) -> str:
        """Returns a sentence about its failure; empty if it told none."""
        self._errors.seek(0)
        told = self._errors.read(_MAX_MESSAGE_BYTES).decode(errors="replace")
        return _reason(told)

    def close(self) -> None:
        """Ends the program."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()


_REASONS = (
    ("badsecret", "refuses the pass phrase"),
    ("wrong password", "refuses the pass phrase"),
    ("unsecure", "wants a pass phrase, or none: the two sides differ"),
    ("connection was broken", "ended the connection"),
    ("rejected", "rejects the connection"),
    ("timeout", "does not answer"),
    ("timed out", "does not answer"),
    ("input/output error", "does not answer, or rejects the connection"),
    ("invalid data", "sends no MPEG-TS"),
)
"""Words of FFmpeg and libsrt, and what they mean. Their messages hold the address, so they are
never shown."""


def _reason(told: str) -> str:
    lower = told.lower()
    return next((meaning for word, meaning in _REASONS if word in lower), "")
