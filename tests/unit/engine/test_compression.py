"""What a worker reads may be compressed in any way that Kafka knows; a codec that is missing would end it."""

from aiokafka import codec


def test_every_codec_of_kafka_is_installed() -> None:
    assert codec.has_gzip()
    assert codec.has_snappy()
    assert codec.has_lz4()
    assert codec.has_zstd()
