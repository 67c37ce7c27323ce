"""The state port: small records that services remember and change together.

Two implementations pass one contract suite (`tests/contract/test_state.py`): a SQLite file beside the
embedded store, and an index of Elasticsearch. `open_state` chooses by the configuration.
"""

from logboom.state.opening import open_state
from logboom.state.port import ANY_VERSION, AnyVersion, Record, State, Write

__all__ = ["ANY_VERSION", "AnyVersion", "Record", "State", "Write", "open_state"]
