"""Attribute names of OpenTelemetry's semantic conventions, pinned here: those of messaging are still in development."""

from typing import Final

SERVICE_NAME: Final = "service.name"
SERVICE_NAMESPACE: Final = "service.namespace"
SERVICE_INSTANCE_ID: Final = "service.instance.id"

ERROR_TYPE: Final = "error.type"

MESSAGING_SYSTEM: Final = "messaging.system"
RABBITMQ: Final = "rabbitmq"
MESSAGING_OPERATION_NAME: Final = "messaging.operation.name"
# One of the three below.
MESSAGING_OPERATION_TYPE: Final = "messaging.operation.type"
SEND: Final = "send"
RECEIVE: Final = "receive"
PROCESS: Final = "process"
MESSAGING_DESTINATION_NAME: Final = "messaging.destination.name"
MESSAGING_ROUTING_KEY: Final = "messaging.rabbitmq.destination.routing_key"
MESSAGING_DELIVERY_TAG: Final = "messaging.rabbitmq.message.delivery_tag"
MESSAGING_MESSAGE_ID: Final = "messaging.message.id"
MESSAGING_BATCH_COUNT: Final = "messaging.batch.message_count"

RPC_SYSTEM: Final = "rpc.system"
GRPC: Final = "grpc"
RPC_SERVICE: Final = "rpc.service"
RPC_METHOD: Final = "rpc.method"
RPC_STATUS_CODE: Final = "rpc.grpc.status_code"

HTTP_METHOD: Final = "http.request.method"
HTTP_ROUTE: Final = "http.route"
HTTP_STATUS_CODE: Final = "http.response.status_code"
