"""A small gRPC service with every shape of method, to try a server and a channel with."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

import grpc
from google.protobuf.wrappers_pb2 import StringValue

SERVICE = "test.v1.EchoService"


class EchoServicer(Protocol):
    def Say(self, request: StringValue, context: Any) -> Any:  # noqa: N802 - as generated code has it
        ...

    def Repeat(self, request: StringValue, context: Any) -> AsyncIterator[StringValue]: ...  # noqa: N802

    async def Join(self, request: AsyncIterator[StringValue], context: Any) -> StringValue: ...  # noqa: N802


def add_echo_to_server(servicer: Any, server: Any) -> None:
    """What protoc would have generated for `Say`, `Repeat(stream out)` and `Join(stream in)`; absent ones are left out."""
    shapes: dict[str, Callable[..., Any]] = {
        "Say": grpc.unary_unary_rpc_method_handler,
        "Repeat": grpc.unary_stream_rpc_method_handler,
        "Join": grpc.stream_unary_rpc_method_handler,
    }
    handlers = {
        name: make(getattr(servicer, name), StringValue.FromString, StringValue.SerializeToString)
        for name, make in shapes.items()
        if hasattr(servicer, name)
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    server.add_registered_method_handlers(SERVICE, handlers)


class EchoStub:
    """Over a plain or an asyncio channel."""

    def __init__(self, channel: Any) -> None:
        codec = (StringValue.SerializeToString, StringValue.FromString)
        self.Say: Any = channel.unary_unary(f"/{SERVICE}/Say", *codec)
        self.Repeat: Any = channel.unary_stream(f"/{SERVICE}/Repeat", *codec)
        if hasattr(channel, "stream_unary"):
            self.Join: Any = channel.stream_unary(f"/{SERVICE}/Join", *codec)
