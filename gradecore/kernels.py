"""A kernel as the grader uses it: it starts quickly, its output is bounded, and a cell that takes too long ends in an error."""

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path
from queue import Empty

import zmq
from jupyter_client.utils import ensure_async
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete, DeadKernelError
from nbformat.v4 import new_output
from traitlets import Int

CUT = "\n... more output than is kept ...\n"
# How many messages wait here to be read: the student's code can send anything at any time. Something too large closes a socket
# for good, and then nothing can be sent over it either, which must not block.
SOCKETS = {zmq.RCVHWM: 20, zmq.SNDTIMEO: 0}
GROWTH = 2**30  # bytes by which this process may grow while the student's kernel runs
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
    largest = Int(16 * 2**20, help="bytes of a part of a message")
    borne = Int(10_000_000, help="characters of a cell's output after which the kernel is stopped")

    def __init__(self, notebook, manager, seconds, **options):
        super().__init__(
            notebook,
            manager,
            timeout=seconds,
            interrupt_on_timeout=True,
            error_on_timeout=TOO_LONG,
            iopub_timeout=10,  # a cell whose outputs do not all come counts as not run, so a busy machine gets its time
            allow_errors=True,
            store_widget_state=False,
            on_cell_executed=self.told,
            **options,
        )
        self.written, self.ended, self.heard, self.watch = 0, None, False, None

    def told(self, cell, cell_index, execute_reply):
        """Note how the cell ended, and put its error among the outputs: a cell that was stopped does not show it itself."""
        content = execute_reply["content"]
        self.ended = content["status"] if self.heard else "cut"  # some outputs never came
        count = content.get("execution_count")
        cell.execution_count = count if type(count) is int and 0 <= count < 2**31 else None
        shown = tidied("error", content)
        if content["status"] == "error" and shown["ename"] not in [o.get("ename") for o in cell.outputs]:
            cell.outputs.append(error(shown["ename"], shown["evalue"]))

    async def begin(self, folder, environment, log=os.devnull):
        """Start the kernel in a folder, with this environment alone; what it writes beside its messages goes to a file."""
        # Interrupts go by message: a signal would reach bubblewrap, not the kernel inside.
        self.km.kernel_spec.interrupt_mode = "message"
        arguments = ["--HistoryManager.hist_file=:memory:"]
        self.limit(self.km)
        with open(log, "wb") as said:  # never ours: the student's code can write to what its kernel was started with
            started = self.km.start_kernel(
                extra_arguments=arguments, cwd=str(folder), env=environment, stdout=said, stderr=said
            )
            await ensure_async(started)
        self.said = log
        self.kc = self.km.client()
        self.limit(self.kc)
        self.kc.start_channels(stdin=False, hb=False, control=False)
        self.kc.allow_stdin = False

    def limit(self, side):
        """Set options of the sockets that a manager or a client is going to open."""
        for option, value in (SOCKETS | {zmq.MAXMSGSIZE: self.largest}).items():
            side.context.setsockopt(option, value)

    async def ready(self, seconds=60):
        """Wait until the kernel answers on both of its channels."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if await self.answered(self.kc.kernel_info(), 2):
                with contextlib.suppress(Empty):
                    await self.kc.iopub_channel.get_msg(timeout=0.2)
                    return
            if not await ensure_async(self.km.is_alive()):
                break
        said = " ".join(last_lines(self.said))
        raise DeadKernelError(f"the kernel did not start{said and ': '}{said}")

    async def guard(self):
        """Kill the kernel if it sends too much: what closes the socket for outputs, or what fills this process.

        zmq bounds each part of a message, but not how many parts there are.
        """
        closed = self.kc.iopub_channel.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        most = memory() + GROWTH
        while memory() < most:
            if await closed.poll(50):
                await asyncio.sleep(0.5)  # a kernel that ended has closed it too
                break
        if await ensure_async(self.km.is_alive()):
            self.written = self.borne + 1
            await ensure_async(self.km.signal_kernel(signal.SIGKILL))

    async def tell(self, source):
        """Run code that is no cell, without waiting; return what to wait for: None if the kernel cannot be told."""
        with contextlib.suppress(zmq.Again):
            return self.kc.execute(source, silent=True, store_history=False)

    async def answered(self, message, seconds):
        """The reply to a message of `tell`; None if there is none in time."""
        deadline = time.monotonic() + seconds
        while message and (left := deadline - time.monotonic()) > 0:
            try:
                reply = await self.kc.shell_channel.get_msg(timeout=left)
                if reply["parent_header"].get("msg_id") == message:
                    return reply["content"]
            except Empty:
                return None
            except Exception:  # what is no message is no reply: the student's code can send any bytes
                continue
        return None

    async def run(self, cell, number, recorded=True):
        """Run a cell; whatever happens, its outputs say so. Raises DeadKernelError if the kernel is no more."""
        self.written, self.ended, self.heard = 0, None, False
        try:
            await self.async_execute_cell(cell, number, store_history=recorded)
            if self.ended == "cut":
                cell.outputs.append(new_output("stream", name="stdout", text=CUT))
                await self.listen_again()
        except DeadKernelError:
            flood = self.written > self.borne
            why = error("Flood", "this cell wrote too much") if flood else error("DeadKernel", "the kernel ended in this cell")
            cell.outputs = [*cell.get("outputs", []), why]
            raise
        except Exception as problem:  # a kernel that no longer obeys, or answers nonsense
            text = f"the kernel had to be stopped in this cell ({type(problem).__name__})"
            cell.outputs = [*cell.get("outputs", [])[:20], error("Stopped", text)]
            raise DeadKernelError(str(problem)) from None

    async def listen_again(self):
        """Open the socket for outputs anew: something too large has closed it."""
        self.kc.iopub_channel.stop()
        self.kc._iopub_channel = None
        self.kc.iopub_channel.start()
        await asyncio.sleep(0.2)  # until it is connected, nothing is heard

    def process_message(self, msg, cell, cell_index):
        """As in nbclient, but what is beyond the limit is dropped, and no widget or comm is opened."""
        kind = msg["msg_type"]
        if kind == "status":
            if msg["content"].get("execution_state") == "idle":
                self.heard = True
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
        only_error = kind == "error" and not any(output.output_type == "error" for output in cell.outputs)
        if self.written > self.kept and not only_error:
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
        with contextlib.suppress(zmq.Again):
            await ensure_async(self.km.interrupt_kernel())

    async def end(self):
        """Kill the kernel and everything that it started."""
        if self.watch:
            self.watch.cancel()
        try:
            if self.km.has_kernel:
                self.km.kernel_spec.interrupt_mode = "signal"  # the manager interrupts first, and no message may go through
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
        name, value, lines = (content.get(part) for part in ("ename", "evalue", "traceback"))
        lines = [text_of(line) for line in lines[:200]] if isinstance(lines, list) else []
        lines = [line[: max(0, 50_000 - sum(map(len, lines[:n])))] for n, line in enumerate(lines)]
        return {"ename": text_of(name)[:200], "evalue": text_of(value)[:10_000], "traceback": lines}
    if kind == "clear_output":
        return {"wait": content.get("wait") is True}
    data = content.get("data")
    data = {text_of(k): text_of(v) for k, v in data.items() if isinstance(v, str)} if isinstance(data, dict) else {}
    return {"data": data, "metadata": {}, "execution_count": None}  # a page shows parts of the metadata as they come


def text_of(value):
    """A text that can be written to a file: half characters become question marks; what is no text, nothing."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def size_of(content):
    """Characters of a message's strings, keys too, at any depth, and 8 for each item: an empty one takes room too."""
    if isinstance(content, str):
        return 8 + len(content)
    if isinstance(content, dict):
        return 8 + sum(map(size_of, content)) + sum(map(size_of, content.values()))
    if isinstance(content, list):
        return 8 + sum(map(size_of, content))
    return 8


def memory():
    """Bytes of memory that this process takes; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def last_lines(path):
    """The last lines of a log, which may be very long."""
    with open(path, "rb") as log:
        log.seek(max(0, os.path.getsize(path) - 2000))
        return log.read(2000).decode(errors="replace").splitlines()[-5:]
