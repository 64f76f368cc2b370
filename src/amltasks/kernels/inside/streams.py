"""How a kernel's output leaves it: as ipykernel sends it, but long texts in pieces and without waiting for nothing.

What is written past Python, mostly by children, comes with the cell that waited for it.
"""

from __future__ import annotations

import codecs
import os
import select
import sys
import threading
from typing import Any

from ipykernel import iostream, kernelapp  # type: ignore[import-not-found,unused-ignore]
from jupyter_client.session import Session  # type: ignore[import-not-found,unused-ignore]

_PIECE = 1 << 18  # characters of one message
_PIPE_BYTES = 1 << 16
_PIPE_SECONDS = 10.0  # for what is in the pipe of stdout or stderr to be taken out; as ipykernel waits for a flush


class PiecewiseSession(Session):  # type: ignore[misc,unused-ignore]
    """Sends a long text of stdout or stderr as several messages, as if it had been written in pieces.

    One message would be in memory several times at once, here and in whoever receives it.
    """

    def send(self, stream: Any, msg_or_type: Any, *args: Any, **more: Any) -> Any:
        message = msg_or_type
        if not isinstance(message, dict) or message["msg_type"] != "stream":
            return super().send(stream, message, *args, **more)
        content, sent = message["content"], None
        for start in range(0, len(content["text"]), _PIECE):
            piece = {**content, "text": content["text"][start : start + _PIECE]}
            sent = super().send(stream, self.msg("stream", piece, message["parent_header"]), *args, **more)
        return sent


class IOPubThread(iostream.IOPubThread):  # type: ignore[misc,unused-ignore]
    """ipykernel's own, but one can see whether all that it was given is sent."""

    __module__ = iostream.__name__
    _sending = False

    def _handle_event(self, message: Any) -> None:
        self._sending = True
        super()._handle_event(message)
        self._sending = False

    @property
    def has_sent_all(self) -> bool:
        # In this order: an event leaves the queue after `_sending` is set.
        return not getattr(self, "_events", True) and not self._sending


class OutStream(iostream.OutStream):  # type: ignore[misc,unused-ignore]
    """ipykernel's own, but a flush asks the IOPub thread only where it has something to do.

    ipykernel flushes six times in a cell, and each time waits for that thread to wake up and answer.
    What is written to the descriptor goes through a pipe to a thread, on a busy machine after the cell has ended:
    by then it would be taken for the next one's. So one can wait for it.
    """

    __module__ = iostream.__name__
    _flushing = False
    _taken: int  # bytes that came by the descriptor
    _sent: int  # of these

    def send_written(self) -> None:
        """Waits until all that was written to the descriptor so far is this stream's text, and sends it."""
        if not (self._should_watch and self._is_master_process()):
            return
        with self._at_pipe:
            waiting = _unread(self._fid)
            if waiting:
                wanted = self._taken + waiting
                self._at_pipe.wait_for(lambda: self._taken >= wanted, _PIPE_SECONDS)
            came, self._sent = self._taken > self._sent, self._taken
        if came:
            self.flush()

    def _setup_stream_redirects(self, name: str) -> None:
        self._at_pipe = threading.Condition()
        self._taken = self._sent = 0
        super()._setup_stream_redirects(name)

    def _watch_pipe_fd(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        poll = select.poll()
        poll.register(self._fid, select.POLLIN)
        try:
            while poll.poll() and self._should_watch:
                with self._at_pipe:  # in the pipe or counted, never between
                    data = os.read(self._fid, _PIPE_BYTES)
                    self.write(decoder.decode(data))
                    self._taken += len(data)
                    self._at_pipe.notify_all()
                os.write(self._original_stdstream_copy, data)
        except Exception:
            self._exc = sys.exc_info()  # shown by `close`

    def flush(self) -> None:
        # The buffers first: `_flush` empties them after `_flushing` is set, and then hands on what was in them.
        idle = not getattr(self, "_buffers", True) and not self._flushing
        if not (idle and self._is_master_process() and getattr(self.pub_thread, "has_sent_all", False)):
            super().flush()

    def _flush(self) -> None:
        self._flushing = True
        super()._flush()
        self._flushing = False


def _unread(pipe: int) -> int:
    """Bytes that wait in a pipe."""
    import fcntl
    import termios

    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4), sys.byteorder)


iostream.OutStream = OutStream  # where a kernel looks for them
iostream.IOPubThread = kernelapp.IOPubThread = IOPubThread
