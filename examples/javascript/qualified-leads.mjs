// Prints each qualified lead. KafkaJS needs no plug-in for the default compression of lead-qualifier (gzip).
//
//   npm install kafkajs
//   node qualified-leads.mjs BOOTSTRAP TOPIC

import { Kafka, logLevel } from "kafkajs";

const [brokers, topic] = process.argv.slice(2);
const kafka = new Kafka({ clientId: "qualified-leads", brokers: brokers.split(","), logLevel: logLevel.ERROR });
// KafkaJS reads committed records only, unless readUncommitted is set.
const consumer = kafka.consumer({ groupId: `${topic}-javascript-example` });

// After a crash, a consumer receives events again that it had not committed, so remember the newest ones.
const processed = new Set();

async function handle({ message }) {
  const event = JSON.parse(message.value.toString());
  const identity = JSON.stringify([event.lead_id, event.event_id]);
  if (processed.has(identity)) return;
  console.log(`${event.lead_id} by ${event.qualification_model_id}: ${Object.keys(event.changes).join(", ")}`);
  processed.add(identity);
  if (processed.size > 100_000) processed.delete(processed.values().next().value);
}

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => consumer.disconnect().then(() => process.exit(0)));
consumer.on(consumer.events.CRASH, ({ payload }) => {
  if (!payload.restart) {
    console.error(payload.error.message);
    process.exit(1);
  }
});
await consumer.connect();
await consumer.subscribe({ topics: [topic], fromBeginning: true });
await consumer.run({ eachMessage: handle });
