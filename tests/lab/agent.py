# SPDX-License-Identifier: ISC
"""The runner's end of the line to a machine: agent.c is the other one, and says what goes over it."""
import socket
import threading
import time
from dataclasses import dataclass

from lab import Dead, Failed, TimedOut


@dataclass
class Result:
    status: int
    output: str


class Process:
    """A command in a machine. Its output is stdout and stderr together."""

    def __init__(self, agent, number, command):
        self.command = command
        self._agent = agent
        self._number = number
        self._output = bytearray()
        self.status = None

    def output(self):
        """What it has said so far."""
        with self._agent.news:
            return self._output.decode(errors="replace")

    @property
    def running(self):
        return self.status is None

    def wait(self, timeout=60):
        """Waits for its end."""
        self._agent.wait_until(lambda: self.status is not None, timeout, f"still running: {self.command}", self)
        return Result(self.status, self.output())

    def wait_for(self, text, timeout=60):
        """Waits until it has said this; fails if it ends without."""
        said = text.encode()
        self._agent.wait_until(lambda: said in self._output or self.status is not None, timeout,
                               f'it did not say "{text}": {self.command}', self)
        if said not in self._output:
            raise Failed(f'it ended with status {self.status} and did not say "{text}": {self.command}\n{self.tail()}')

    def kill(self, number=15, group=False):
        """Sends a signal to it; with group to everything that it started as well."""
        self._agent.send(f"kill {self._number} {int(number)} {int(group)}\n".encode())

    def tail(self):
        lines = self.output().splitlines()[-15:]
        return "\n".join("  | " + line for line in lines) or "  | (it said nothing)"

    def heard(self, data):
        self._output += data


class Agent:
    """One machine's agent, over the UNIX socket that is the other end of its serial port."""

    def __init__(self, path, alive, boot_timeout):
        self.news = threading.Condition()
        self.ready = False
        self._alive = alive  # says why the machine is gone, or None
        self._processes = {}
        self._count = 0
        self._socket = socket.socket(socket.AF_UNIX)
        self._connect(path, time.monotonic() + 20)
        self._send_lock = threading.Lock()
        self._closed = False
        threading.Thread(target=self._listen, daemon=True).start()
        self.wait_until(lambda: self.ready, boot_timeout, "it did not come up")

    def _connect(self, path, deadline):
        while True:
            try:
                return self._socket.connect(path)
            except OSError:
                gone = self._alive()
                if gone or time.monotonic() > deadline:
                    raise Dead(gone or f"nobody listens at {path}") from None
                time.sleep(0.02)

    def run(self, command, data=b""):
        """Starts sh -c COMMAND with data as its input."""
        with self.news:
            self._count += 1
            process = self._processes[self._count] = Process(self, self._count, command)
            text = command.encode()
            head = f"run {self._count} {len(text)} {len(data)}\n".encode()
        self.send(head + text + data)
        return process

    def send(self, data):
        try:
            with self._send_lock:
                self._socket.sendall(data)
        except OSError as error:
            raise Dead(self._alive() or f"its agent's line is closed: {error}") from None

    def unfinished(self):
        """The commands that still run."""
        with self.news:
            return [p for p in self._processes.values() if p.status is None]

    def wait_until(self, holds, timeout, what, process=None):
        deadline = time.monotonic() + timeout
        with self.news:
            while not holds():
                if self._closed:
                    raise Dead(self._alive() or "its agent is gone")
                left = deadline - time.monotonic()
                if left <= 0:
                    said = "\n" + process.tail() if process else ""
                    raise TimedOut(f"{timeout} s passed: {what}{said}")
                self.news.wait(min(left, 1))

    def _listen(self):
        try:
            with self._socket.makefile("rb") as stream:
                for line in stream:
                    self._hear(stream, line.split())
        except (OSError, ValueError, IndexError, KeyError):
            pass
        with self.news:
            self._closed = True
            self.news.notify_all()

    def _hear(self, stream, words):
        if words == [b"ready"]:
            with self.news:
                self.ready = True
                self.news.notify_all()
            return
        kind, number, value = words[0], int(words[1]), int(words[2])
        data = stream.read(value) if kind == b"out" else b""
        with self.news:
            process = self._processes[number]
            if kind == b"out":
                process.heard(data)
            elif kind == b"end":
                process.status = value
            self.news.notify_all()

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
