"""Triton's interpreter, told once a kernel what it would otherwise do at each call of a function inside one.

It puts its own operators into `triton.language` when a kernel starts, and again whenever the kernel calls a function: a
third of the time that these tests would take. Here the later calls find the modules done.
"""

import inspect

import pytest


@pytest.fixture(scope="session", autouse=True)
def operators_put_in_once_a_kernel():
    from triton.runtime import interpreter

    put_in, language, done = interpreter._patch_lang, (interpreter.tl, interpreter.tl.core), set()

    class Kernel:
        """What the interpreter undoes when a kernel ends; functions within it have nothing to undo."""

        def __init__(self, scope) -> None:
            self.scope = scope

        def restore(self) -> None:
            done.clear()
            self.scope.restore()

    def put_in_once(function):
        named = {id(each) for each in function.__globals__.values() if inspect.ismodule(each) and each in language}
        if named and named <= done:
            return None
        scope = put_in(function)
        done.update(named)
        return Kernel(scope)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interpreter, "_patch_lang", put_in_once)
        yield
