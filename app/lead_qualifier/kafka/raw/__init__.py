"""Record batches byte by byte, where a client library cannot decode them."""

from lead_qualifier.kafka.raw.batches import RawRecords
from lead_qualifier.kafka.raw.decompression import bound_aiokafka
from lead_qualifier.kafka.raw.reader import SILENT_SECONDS, UNDECODABLE, RawReader, fetch_raw

__all__ = ["SILENT_SECONDS", "UNDECODABLE", "RawReader", "RawRecords", "bound_aiokafka", "fetch_raw"]
