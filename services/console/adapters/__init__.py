"""The other services by gRPC, the session's cookie, the local sink; nothing of protobuf goes past them."""
