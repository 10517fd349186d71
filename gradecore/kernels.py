"""A kernel as the grader uses it: it starts quickly, its output is bounded, and a cell that takes too long ends in an error."""

import asyncio
import time
from queue import Empty

from jupyter_client.utils import ensure_async
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete, DeadKernelError
from nbformat.v4 import new_output
from traitlets import Int

CUT = "\n... more output than is kept ...\n"
TOO_LONG = {
    "ename": "Timeout",
    "evalue": "stopped at the time limit",
    "traceback": ["Timeout: this cell was stopped at the time limit. Is there a loop that never ends?"],
}


def error(name, text):
    """An output that says what went wrong; it makes a test cell fail."""
    return new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"])


class Kernel(NotebookClient):
    """Runs cells of a notebook, one by one."""

    kept = Int(100_000, help="characters of a cell's output that are kept")
    borne = Int(10_000_000, help="characters of a cell's output after which the kernel is stopped")

    def __init__(self, notebook, manager, seconds, **options):
        super().__init__(
            notebook,
            manager,
            timeout=seconds,
            interrupt_on_timeout=True,
            error_on_timeout=TOO_LONG,
            allow_errors=True,
            store_widget_state=False,
            on_cell_executed=self.told,
            **options,
        )
        self.written, self.ended = 0, None

    def told(self, cell, cell_index, execute_reply):
        """Note how the cell ended, and put its error among the outputs: a cell that was stopped does not show it itself."""
        content = execute_reply["content"]
        self.ended = content["status"]
        count = content.get("execution_count")
        cell.execution_count = count if type(count) is int and 0 <= count < 2**31 else None
        if content["status"] == "error" and content["ename"] not in [o.get("ename") for o in cell.outputs]:
            cell.outputs.append(error(text_of(content["ename"]), text_of(content["evalue"])))

    async def begin(self, folder, environment):
        """Start the kernel in a folder, with this environment alone."""
        # Interrupts go by message: a signal would reach bubblewrap, not the kernel inside.
        self.km.kernel_spec.interrupt_mode = "message"
        arguments = ["--HistoryManager.hist_file=:memory:"]
        await ensure_async(self.km.start_kernel(extra_arguments=arguments, cwd=str(folder), env=environment))
        self.kc = self.km.client()
        self.kc.start_channels(stdin=False, hb=False)
        self.kc.allow_stdin = False

    async def ready(self, seconds=60):
        """Wait until the kernel answers on both of its channels."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            asked = self.kc.kernel_info()
            try:
                while (await self.kc.shell_channel.get_msg(timeout=2))["parent_header"].get("msg_id") != asked:
                    pass
                await self.kc.iopub_channel.get_msg(timeout=0.2)
                return
            except Empty:
                if not await ensure_async(self.km.is_alive()):
                    break
        raise DeadKernelError("the kernel did not start")

    async def tell(self, source):
        """Run code that is no cell, without waiting; return what to wait for."""
        return self.kc.execute(source, silent=True, store_history=False)

    async def answered(self, message, seconds):
        """The reply to a message of `tell`; None if there is none in time."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                reply = await self.kc.shell_channel.get_msg(timeout=left)
            except Empty:
                return None
            if reply["parent_header"].get("msg_id") == message:
                return reply["content"]
        return None

    async def run(self, cell, number, recorded=True):
        """Run a cell; whatever happens, its outputs say so. Raises DeadKernelError if the kernel is no more."""
        self.written, self.ended = 0, None
        try:
            await self.async_execute_cell(cell, number, store_history=recorded)
        except DeadKernelError:
            flood = self.written > self.borne
            why = error("Flood", "this cell wrote too much") if flood else error("DeadKernel", "the kernel ended in this cell")
            cell.outputs = [*cell.get("outputs", []), why]
            raise
        except Exception as problem:  # a kernel that no longer obeys, or answers nonsense
            text = f"the kernel had to be stopped in this cell ({type(problem).__name__})"
            cell.outputs = [*cell.get("outputs", [])[:20], error("Stopped", text)]
            raise DeadKernelError(str(problem)) from None

    def process_message(self, msg, cell, cell_index):
        """As in nbclient, but what is beyond the limit is dropped, and no widget or comm is opened."""
        kind = msg["msg_type"]
        if kind == "status":
            if msg["content"].get("execution_state") == "idle":
                raise CellExecutionComplete()
            return None
        if kind not in ("stream", "display_data", "execute_result", "error", "clear_output"):
            return None
        msg["content"] = tidied(kind, msg["content"])
        before = self.written
        self.written += size_of(msg["content"]) + 100  # an empty message takes room too
        if self.written > self.borne:
            self.task_poll_for_reply.cancel()  # as nbclient does where a kernel has died: nobody waits for more
            raise CellExecutionComplete()
        if self.written > self.kept and kind != "error":
            first, content = before <= self.kept, msg["content"]
            if first and kind == "stream":
                content["text"] = str(content["text"])[: self.kept - before] + CUT
            elif first:
                cell.outputs.append(new_output("stream", name="stdout", text=CUT))
            if kind == "execute_result":  # without it a test would get full marks
                content["data"] = {"text/plain": str(content["data"].get("text/plain"))[:1000]}
            elif not (first and kind == "stream"):
                return None
        return super().process_message(msg, cell, cell_index)

    async def interrupt(self):
        """Ask what runs in the kernel to stop."""
        await ensure_async(self.km.interrupt_kernel())

    async def end(self):
        """Kill the kernel and everything that it started."""
        try:
            if self.km.has_kernel:
                await ensure_async(self.km.shutdown_kernel(now=True))
        finally:
            if self.kc is not None:
                self.kc.stop_channels()
            await asyncio.sleep(0)


def tidied(kind, content):
    """What a message shows, in the form that a notebook wants: the student's code can send any message."""
    if kind == "stream":
        return {"name": "stderr" if content.get("name") == "stderr" else "stdout", "text": text_of(content.get("text"))}
    if kind == "error":
        lines = content.get("traceback")
        lines = [text_of(line) for line in lines] if isinstance(lines, list) else []
        return {"ename": text_of(content.get("ename")), "evalue": text_of(content.get("evalue")), "traceback": lines}
    if kind == "clear_output":
        return {"wait": content.get("wait") is True}
    data = content.get("data")
    data = {text_of(k): text_of(v) for k, v in data.items() if isinstance(v, str)} if isinstance(data, dict) else {}
    return {"data": data, "metadata": {}, "execution_count": None}  # a page shows parts of the metadata as they come


def text_of(value):
    """A text that can be written to a file: half characters become question marks; what is no text, nothing."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def size_of(content):
    """Characters of a message's strings, at any depth."""
    if isinstance(content, str):
        return len(content)
    if isinstance(content, dict):
        return sum(map(size_of, content.values()))
    if isinstance(content, list):
        return sum(map(size_of, content))
    return 8
