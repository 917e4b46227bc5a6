"""A Lambda Runtime API on loopback, and a tap that counts the AWS calls behind it."""

import contextlib
import json
import pathlib
import re
import selectors
import socket
import subprocess
import threading
import time

from builds import ROOT, Failed


class Conversation:
    """One process and this script, as Lambda, at the other end of its Runtime API.

    Raw sockets in one thread: the script's own load must not distort the measurement.
    """

    def __init__(self, command, env, log):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.buffers = {}
        self.waiting = None  # the connection of the function's request for its next event
        self.answered = None
        self.count = 0
        address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.log = log
        with log.open("ab") as out:
            began = time.perf_counter()
            self.process = subprocess.Popen(
                command, env={**env, "AWS_LAMBDA_RUNTIME_API": address},
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            )
        self.until(lambda: self.waiting is not None)
        self.start = self.at - began

    def invoke(self, event, milliseconds=60_000):
        """One call: the function's answer, and the seconds from handing over the event to receiving it."""
        self.count += 1
        body = json.dumps(event).encode()
        head = (
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
            f"lambda-runtime-aws-request-id: 00000000-0000-4000-8000-{self.count:012d}\r\n"
            f"lambda-runtime-deadline-ms: {int(time.time() * 1000) + milliseconds}\r\n"
            "lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-central-1:000000000000:function:bench\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        ).encode()
        connection, self.waiting, self.answered = self.waiting, None, None
        began = time.perf_counter()
        connection.sendall(head + body)
        self.until(lambda: self.answered is not None)
        ended = self.at
        answer = self.answered
        # The function asks for the next event before the processor time is read: the time covers the whole call.
        self.until(lambda: self.waiting is not None)
        return answer, ended - began

    def until(self, done, seconds=30):
        deadline = time.monotonic() + seconds
        while not done():
            for key, _ in self.selector.select(0.2):
                if key.fileobj is self.listener:
                    connection, _ = self.listener.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.buffers[connection] = b""
                    self.selector.register(connection, selectors.EVENT_READ)
                else:
                    self.read(key.fileobj)
            if self.process.poll() is not None:
                raise Failed(f"the process ended with {self.process.returncode}; see {self.log.relative_to(ROOT)}")
            if time.monotonic() > deadline:
                raise Failed(f"no answer within {seconds} s; see {self.log.relative_to(ROOT)}")

    def read(self, connection):
        data = connection.recv(1 << 16)
        if not data:
            self.selector.unregister(connection)
            del self.buffers[connection]
            connection.close()
            return
        self.buffers[connection] += data
        found = whole(self.buffers[connection])
        if found is None:
            return
        self.at = time.perf_counter()
        method, path, body, rest = found
        self.buffers[connection] = rest
        if path.endswith("/invocation/next"):
            self.waiting = connection
            return
        connection.sendall(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
        if not path.endswith("/response"):
            raise Failed(f"{method} {path}: {body.decode(errors='replace')}")
        self.answered = json.loads(body)

    def processor(self):
        """Seconds of processor time so far, including ended threads; None if unknown."""
        with contextlib.suppress(OSError):
            # The kernel's id of another process's clock: MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED).
            return time.clock_gettime((~self.process.pid << 3) | 2)
        return None

    def peak(self):
        """Its peak memory, in bytes."""
        with contextlib.suppress(OSError):
            found = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())
            return int(found[1]) * 1024 if found else None
        return None

    def close(self):
        self.process.kill()
        self.process.wait()
        for connection in [self.listener, *self.buffers]:
            connection.close()
        self.selector.close()


def whole(data):
    """The first complete HTTP request in `data`: method, path, body, rest."""
    head, found, rest = data.partition(b"\r\n\r\n")
    if not found:
        return None
    line, *headers = head.decode("latin-1").split("\r\n")
    method, path, _ = line.split(" ")
    headers = {name.strip().lower(): value.strip() for name, value in (one.split(":", 1) for one in headers)}
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while True:
            size, found, rest = rest.partition(b"\r\n")
            length = int(size, 16) if found else 0
            if not found or len(rest) < length + 2:
                return None
            body, rest = body + rest[:length], rest[length + 2:]
            if length == 0:
                return method, path, body, rest
    length = int(headers.get("content-length", 0))
    return None if len(rest) < length else (method, path, rest[:length], rest[length:])


class Tap:
    """Passes bytes on to the emulator and notes the calls; never part of a measurement."""

    def __init__(self, endpoint):
        host, port = endpoint.removeprefix("http://").split(":")
        self.target, self.calls = (host, int(port)), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                inside, _ = self.listener.accept()
                outside = socket.create_connection(self.target)
                for pair in ((inside, outside, True), (outside, inside, False)):
                    threading.Thread(target=self.pump, args=pair, daemon=True).start()

    def pump(self, source, sink, noting):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if noting:
                    self.calls += [one.decode() for one in re.findall(rb"(?i)x-amz-target: *\w+\.(\w+)", data)]
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
