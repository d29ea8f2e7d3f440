"""The own nodes: a broker and a store that this process starts, kills, freezes and ends by their pids."""

from local.broker_node import BrokerNode, BrokerPorts
from local.mongo_node import MongoNode
from local.node_card import NodeError

__all__ = ["BrokerNode", "BrokerPorts", "MongoNode", "NodeError"]
