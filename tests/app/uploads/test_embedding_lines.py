"""Lines of files of vectors as programs write them."""

import io

from app.uploads import embedding_lines


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    line = b'{"name": "a.png", "vector": [1, 2]}\n'
    document = io.BytesIO(b"\xef\xbb\xbf" + line + b"\xef\xbb\xbf" + line)
    first, second = embedding_lines.read_lines(document, 0)
    assert first.refused is None
    assert "not JSON" in str(second.refused)
