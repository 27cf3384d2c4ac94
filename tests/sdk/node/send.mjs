// Drives one unmodified tracker: node send.mjs <sdk> <host> <key> <events>. Ends when everything was delivered or given up;
// prints what the tracker said of failures, one line each.
import { createRequire } from "node:module";

const [, , sdk, host, key, count] = process.argv;
const require = createRequire(import.meta.url);
const numbers = Array.from({ length: Number(count) }, (_, index) => index);
const failed = (error) => console.log(String(error?.message ?? error).split("\n")[0]);

const senders = {
  async segment() {
    const { Analytics } = require("@segment/analytics-node");
    const client = new Analytics({ writeKey: key, host, flushAt: 5, maxRetries: 5, httpRequestTimeout: 1000 });
    client.on("error", (error) => failed(error.reason ?? error));
    client.identify({ userId: "u1", traits: { phone: "13871654023" } });
    for (const n of numbers) client.track({ userId: "u1", event: "Tea Poured", properties: { n } });
    await client.closeAndFlush();
  },
  async rudder() {
    const Analytics = require("@rudderstack/rudder-sdk-node");
    const client = new Analytics(key, {
      // Its time-out spans all attempts with their pauses.
      dataPlaneUrl: host, flushAt: 5, flushInterval: 100, retryCount: 5, axiosConfig: { timeout: 5000 },
      errorHandler: failed,
    });
    client.identify({ userId: "u1", traits: { phone: "13871654023" } });
    for (const n of numbers) client.track({ userId: "u1", event: "Tea Poured", properties: { n } });
    await client.flush();
  },
  async posthog() {
    const { PostHog } = require("posthog-node");
    const client = new PostHog(key, {
      host, flushAt: 5, flushInterval: 100, fetchRetryCount: 5, fetchRetryDelay: 50, requestTimeout: 1000,
    });
    client.on("error", failed);
    client.identify({ distinctId: "u1", properties: { phone: "13871654023" } });
    for (const n of numbers) client.capture({ distinctId: "u1", event: "Tea Poured", properties: { n } });
    await client.shutdown();
  },
  async jitsu() {
    const { jitsuAnalytics } = require("@jitsu/js");
    const client = jitsuAnalytics({ host, writeKey: `web:${key}`, s2s: true, errorPolicy: failed });
    await client.identify("u1", { phone: "13871654023" });
    for (const n of numbers) await client.track("Tea Poured", { n });
  },
};
await senders[sdk]();
