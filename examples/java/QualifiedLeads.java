// Prints each qualified lead. All it needs is the published schema, schemas/lead-qualified.schema.json.
//
// Run it with Kafka's own jars (kafka-clients, and the Jackson that Kafka includes):
//   java -cp 'LIBS/*' examples/java/QualifiedLeads.java BOOTSTRAP TOPIC schemas/lead-qualified.schema.json

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

public class QualifiedLeads {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The newest events: after a crash, a consumer receives events again that it had not committed. */
    private static final Map<String, Boolean> PROCESSED = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > 100_000;
        }
    };

    public static void main(String[] args) throws Exception {
        JsonNode schema = JSON.readTree(new File(args[2]));
        Map<String, Object> config = Map.of(
            "bootstrap.servers", args[0],
            "group.id", args[1] + "-java-example",
            "auto.offset.reset", "earliest",
            "enable.auto.commit", false,
            // Java's default is read_uncommitted, which also returns records of aborted transactions.
            "isolation.level", "read_committed");
        try (var consumer = new KafkaConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer())) {
            Thread main = Thread.currentThread();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                consumer.wakeup();
                try {
                    main.join();
                } catch (InterruptedException ignored) {
                    // the process ends anyway
                }
            }));
            consumer.subscribe(List.of(args[1]));
            while (true) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(500))) {
                    handle(record, schema);
                }
                consumer.commitSync(); // after handling: at least once
            }
        } catch (WakeupException stop) {
            // the process was asked to stop
        }
    }

    private static void handle(ConsumerRecord<String, byte[]> record, JsonNode schema) throws Exception {
        JsonNode event = JSON.readTree(record.value());
        for (JsonNode name : schema.get("required")) {
            if (!event.has(name.asText())) {
                System.err.printf("%s-%d at %d lacks %s%n", record.topic(), record.partition(), record.offset(), name);
                return; // a real consumer would keep the record somewhere
            }
        }
        String id = event.get("event_id").asText();
        String headerId = new String(record.headers().lastHeader("ce_id").value(), StandardCharsets.UTF_8);
        String identity = record.key() + "\n" + id; // some scoring engines number the events of each lead
        if (!id.equals(headerId) || PROCESSED.put(identity, true) != null) {
            return;
        }
        System.out.printf(
            "%s by %s v%d: %s%n",
            event.get("lead_id").asText(),
            event.get("qualification_model_id").asText(),
            event.get("qualification_model_version").asInt(),
            event.get("changes"));
        System.out.flush();
    }
}
