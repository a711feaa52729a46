"""The partitioner against Kafka's own known answers: a wrong one would scatter a person over partitions."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from shared.log import murmur2, partition_of

# org.apache.kafka.common.utils.UtilsTest.testMurmur2
KNOWN = {
    "21": -973932308,
    "foobar": -790332482,
    "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829,
    "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
}


@pytest.mark.parametrize(("key", "answer"), KNOWN.items())
def test_known_answers(key: str, answer: int) -> None:
    assert murmur2(key.encode()) == answer % 2**32
    assert partition_of(key, 12) == (answer & 0x7FFFFFFF) % 12


@given(st.text(), st.integers(1, 64))
def test_as_another_implementation(key: str, partitions: int) -> None:
    every = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key.encode(), every, every)
