"""Which files came, in which order they are taken, and what each was answered.

    same identifier, answered before     its first answer again (C01)
      ... but refused then, and changed  a correction: looked at anew
    sequence number due                  taken
    sequence number used                 refused: another file had it
    sequence number ahead                waits for the gap to close; somebody is told (C18)
    business day closed                  refused, or booked into the open one, by rule (C06)
    business day to come                 refused
    content as of another file           taken; clearing finds the records twice, singly (C02)

The register changes by facts only, the same ones live and in recovery; who holds it writes each
fact to the journal before its answer leaves (C17). Files of an acquirer are taken one at a time.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple

from altyn.presentment.acknowledgement import Acknowledgement, Status
from altyn.presentment.findings import Reason
from altyn.presentment.manifest import Manifest

WAITING_MAX: Final = 16
"""Files of one acquirer that wait at a time."""


class Action(Enum):
    """What is to be done with a file that came."""

    TAKE = "take"
    WAIT = "wait"
    ANSWER = "answer"  # with the answer in the decision


class LateRule(Enum):
    """What the scheme decides about a file for a business day that is closed."""

    REFUSE = "refuse"
    NEXT_CYCLE = "next_cycle"


class Decision(NamedTuple):
    """What is to be done with a file.

    `booked_day`: the business day it is taken into, YYYYMMDD, which is not the claimed one when
    that is closed; `answer`: what to answer at once; `same_as`: a file of the same content.
    """

    action: Action
    booked_day: int = 0
    answer: Acknowledgement | None = None
    same_as: str = ""


class FileFact(NamedTuple):
    """Something that became of a file: an acknowledgement, WAITING included.

    `content`: a digest of the file's bytes, in hexadecimal.
    """

    content: str
    acknowledgement: Acknowledgement


class FileRegister:
    """What is known of the files of every acquirer."""

    def __init__(self, facts: Iterable[FileFact] = ()) -> None:
        """As it stood after these facts."""
        self._files: dict[tuple[str, str], FileFact] = {}
        self._contents: dict[tuple[str, str], str] = {}
        self._due: dict[str, int] = {}
        for fact in facts:
            self.note(fact)

    def due(self, acquirer: str) -> int:
        """The sequence number of the file that is taken next."""
        return self._due.get(acquirer, 1)

    def waiting(self, acquirer: str) -> list[Manifest]:
        """Files that wait, in the order of their numbers; the first may be due by now."""
        return sorted(
            (
                fact.acknowledgement.manifest
                for (sender, _), fact in self._files.items()
                if sender == acquirer and fact.acknowledgement.status is Status.WAITING
            ),
            key=lambda manifest: manifest.sequence,
        )

    def decide(
        self, manifest: Manifest, content: str, open_day: int, late_rule: LateRule
    ) -> Decision:
        """What is to be done with a file whose header and content these are. Changes nothing."""
        known = self._files.get((manifest.acquirer, manifest.file_id))
        if known is not None and self._is_answered(known, manifest, content):
            return Decision(Action.ANSWER, answer=_repeated(known.acknowledgement))
        due = self.due(manifest.acquirer)
        if manifest.sequence < due:
            return _refused(manifest, Reason.SEQUENCE_USED)
        if manifest.business_day > open_day:
            return _refused(manifest, Reason.FUTURE_DAY)
        if manifest.business_day < open_day and late_rule is LateRule.REFUSE:
            return _refused(manifest, Reason.CLOSED_DAY)
        if manifest.sequence > due:
            return self._hold_back(manifest, known)
        same_as = self._contents.get((manifest.acquirer, content), "")
        return Decision(Action.TAKE, open_day, same_as=same_as)

    def _is_answered(self, known: FileFact, manifest: Manifest, content: str) -> bool:
        """Whether the first answer stands for this file, too."""
        status = known.acknowledgement.status
        if status is Status.REFUSED:
            return known.content == content
        if status is Status.WAITING:
            # The same file may be due by now; another one may not take its place.
            return known.content != content or known.acknowledgement.manifest != manifest
        return True

    def _hold_back(self, manifest: Manifest, known: FileFact | None) -> Decision:
        waiting = self.waiting(manifest.acquirer)
        taken = any(
            other.sequence == manifest.sequence and other.file_id != manifest.file_id
            for other in waiting
        )
        if taken:
            return _refused(manifest, Reason.SEQUENCE_USED)
        if known is None and len(waiting) >= WAITING_MAX:
            return _refused(manifest, Reason.TOO_MANY_WAIT)
        answer = Acknowledgement(manifest, Status.WAITING, Reason.SEQUENCE_GAP)
        return Decision(Action.WAIT, answer=answer)

    def note(self, fact: FileFact) -> None:
        """A fact, live or read back: the only way in which the register changes."""
        assert not fact.acknowledgement.repeat, "an answer that is repeated changes nothing"
        manifest, status = fact.acknowledgement.manifest, fact.acknowledgement.status
        self._files[manifest.acquirer, manifest.file_id] = fact
        if status in (Status.ACCEPTED, Status.ACCEPTED_IN_PART):
            assert manifest.sequence == self.due(manifest.acquirer), "a file was taken out of turn"
            self._due[manifest.acquirer] = manifest.sequence + 1
            self._contents.setdefault((manifest.acquirer, fact.content), manifest.file_id)

    def forget_before(self, business_day: int) -> None:
        """Lets go of answers about files of days before this one (YYYYMMDD), which bounds memory.

        A file that comes again after that is refused by its sequence number.
        """
        gone = [
            key
            for key, fact in self._files.items()
            if fact.acknowledgement.manifest.business_day < business_day
        ]
        for key in gone:
            fact = self._files.pop(key)
            if self._contents.get((key[0], fact.content)) == key[1]:
                del self._contents[key[0], fact.content]


def _refused(manifest: Manifest, reason: Reason) -> Decision:
    answer = Acknowledgement(manifest, Status.REFUSED, reason)
    return Decision(Action.ANSWER, answer=answer)


def _repeated(first: Acknowledgement) -> Acknowledgement:
    """The first answer, marked as an answer to a repeat."""
    return first._replace(repeat=True)
