"""A receiver in memory: what docs/delivery.md takes for granted about a drop box, with faults on demand.

The real boxes are tested against a real server (test_delivery_faults.py); here every order of events can be had.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from include.clearinghouse.drop_box import DropBoxFault, DropBoxSettings, FaultCode, FoundFile, ListedFile
from include.outbox.delivery import OpenDropBox

Notice = Callable[[str], None]


class ModelReceiver:
    """One folder with its temporary files, and what was collected from it.

    A fault is armed for a call and happens before or after the server has done it. `collects` takes away what has been
    placed at once; `collect` does it once.
    """

    def __init__(self, *, collects: bool = False) -> None:
        self.collects = collects
        self.folder: dict[str, bytes] = {}
        self.temporary: dict[tuple[str, int], bytes] = {}
        self.collected: list[tuple[str, bytes]] = []
        self.calls: list[str] = []
        self._faults: dict[tuple[str, str], list[FaultCode]] = defaultdict(list)

    def arm(self, call: str, code: FaultCode, when: str = "before", times: int = 1) -> None:
        """The next `times` such calls fail, before or after the server has done what was asked."""
        self._faults[call, when] += [code] * times

    def collect(self) -> None:
        """Take away everything that has been placed."""
        self.collected += self.folder.items()
        self.folder.clear()

    def copies(self, file_name: str) -> list[bytes]:
        """All there is or was of a file under its own name."""
        lying = [self.folder[file_name]] if file_name in self.folder else []
        return lying + [body for name, body in self.collected if name == file_name]

    def calls_counted(self) -> Counter[str]:
        """Call -> how often it was made."""
        return Counter(self.calls)

    def fail(self, call: str, when: str) -> None:
        """Raise the fault that is armed, if one is."""
        if self._faults[call, when]:
            code = self._faults[call, when].pop(0)
            raise DropBoxFault(code, f"{call}: {code}")

    def boxes(self, notice: Notice = lambda _: None) -> OpenDropBox:
        """How steps open this receiver's drop box."""

        @contextmanager
        def open_drop_box(settings: DropBoxSettings) -> Iterator[ModelDropBox]:
            yield ModelDropBox(self, settings.upload_pattern == "direct", settings.can_read_back, notice)

        return open_drop_box

    def box(self, notice: Notice = lambda _: None, *, direct: bool = False, can_read_back: bool = True) -> ModelDropBox:
        """The drop box as one worker has it; `notice` is called before and after each call."""
        return ModelDropBox(self, direct, can_read_back, notice)


class ModelDropBox:
    """A worker's view of a `ModelReceiver`."""

    description = "a model"

    def __init__(self, receiver: ModelReceiver, direct: bool, can_read_back: bool, notice: Notice) -> None:
        self._receiver = receiver
        self._is_direct = direct
        self._can_read_back = can_read_back
        self._notice = notice

    @contextmanager
    def _call(self, name: str) -> Iterator[None]:
        self._notice(f"before {name}")
        self._receiver.calls.append(name)
        self._receiver.fail(name, "before")
        yield
        self._receiver.fail(name, "after")
        self._notice(f"after {name}")

    def find_claim_file(self, file_name: str) -> FoundFile | None:
        with self._call("find"):
            body = self._receiver.folder.get(file_name)
        if body is None:
            return None
        return FoundFile(len(body), hashlib.sha256(body).hexdigest() if self._can_read_back else None)

    def upload(self, file_name: str, attempt_count: int, body: bytes) -> None:
        with self._call("upload"):
            if not self._is_direct:
                for name, attempt in list(self._receiver.temporary):
                    if name == file_name and attempt < attempt_count:
                        del self._receiver.temporary[name, attempt]
                self._receiver.temporary[file_name, attempt_count] = body

    def place(self, file_name: str, attempt_count: int, body: bytes) -> None:
        with self._call("place"):
            if file_name in self._receiver.folder:
                raise DropBoxFault("name_taken", "the name is taken")
            if not self._is_direct:
                if (file_name, attempt_count) not in self._receiver.temporary:
                    raise DropBoxFault("rename_refused", "there is nothing to rename")
                body = self._receiver.temporary.pop((file_name, attempt_count))
            self._receiver.folder[file_name] = body
            if self._receiver.collects:
                self._receiver.collect()

    def cancel(self, file_name: str, attempt_count: int) -> bool:
        with self._call("cancel"):
            return self._receiver.temporary.pop((file_name, attempt_count), None) is not None

    # A delivery asks for one file by its name: whoever lists folders or reads answers on its way fails here.

    def list_claim_files(self) -> list[ListedFile]:
        raise AssertionError("a delivery does not list claim files")

    def read_claim_file(self, file_name: str) -> bytes:
        raise AssertionError("a delivery does not read claim files")

    def list_answers(self) -> list[ListedFile]:
        raise AssertionError("a delivery does not list answers")

    def read_answer(self, file_name: str) -> bytes:
        raise AssertionError("a delivery does not read answers")

    def remove_answer(self, file_name: str) -> None:
        raise AssertionError("a delivery does not remove answers")
