"""How a kernel's output leaves it: as ipykernel sends it, but long texts in pieces and without waiting for nothing."""

from __future__ import annotations

from typing import Any

from ipykernel import iostream, kernelapp  # type: ignore[import-not-found,unused-ignore]
from jupyter_client.session import Session  # type: ignore[import-not-found,unused-ignore]

_PIECE = 1 << 18  # characters of one message


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
    """

    __module__ = iostream.__name__
    _flushing = False

    def flush(self) -> None:
        # The buffers first: `_flush` empties them after `_flushing` is set, and then hands on what was in them.
        idle = not getattr(self, "_buffers", True) and not self._flushing
        if not (idle and self._is_master_process() and getattr(self.pub_thread, "has_sent_all", False)):
            super().flush()

    def _flush(self) -> None:
        self._flushing = True
        super()._flush()
        self._flushing = False


iostream.OutStream = OutStream  # where a kernel looks for them
iostream.IOPubThread = kernelapp.IOPubThread = IOPubThread
