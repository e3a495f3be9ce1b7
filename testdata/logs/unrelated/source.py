import errno
import socket


class ReadTimeoutError(TimeoutError):
    """Raised when a read times out: Connection timed out"""


def connect(host, port):
    try:
        return socket.create_connection((host, port), timeout=5)
    except ConnectionRefusedError as error:
        if error.errno == errno.ECONNREFUSED:
            raise RuntimeError("connection refused") from error
        raise  # [Errno 110] is for the caller
