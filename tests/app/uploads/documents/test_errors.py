"""The list of unit errors."""

from app.uploads.documents import KINDS_OF_ERROR, UnitError, UnitErrorCode


def test_every_code_is_described_in_a_sentence() -> None:
    assert set(KINDS_OF_ERROR) == set(UnitErrorCode)
    for kind in KINDS_OF_ERROR.values():
        assert kind.description[0].isupper()
        assert kind.description.endswith(".")
        assert "  " not in kind.description


def test_only_what_may_pass_by_itself_is_retryable() -> None:
    retryable = {code for code in UnitErrorCode if UnitError(code, "…").is_retryable}
    assert retryable == {
        UnitErrorCode.STORAGE_UNAVAILABLE,
        UnitErrorCode.UPLOAD_INCOMPLETE,
        UnitErrorCode.INTERNAL,
    }
