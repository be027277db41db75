"""What is sent to hundreds of sockets at once is framed here, as the library frames it."""

import pytest
from websockets.frames import Frame, Opcode

from app.core.lines import head


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 2**16 - 1, 2**16, 2**16 + 1])
def test_a_text_frame_begins_as_the_library_begins_it(length: int) -> None:
    text = b"x" * length
    assert head(length) + text == Frame(Opcode.TEXT, text).serialize(mask=False)
