"""As much of Ray as glaze.cluster uses, in this process and without waiting: for faults that Ray has once a year."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


class RayError(Exception):
    """As ray.exceptions.RayError."""


class RayActorError(RayError):
    """As ray.exceptions.RayActorError."""


class RayTaskError(RayError):
    """As ray.exceptions.RayTaskError: what a method raised is its cause."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(repr(cause))
        self.cause = cause


class _Ref:
    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.answer: Any = None
        self.error: RayError | None = None
        self.begun = False

    def finish(self) -> None:
        if self.begun:
            return
        self.begun = True
        try:
            self.answer = self.work()
        except RayError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001  as Ray does
            self.error = RayTaskError(error)


class _Handle:
    def __init__(self, ray: FakeRay, kind: type) -> None:
        self.ray = ray
        self.alive = True
        self.actor = kind()

    def __getattr__(self, name: str) -> Any:
        class Method:
            @staticmethod
            def remote(*arguments: Any) -> _Ref:
                return _Ref(lambda: self.call(name, arguments))

        return Method

    def call(self, name: str, arguments: Sequence[Any]) -> Any:
        self.ray.calls.append(name)
        if self.ray.breaks(name):
            self.alive = False
        if not self.alive:
            raise RayActorError(f"{name}: the actor died")
        return getattr(self.actor, name)(*arguments)


class FakeRay:
    """calls: the methods that were called, in order. breaks: whether the station dies at a call of that name."""

    exceptions = type("exceptions", (), {"RayError": RayError, "RayTaskError": RayTaskError})

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.breaks: Callable[[str], bool] = lambda _name: False
        self.room = True

    def remote(self, **_options: Any) -> Callable[[type], Any]:
        ray = self

        def made(kind: type) -> Any:
            class Actor:
                @staticmethod
                def options(**_options: Any) -> Any:
                    class Made:
                        @staticmethod
                        def remote() -> _Handle:
                            return _Handle(ray, kind)

                    return Made

            return Actor

        return made

    def wait(
        self, refs: list[_Ref], *, num_returns: int = 1, timeout: float, fetch_local: bool = True
    ) -> tuple[list[_Ref], list[_Ref]]:
        """All at once, or none where there is no room."""
        del num_returns, timeout, fetch_local
        if not self.room:
            return [], refs
        for ref in refs:
            ref.finish()
        return refs, []

    def get(self, ref: _Ref) -> Any:
        ref.finish()
        if ref.error is not None:
            raise ref.error
        return ref.answer

    def kill(self, handle: _Handle) -> None:
        handle.alive = False
