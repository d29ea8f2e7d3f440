"""Commands and queries between services: a server and channels that speak chassis.errors on both sides."""

from chassis.rpc.call import Access, Call, call
from chassis.rpc.client import aio_channel, channel
from chassis.rpc.server import LIVENESS, MAX_MESSAGE, RpcServer
from chassis.rpc.status import Refusals

__all__ = [
    "LIVENESS",
    "MAX_MESSAGE",
    "Access",
    "Call",
    "Refusals",
    "RpcServer",
    "aio_channel",
    "call",
    "channel",
]
