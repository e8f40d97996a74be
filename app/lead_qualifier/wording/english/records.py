"""What is wrong with a record: the reasons of dead letters. They are stored in English, and `reasons` reads them."""

SENTENCES: dict[str, str] = {
    # Where the fault is
    "fault_of_field": "{field} {fault}",
    "fault_of_value": "the value {fault}",
    "unknown_here": "is unknown",
    # Values that are not JSON
    "empty_value": "is empty: it must be a JSON object",
    "not_json_in_utf_8": "is not JSON in UTF-8: {reason}",
    "byte_order_mark": "is not JSON: it starts with a byte order mark; remove it",
    "wide_encoding": "is not JSON in UTF-8 but looks like {name}",
    "framed_json": (
        "is not plain JSON: it starts with the framing of a Schema Registry (a zero byte and the schema's id); set "
        "LEAD_QUALIFIER_SCHEMA_REGISTRY_FRAMING=read, or send the JSON alone"
    ),
    "not_json_but": "is not JSON but {found}: send JSON in UTF-8",
    "kind_framed": "what looks like Avro or Protobuf with the framing of a Schema Registry",
    "kind_framed_by_glue": "what looks like the framing of AWS Glue",
    "kind_compressed": "{name} (let the Kafka producer compress: compression.type)",
    "kind_avro_file": "an Avro file",
    "kind_java_object": "a serialized Java object",
    "kind_xml": "XML",
    # Values in an envelope
    "debezium_event": (
        "the value is a Debezium change event: send this topic's message instead, with the transform "
        "ExtractNewRecordState and one that renames the fields"
    ),
    "connect_envelope": (
        "the value is wrapped in {{schema, payload}} by Kafka Connect: set value.converter.schemas.enable=false "
        "there, so that it sends the payload alone"
    ),
    "framed_other": (
        "the value has the framing of a Schema Registry but no JSON object after it: Avro and Protobuf are not "
        "supported, send JSON"
    ),
    "value_not_utf_8": "the value is not UTF-8 (byte {byte})",
    "no_envelope": "the value is not a CloudEvents envelope, although the content-type header says so: {reason}",
    "unannounced_envelope": (
        "it looks like a CloudEvents envelope, which requires the header content-type: application/cloudevents+json"
    ),
    "envelope_nested_too_deeply": "the CloudEvents envelope is nested too deeply",
    "envelope_attribute": "an attribute of the CloudEvents envelope cannot be read: {reason}",
    "envelope_without_data": "data is missing in the CloudEvents envelope",
    "not_base64": "data_base64 of the CloudEvents envelope is not base64",
    "another_event_version": "specversion of the CloudEvents envelope must be 1.0",
    "another_event_format": (
        "the content-type header names a CloudEvents format other than application/cloudevents+json: "
        "send one event per record, in that format or in binary mode"
    ),
    "event_header_not_utf_8": "a CloudEvents header is not UTF-8",
    # Values and keys
    "no_value": "the record has no value: it must be a JSON object",
    "value_no_object": "the value must be a JSON object",
    "key_not_utf_8": "the key is not UTF-8 (byte {byte})",
    "nothing_erased": "the record's key is not UTF-8, so it is not a lead's id and nothing is erased",
    "no_seller_id": "the record has no value, and its key is not a seller_id in UTF-8",
    "wrong_key": "the record {fault}: its key must be the bytes of {field} in UTF-8",
    "no_key": "has no key",
    "another_key": "has a key that is not its {field}",
    "key_is_object": "has a JSON object as key (use StringSerializer, or Connect's StringConverter, for keys)",
    "key_framed": "has its {field} in the framing of a Schema Registry as key (use StringSerializer for keys)",
    "key_with_byte_order_mark": "has a byte order mark before its {field} as key",
    "key_in_quotes": (
        "has its {field} in JSON quotes as key (use StringSerializer, or Connect's StringConverter, for keys)"
    ),
    "key_in_utf_16": "has its {field} in UTF-16 as key",
    # Ids
    "merged_into_itself": "survivor_id must not be lead_id, the loser itself",
    "id_form": "{fault}: send the id in this form (LEAD_QUALIFIER_ID_NORMALISATION={setting})",
    "must_be_guid": (
        "must be a GUID in lower case, with hyphens and without braces, as in 3fa85f64-5717-4562-b3fc-2c963f66afa6, "
        "found {found}"
    ),
    "must_be_nfc": "must be in Unicode normalization form C (NFC), found characters in another form",
    "kind_no_guid": "text that is not a GUID",
    "kind_guid_in_braces": "one in braces",
    "kind_guid_without_hyphens": "one without hyphens",
    "kind_capital_letters": "capital letters",
    # Times
    "outside_years": "{field} is {found}: correct the date and send the message again",
    "kind_before_1970": "before 1970",
    "kind_after_2200": "after 2200",
    "too_far_ahead": (
        "{field} is more than {ahead:duration} ahead of the record's time in Kafka, and at most {most:duration} is "
        "accepted (LEAD_QUALIFIER_TIME_TOLERANCE): correct the sender's clock or the date, and send the message again"
    ),
    "time_not_rfc_3339": "its time must be RFC 3339 with zone, such as 2026-11-23T09:30:00Z",
    "time_without_zone": "its time has no zone: end it with Z or an offset such as +01:00",
    "unknown_zone": (
        "time_zone {name} does not exist: use an IANA name such as Europe/Berlin, "
        "or a Windows name such as W. Europe Standard Time"
    ),
}
