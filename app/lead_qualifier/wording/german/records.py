"""What is wrong with a record, the reason of a dead letter: the German sentences."""

SENTENCES: dict[str, str] = {
    # Where the fault is
    "fault_of_field": "{field} {fault}",
    "fault_of_value": "Der Wert {fault}",
    "unknown_here": "ist unbekannt",
    # Values that are not JSON
    "empty_value": "ist leer: Er muss ein JSON-Objekt sein",
    "not_json_in_utf_8": "ist kein JSON in UTF-8: {reason}",
    "byte_order_mark": "ist kein JSON: Er beginnt mit einer Byte-Order-Mark; entfernen Sie sie",
    "wide_encoding": "ist kein JSON in UTF-8, sondern sieht nach {name} aus",
    "framed_json": (
        "ist kein reines JSON: Er beginnt mit dem Rahmen einer Schema Registry (ein Nullbyte und die ID des Schemas);"
        " setzen Sie LEAD_QUALIFIER_SCHEMA_REGISTRY_FRAMING=read, oder senden Sie nur das JSON"
    ),
    "not_json_but": "ist kein JSON, sondern {found}: Senden Sie JSON in UTF-8",
    "kind_framed": "wohl Avro oder Protobuf mit dem Rahmen einer Schema Registry",
    "kind_framed_by_glue": "wohl etwas mit dem Rahmen von AWS Glue",
    "kind_compressed": "{name} (lassen Sie den Kafka-Producer komprimieren: compression.type)",
    "kind_avro_file": "eine Avro-Datei",
    "kind_java_object": "ein serialisiertes Java-Objekt",
    "kind_xml": "XML",
    # Values in an envelope
    "debezium_event": (
        "Der Wert ist ein Änderungsereignis von Debezium: Senden Sie stattdessen die Nachricht dieses Topics, mit der"
        " Transformation ExtractNewRecordState und einer, die die Felder umbenennt"
    ),
    "connect_envelope": (
        "Der Wert ist von Kafka Connect in {{schema, payload}} verpackt: Setzen Sie dort"
        " value.converter.schemas.enable=false, damit nur der Inhalt gesendet wird"
    ),
    "framed_other": (
        "Der Wert hat den Rahmen einer Schema Registry, danach aber kein JSON-Objekt: Avro und Protobuf werden nicht"
        " unterstützt, senden Sie JSON"
    ),
    "value_not_utf_8": "Der Wert ist kein UTF-8 (Byte {byte})",
    "no_envelope": "Der Wert ist kein CloudEvents-Umschlag, obwohl der Header content-type das sagt: {reason}",
    "unannounced_envelope": (
        "Das sieht nach einem CloudEvents-Umschlag aus; dafür ist der Header content-type:"
        " application/cloudevents+json nötig"
    ),
    "envelope_nested_too_deeply": "Der CloudEvents-Umschlag ist zu tief verschachtelt",
    "envelope_attribute": "Ein Attribut des CloudEvents-Umschlags kann nicht gelesen werden: {reason}",
    "envelope_without_data": "data fehlt im CloudEvents-Umschlag",
    "not_base64": "data_base64 im CloudEvents-Umschlag ist kein Base64",
    "another_event_version": "specversion im CloudEvents-Umschlag muss 1.0 sein",
    "another_event_format": (
        "Der Header content-type nennt ein anderes CloudEvents-Format als application/cloudevents+json: Senden Sie ein"
        " Ereignis je Nachricht, in diesem Format oder im Binärmodus"
    ),
    "event_header_not_utf_8": "Ein CloudEvents-Header ist kein UTF-8",
    # Values and keys
    "no_value": "Die Nachricht hat keinen Wert: Er muss ein JSON-Objekt sein",
    "value_no_object": "Der Wert muss ein JSON-Objekt sein",
    "key_not_utf_8": "Der Schlüssel ist kein UTF-8 (Byte {byte})",
    "nothing_erased": (
        "Der Schlüssel der Nachricht ist kein UTF-8, also nicht die ID eines Leads: Nichts wird gelöscht"
    ),
    "no_seller_id": "Die Nachricht hat keinen Wert, und ihr Schlüssel ist keine seller_id in UTF-8",
    "wrong_key": "Die Nachricht {fault}: Der Schlüssel muss {field} in UTF-8 sein",
    "no_key": "hat keinen Schlüssel",
    "another_key": "hat einen Schlüssel, der nicht ihre {field} ist",
    "key_is_object": (
        "hat ein JSON-Objekt als Schlüssel (verwenden Sie für Schlüssel StringSerializer oder, in Kafka Connect,"
        " StringConverter)"
    ),
    "key_framed": (
        "hat als Schlüssel ihre {field} im Rahmen einer Schema Registry (verwenden Sie für Schlüssel StringSerializer)"
    ),
    "key_with_byte_order_mark": "hat als Schlüssel ihre {field} nach einer Byte-Order-Mark",
    "key_in_quotes": (
        "hat als Schlüssel ihre {field} in JSON-Anführungszeichen (verwenden Sie für Schlüssel StringSerializer oder,"
        " in Kafka Connect, StringConverter)"
    ),
    "key_in_utf_16": "hat als Schlüssel ihre {field} in UTF-16",
    # Ids
    "merged_into_itself": "survivor_id darf nicht lead_id sein, also der unterlegene Lead selbst",
    "id_form": "{fault}: Senden Sie die ID in dieser Form (LEAD_QUALIFIER_ID_NORMALISATION={setting})",
    "must_be_guid": (
        "muss eine GUID in Kleinbuchstaben mit Bindestrichen und ohne Klammern sein, zum Beispiel"
        " 3fa85f64-5717-4562-b3fc-2c963f66afa6; gefunden: {found}"
    ),
    "must_be_nfc": "muss in der Unicode-Normalform C (NFC) sein; gefunden: Zeichen in anderer Form",
    "kind_no_guid": "ein Text, der keine GUID ist",
    "kind_guid_in_braces": "eine in Klammern",
    "kind_guid_without_hyphens": "eine ohne Bindestriche",
    "kind_capital_letters": "Großbuchstaben",
    # Times
    "outside_years": "{field} liegt {found}: Korrigieren Sie das Datum, und senden Sie die Nachricht noch einmal",
    "kind_before_1970": "vor 1970",
    "kind_after_2200": "nach 2200",
    "too_far_ahead": (
        "{field} liegt mehr als {ahead:duration} nach der Zeit der Nachricht in Kafka; erlaubt: höchstens"
        " {most:duration} (LEAD_QUALIFIER_TIME_TOLERANCE). Korrigieren Sie die Uhr des Absenders oder das Datum, und"
        " senden Sie die Nachricht noch einmal"
    ),
    "time_not_rfc_3339": "Die Zeit der Nachricht muss RFC 3339 mit Zeitzone sein, zum Beispiel 2026-11-23T09:30:00Z",
    "time_without_zone": "Die Zeit der Nachricht hat keine Zeitzone: Hängen Sie Z oder eine Abweichung wie +01:00 an",
    "unknown_zone": (
        "Die Zeitzone {name} gibt es nicht: Verwenden Sie einen IANA-Namen wie Europe/Berlin oder einen Windows-Namen"
        " wie W. Europe Standard Time"
    ),
}
