"""`python -m ops console`: serve the console on this machine until Ctrl-C."""

import argparse
import contextlib
import socket
from typing import Any

from chalicelib.errors import Misconfigured

HOST, PORT = "127.0.0.1", 8321


def console(options: argparse.Namespace) -> int:
    """Serve a page that shows a stage: counts, quarantine, transactions, members' points."""
    import uvicorn

    from ops.console.pages import Console
    from ops.console.place import chosen, staged

    name, where = chosen(options.stage)
    with _bound(options.port) as listening:
        port: int = listening.getsockname()[1]
        app = Console(staged(name), where, port).app([f"{HOST}:{port}", f"localhost:{port}"])
        settings = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, lifespan="off",
            proxy_headers=False, ws="none", timeout_graceful_shutdown=2,
        )  # fmt: skip
        print(f"stage {name}, {where}")
        print(f"open  http://{HOST}:{port}/  (this machine only)\nstop  Ctrl-C", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(settings).run(sockets=[listening])
    print("\nthe console is stopped; nothing is left running")
    return 0


def _bound(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()  # before the address is told
    except OSError as fault:
        listening.close()
        raise Misconfigured(f"port {port} is taken: choose another with --port (0: any)") from fault
    return listening


def add(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("console", help=console.__doc__, description=console.__doc__)
    parser.add_argument(
        "--stage", help="default: STAGE; else the kept emulator's, without credentials; else dev"
    )
    parser.add_argument("--port", type=int, default=PORT, help=f"0: any that is free ({PORT})")
    parser.set_defaults(command=console)
