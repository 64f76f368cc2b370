"""Takes secrets out of everything that leaves the machine: text, JSON, notebooks, images' metadata, files, streams.

How it works, from the inside out:

    parts     what within a secret is secret by itself: the key in a connection string
    forms     what a secret may look like: itself, reversed, in base64 at any offset, in hexadecimal …
    views     what a text says once white space, escapes and terminal codes are looked through
    search    finds every form in every view at once (Aho–Corasick) and says where in the text that is
    redactor  the door: one `Redactor` for all secrets of a job
    notebook, images, stream   what is particular about these

What it cannot see: text drawn into the pixels of a picture, a secret that was encrypted, hashed or compressed in
another way than gzip in base64, and one cut into pieces that other text separates.
"""

from amltasks.redaction.redactor import Redactor
from amltasks.redaction.search import MASK
from amltasks.redaction.stream import RedactedStream

__all__ = ["MASK", "RedactedStream", "Redactor"]
