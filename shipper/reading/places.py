"""Which source reads which file at the moment, and under which path?"""

from __future__ import annotations

from shipper.files.identity import FileId
from shipper.reading.sources import Source


class Places:
    """The sources that are followed, by their files.

    Attributes:
        by_file: One source at most for each file.
        renamed: Paths by source, of those that the registry has not been told of.
        let_go: Those of them that nobody follows any more, with their `vanished_ns`.
    """

    def __init__(self) -> None:
        self.by_file: dict[FileId, Source] = {}
        self._displaced = 0
        self.renamed: dict[str, str] = {}
        self.let_go: dict[str, int] = {}

    def put(self, source: Source) -> None:
        """A source reads its file from now on.

        Raises:
            ValueError: It has no file.
        """
        where = place_of(source)
        self._displace(where)
        self.by_file[where] = source

    def leave(self, source: Source) -> None:
        """A source does not follow its present file any more."""
        where = next((where for where, other in self.by_file.items() if other is source), None)
        if where is not None:
            del self.by_file[where]

    def give_up(self, source: Source) -> bool:
        """Another file has the inode of a source's file now; True when the source stood for it."""
        where = place_of(source)
        if self.by_file.get(where) is not source:
            return False
        self._displace(where)
        return True

    def by_path(self) -> dict[str, Source]:
        """The sources by where their files are, or were."""
        return {source.path: source for source in self.by_file.values()}

    def rename(self, source: Source, path: str) -> None:
        """A source's file has this path from now on, which the registry does not know yet."""
        source.move_to(path)
        self.renamed[source.id] = path

    def release(self, source: Source) -> None:
        """Nobody follows a source's file any more."""
        self.rename(source, source.path)
        self.let_go[source.id] = source.vanished_ns

    def are_told(self) -> None:
        """The registry knows `renamed` and `let_go`."""
        self.renamed.clear()
        self.let_go.clear()

    def _displace(self, where: FileId) -> None:
        """A source whose inode is used again has to look for its file: it keeps no place."""
        displaced = self.by_file.pop(where, None)
        if displaced is not None:
            self._displaced += 1
            self.by_file[FileId(-1, self._displaced)] = displaced


def place_of(source: Source) -> FileId:
    """The file that a source reads.

    Raises:
        ValueError: It has none.
    """
    if source.file is None:
        raise ValueError(f"{source.path} is not followed")
    return source.file.id
