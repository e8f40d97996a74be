"""The kinds of broker, in the order in which the finder tries them."""

from __future__ import annotations

from enum import StrEnum


class BrokerKind(StrEnum):
    """Where a broker comes from. The value is also the name of its folder under the data folder."""

    GIVEN = "given"
    CONTAINER = "container"
    JAVA = "java"
    NOIDA = "noida"


IN_ORDER = (BrokerKind.CONTAINER, BrokerKind.JAVA, BrokerKind.NOIDA)
"""What is tried when no address is given."""
