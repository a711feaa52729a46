"""From the log to a service's views and reactions: effect once, in one transaction a batch."""

from shared.reader.effects import ReactionFailed
from shared.reader.reader import LogReader
from shared.reader.work import Stop, no_right

__all__ = ["LogReader", "ReactionFailed", "Stop", "no_right"]
