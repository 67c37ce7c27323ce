"""Does a file that was found become a source: a new one, one that goes on, or none?

Names change while somebody looks. So a file is opened once, and all that is decided is decided on
what was opened: the name may lead to another file a moment later.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator

from logboom.config import FileInput
from shipper.files.catalogue import Catalogue
from shipper.files.followed import FollowedFile
from shipper.files.handles import FileMoved
from shipper.files.identity import file_id, file_state
from shipper.files.likeness import Likeness, Recognised
from shipper.files.names import is_packed_name
from shipper.files.surveys import Surveys, Wholeness
from shipper.reading.gone import Gone
from shipper.reading.missed import Missed
from shipper.reading.opening import Opener
from shipper.reading.originals import Originals
from shipper.reading.sources import Source


def _all_of_them(_source: Source) -> bool:
    return True


class Intake:
    """Takes files up as sources.

    Args:
        opener: Opens files as sources.
        catalogue: The sources that nobody reads at the moment.
        originals: Know the files of which another one may be a copy.
        surveys: Know which compressed files are whole.
        missed: Told of logs that were rotated while somebody looked.
        gone: Told of logs that were overwritten while nobody did.
        hurry: Asks for another scan at once.

    Attributes:
        unreadable: Paths that cannot be read, with the reason, as of this scan.
        damaged: Bytes of those among them that are damaged.
        raced: Logs of which a file was rotated away in the moment in which it was looked at.
        has_raced: True when that was in the moment in which it was recognised.
    """

    def __init__(
        self, opener: Opener, catalogue: Catalogue, originals: Originals, surveys: Surveys,
        missed: Missed, gone: Gone, hurry: Callable[[], None],
    ) -> None:  # fmt: skip
        self._opener = opener
        self._catalogue = catalogue
        self._originals = originals
        self._surveys = surveys
        self._missed = missed
        self._gone = gone
        self._hurry = hurry
        self._first_start = False
        self._at_once = True
        self._may_begin_anew = True
        self._found: list[Source] = []
        self._later: list[tuple[str, os.stat_result, FileInput, str]] = []
        self._resumed: dict[str, Recognised] = {}
        self.unreadable: dict[str, str] = {}
        self.damaged: dict[str, int] = {}
        self.raced: set[str] = set()
        self.has_raced = False

    def begin(self, *, first_start: bool, at_once: bool) -> None:
        """A scan begins.

        Args:
            first_start: It is the very first one of all: `start: end` counts.
            at_once: Compressed files in which something may go on are waited for.
        """
        self._first_start, self._at_once = first_start, at_once
        self.unreadable, self.damaged, self.raced, self.has_raced = {}, {}, set(), False
        self._found, self._later, self._resumed = [], [], {}
        self._may_begin_anew = not at_once
        self._originals.begin()

    def give_back(self, which: Callable[[Source], bool] = _all_of_them) -> None:
        """Nobody follows what this scan has found: the next one finds it as this one did."""
        for source in filter(which, self._found):
            source.close()
            self._missed.look_since(source.family, source.modified_ns - 1)
            recognised = self._resumed.pop(source.id, None)
            if recognised is not None:
                self._catalogue.put_back(recognised.record)
        self._found = [source for source in self._found if not which(source)]

    def tell_of_losses(self) -> None:
        """What this scan has found stays: the logs that have begun anew meanwhile are told of.

        Raises:
            RegistryUnavailable: The registry cannot be written now.
        """
        for recognised in self._resumed.values():
            if recognised.likeness is Likeness.BEGUN_ANEW:
                self._gone.begun_anew(recognised.record)

    def take_up(
        self, path: str, status: os.stat_result, section: FileInput, *, family: str
    ) -> Source | None:
        """The source that reads a file from now on; None when it is read elsewhere or not yet.

        Args:
            path: Where it was found.
            status: What it was when it was found.
            section: The input that it belongs to.
            family: The path under which an input names the log.
        """
        source: Source | None = None
        with self._told(path, family, status.st_mtime_ns):
            if self._may_be_read(path, status):
                source = self._look_into(path, status, section, family)
        return self._taken(source)

    def take_up_later(self) -> list[Source]:
        """The sources that begin anew after a start: what they held before was found nowhere else.

        The inode of a log that was rotated away may be used again by the next one.
        """
        self._may_begin_anew = True
        later, self._later = self._later, []
        taken = [
            self.take_up(path, status, section, family=family)
            for path, status, section, family in later
        ]
        return [source for source in taken if source is not None]

    def go_on(self, recognised: Recognised, section: FileInput, *, family: str) -> Source | None:
        """The source that goes on in a file that was recognised; None when it was moved on.

        None also when the file is read already: what it holds is known by another source.
        """
        source: Source | None = None
        changed_ns = recognised.record.changed_ns
        with (
            self._told(recognised.path, family, changed_ns),
            self._put_back_on_failure(recognised),
        ):
            file = self._opener.open(recognised.path, section)
            with _closed_on_failure(file):
                if self._is_read_already(file, recognised):
                    file.close()
                    self._catalogue.put_back(recognised.record)
                else:
                    source = self._resume(file, recognised, section)
        return self._taken(source)

    def _is_read_already(self, file: FollowedFile, recognised: Recognised) -> bool:
        if any(source.file is not None and source.file.id == file.id for source in self._found):
            return True
        return recognised.likeness is Likeness.LIKELY and self._is_copy(file, recognised)

    def _is_copy(self, file: FollowedFile, recognised: Recognised) -> bool:
        """Whether what may be a source's file is read elsewhere.

        A backup goes on with what was read of its log, whoever has written to it since.
        """
        is_backup = recognised.likeness is Likeness.LIKELY and recognised.record.offset > 0
        return self._originals.have_copy(file, whole=is_backup)

    def _look_into(
        self, path: str, status: os.stat_result, section: FileInput, family: str
    ) -> Source | None:
        file = self._opener.open(path, section)
        with _closed_on_failure(file):
            source = self._decide(file, status, section, family)
        if source is None:
            file.close()
        return source

    def _decide(
        self, file: FollowedFile, status: os.stat_result, section: FileInput, family: str
    ) -> Source | None:
        if not _is_as_found(file, status):
            raise FileMoved("it was rotated after it was found")
        recognised = self._recognise(file)
        if recognised is not None:
            if recognised.likeness is Likeness.BEGUN_ANEW and not self._may_begin_anew:
                self._catalogue.put_back(recognised.record)
                self._later.append((file.path, status, section, family))
                return None
            with self._put_back_on_failure(recognised):
                return self._resume(file, recognised, section)
        if self._originals.have_copy(file):
            return None
        return self._opener.new(file, section, family=family, first_scan=self._first_start)

    def _recognise(self, file: FollowedFile) -> Recognised | None:
        recognised = self._catalogue.take(file)
        if recognised is None or recognised.likeness is Likeness.SAME:
            return recognised
        with self._put_back_on_failure(recognised):
            is_copy = self._is_copy(file, recognised)
        if is_copy:  # inodes are used again, and so are names
            self._catalogue.put_back(recognised.record)
            return None
        return recognised

    def _may_be_read(self, path: str, status: os.stat_result) -> bool:
        """False for a compressed file that is not whole, or that is still being looked at."""
        if not is_packed_name(path) or self._catalogue.is_finished(status):
            return True
        at_once = self._at_once and self._catalogue.may_go_on_in(path)
        verdict, reason = self._surveys.ask(path, status, at_once=at_once)
        if verdict in {Wholeness.BROKEN, Wholeness.DAMAGED}:
            self.unreadable[path] = reason
        if verdict is Wholeness.DAMAGED:
            self.damaged[path] = status.st_size
        return verdict is Wholeness.WHOLE

    def _resume(self, file: FollowedFile, recognised: Recognised, section: FileInput) -> Source:
        if file.id != recognised.file:
            raise OSError(errno.EAGAIN, "it was rotated just now")
        source = self._opener.known(file, recognised, section)
        record = recognised.record
        if record.path != recognised.path:
            self._missed.look_beside(record.path)
        if source.modified_ns > record.changed_ns and not source.read_offset:
            self._missed.look_beside(record.family)  # copied and truncated, perhaps
        self._resumed[record.id] = recognised
        return source

    def _taken(self, source: Source | None) -> Source | None:
        if source is not None:
            if source.file is not None:
                source.file.expect(self._surveys.text_bytes(source.file))
            self._surveys.forget(source.path)
            self._originals.add(source)
            self._found.append(source)
        return source

    @contextlib.contextmanager
    def _told(self, path: str, family: str, modified_ns: int) -> Iterator[None]:
        """A file that was moved is looked for again; one that cannot be read is told of."""
        try:
            yield
        except OSError as error:
            is_race = error.errno == errno.EAGAIN
            if not is_race and not isinstance(error, FileNotFoundError | FileMoved):
                self.unreadable[path] = error.strerror or str(error)
                return
            self._missed.moved(family, modified_ns - 1)
            self.raced.add(family)
            self._hurry()

    @contextlib.contextmanager
    def _put_back_on_failure(self, recognised: Recognised) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._catalogue.put_back(recognised.record)
            is_race = isinstance(error, OSError) and error.errno == errno.EAGAIN
            self.has_raced = self.has_raced or is_race
            raise


def _is_as_found(file: FollowedFile, status: os.stat_result) -> bool:
    """False when the name leads to another file, or when a compressed one was changed since."""
    if is_packed_name(file.path):
        return file.state() == file_state(status)
    return file.id == file_id(status)


@contextlib.contextmanager
def _closed_on_failure(file: FollowedFile) -> Iterator[None]:
    """Lets go of a file that does not become a source."""
    try:
        yield
    except BaseException:
        file.close()
        raise
