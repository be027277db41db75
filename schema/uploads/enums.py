"""The states of uploads and jobs, in words."""

from app.uploads.documents import KINDS_OF_ERROR, UnitErrorCode
from app.uploads.models import (
    JobPhase,
    JobStatus,
    UnitResult,
    UnitState,
    UploadPurpose,
    UploadState,
)
from schema import enums

enums.public(
    JobStatus,
    "Where a registration job stands. Only PENDING moves.",
    {
        JobStatus.PENDING: "Queued or running.",
        JobStatus.DONE: "Ended. With ignoreErrors also if units failed, even if all did: look at errorCount.",
        JobStatus.ERROR: "Ended by a failure: the document cannot be read, or a unit failed without ignoreErrors.",
        JobStatus.CANCELLED: "Ended by a cancellation; what was registered before stays.",
    },
    name="UploadJobStatus",
)
enums.public(
    JobPhase,
    "What a registration job is doing.",
    {
        JobPhase.QUEUED: "Waits for a worker.",
        JobPhase.READING: "Reads the document; unitCount still grows.",
        JobPhase.REGISTERING: "Registers units; unitCount is final.",
        JobPhase.FINISHED: "Nothing: it has ended.",
    },
    name="UploadJobPhase",
)
enums.public(
    UnitState,
    "Where one unit of a job stands.",
    {
        UnitState.PENDING: "Waits, or is being worked on.",
        UnitState.DONE: "Is registered, or was skipped as a duplicate.",
        UnitState.ERROR: "Failed; error says why.",
        UnitState.CANCELLED: "Was not tried, because the job was stopped.",
    },
    name="UploadUnitState",
)
enums.public(
    UnitResult,
    "What a finished unit did.",
    {
        UnitResult.CREATED: "Made a file.",
        UnitResult.SKIPPED: "Nothing: the folder has a file of the same URLs.",
        UnitResult.UPDATED: "Gave the file of the same URLs the unit's client metadata.",
    },
    name="UploadUnitResult",
)
enums.public(
    UploadState,
    "Where the bytes of an upload stand.",
    {
        UploadState.PENDING: "None are known to have come. A store of a cloud does not tell us of a PUT.",
        UploadState.RECEIVING: "Some have come; resume behind receivedByteSize.",
        UploadState.RECEIVED: "All have come.",
        UploadState.REGISTERED: "A file was made of them.",
    },
)
enums.public(
    UploadPurpose,
    "What uploaded bytes are for.",
    {
        UploadPurpose.FILE: "To become a file, or a part of one, by registerFiles.",
        UploadPurpose.DOCUMENT: "To be the registration document of registerFiles.",
    },
)
enums.public(
    UnitErrorCode,
    "Why a unit was not registered. The list only grows: have a default branch.",
    {code: kind.description for code, kind in KINDS_OF_ERROR.items()},
    name="UploadUnitErrorCode",
)

__all__ = [
    "JobPhase",
    "JobStatus",
    "UnitErrorCode",
    "UnitResult",
    "UnitState",
    "UploadPurpose",
    "UploadState",
]
