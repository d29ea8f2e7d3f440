"""The bare handler: a gRPC server of the same make with one find by _id and nothing else."""

import asyncio
import contextlib
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

import bson
import grpc
import grpc.aio

from chassis import mongo


def serve(mongo_url: str, database: str, told: Connection) -> None:
    """Answer until killed; tells its port."""
    asyncio.run(_serve(mongo_url, database, told))


async def _serve(mongo_url: str, database: str, told: Connection) -> None:
    rows = mongo.connect(mongo_url)[database]["tickets"]

    def get(request: bytes, context: grpc.ServicerContext) -> bytes:
        return bson.encode(rows.find_one({"_id": request.decode()}) or {})

    server = grpc.aio.server(migration_thread_pool=ThreadPoolExecutor(16))
    handler = grpc.method_handlers_generic_handler(
        "bare.Bare", {"Get": grpc.unary_unary_rpc_method_handler(get)}
    )
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    told.send(port)
    await server.wait_for_termination()


@contextlib.contextmanager
def serving(mongo_url: str, database: str) -> Iterator[Callable[[str], bytes]]:
    """Runs the server as a process; yields a call by id."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(mongo_url, database, there))
    process.start()
    try:
        call: Callable[..., bytes] = grpc.insecure_channel(f"127.0.0.1:{here.recv()}").unary_unary(
            "/bare.Bare/Get"
        )
        yield lambda ticket_id: call(ticket_id.encode(), timeout=20)
    finally:
        process.kill()
        process.join()
