// Prints each qualified lead with KafkaJS, which needs no plug-in for what lead-qualifier writes by default (gzip).
//
//   npm install kafkajs
//   node qualified-leads.mjs BOOTSTRAP TOPIC

import { Kafka, logLevel } from "kafkajs";

const [brokers, topic] = process.argv.slice(2);
const kafka = new Kafka({ clientId: "qualified-leads", brokers: brokers.split(","), logLevel: logLevel.ERROR });
// KafkaJS reads committed records only, unless it is told otherwise (readUncommitted).
const consumer = kafka.consumer({ groupId: `${topic}-javascript-example` });

// A consumer that died before it committed is given some events again: remember the newest of them.
const seen = new Set();

async function handle({ message }) {
  const event = JSON.parse(message.value.toString());
  const identity = JSON.stringify([event.lead_id, event.event_id]);
  if (seen.has(identity)) return;
  console.log(`${event.lead_id} by ${event.qualification_model_id}: ${Object.keys(event.changes).join(", ")}`);
  seen.add(identity);
  if (seen.size > 100_000) seen.delete(seen.values().next().value);
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
