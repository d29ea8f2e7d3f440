import pytest

from tests.fakes.tickets import MemoryPorts


@pytest.fixture
def desk() -> MemoryPorts:
    """A tickets service in memory, with the groups money and claims and the agent Kate."""
    return MemoryPorts()
