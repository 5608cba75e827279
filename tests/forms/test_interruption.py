"""An interruption of a kernel cancels the work behind its forms, in a kernel that a test starts."""

import time

import pytest
from jupyter_client.manager import start_new_kernel

pytestmark = pytest.mark.long

BEGIN = """
import time
from lmskit.forms.background_work import BackgroundWork
from lmskit.widgets import Message

def long_work(task):
    while True:
        task.report("Reading", 1, None)
        time.sleep(0.01)

work, message, ended = BackgroundWork(), Message(), []
work.start(long_work, done=print, ended=lambda: ended.append(True), message=message)
"""
PATIENCE = 60


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=PATIENCE)
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def value(client, expression):
    reply = client.execute("", user_expressions={"it": expression}, reply=True, timeout=PATIENCE)
    return reply["content"]["user_expressions"]["it"]["data"]["text/plain"]


def interrupted_until(kernel, expression):
    """Interrupt the kernel, again if it just handled a message or had not noticed the work yet, until an expression is true."""
    manager, client = kernel
    deadline = time.monotonic() + PATIENCE
    while value(client, expression) != "True":
        assert time.monotonic() < deadline
        time.sleep(0.5)
        manager.interrupt_kernel()


def test_an_interrupted_kernel_cancels_work_and_goes_on_with_the_next(kernel):
    _, client = kernel
    for _ in range(2):
        client.execute_interactive(BEGIN, timeout=PATIENCE)
        interrupted_until(kernel, "bool(ended)")
        assert value(client, "message.value") == "'Cancelled. Nothing was changed.'"


def test_an_interrupted_cell_stops_alone(kernel):
    manager, client = kernel
    client.execute_interactive(BEGIN, timeout=PATIENCE)
    number = client.execute("print('begun', flush=True); time.sleep(600)", stop_on_error=False)  # else what follows at once is aborted
    while client.get_iopub_msg(timeout=PATIENCE)["content"].get("text") != "begun\n":
        pass
    manager.interrupt_kernel()
    reply = client.get_shell_msg(timeout=PATIENCE)
    assert (reply["parent_header"]["msg_id"], reply["content"]["ename"]) == (number, "KeyboardInterrupt")
    assert value(client, "(ended, work.running)") == "([], True)"
    client.execute_interactive("work.cancel.click(); work.join(60)", timeout=PATIENCE)
    assert value(client, "(ended, work.running)") == "([True], False)"


def test_without_work_an_interruption_is_ignored(kernel):
    manager, client = kernel
    manager.interrupt_kernel()
    assert value(client, "1 + 1") == "2"
