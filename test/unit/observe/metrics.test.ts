import { describe, expect, test } from "vitest";
import { createMetrics } from "../../../lib/observe/metrics.ts";

describe("metrics", () => {
  test("counts appear as counters under Prometheus's naming", async () => {
    const { meter, text } = createMetrics({ version: "1.2.3", process: false });
    meter.count("log.commit");
    meter.count("log.commit", 4);
    meter.count("store.items.updateFailed");
    const lines = await text();
    expect(lines).toContain("# TYPE tidelog_log_commit_total counter");
    expect(lines).toContain("tidelog_log_commit_total 5");
    expect(lines).toContain("tidelog_store_items_update_failed_total 1");
    expect(lines).toContain('tidelog_info{version="1.2.3"} 1');
  });

  test("times are observed in seconds, bytes in bytes", async () => {
    const { meter, text } = createMetrics({ version: "1", process: false });
    meter.observe("http.requestMs", 40);
    meter.observe("log.batchBytes", 1000);
    const lines = await text();
    expect(lines).toContain("tidelog_http_request_seconds_sum 0.04");
    expect(lines).toContain('tidelog_http_request_seconds_bucket{le="0.05"} 1');
    expect(lines).toContain('tidelog_http_request_seconds_bucket{le="0.025"} 0');
    expect(lines).toContain('tidelog_log_batch_bytes_bucket{le="1024"} 1');
  });

  test("the process's memory and event loop are there by default", async () => {
    const lines = await createMetrics({ version: "1" }).text();
    expect(lines).toContain("process_resident_memory_bytes");
    expect(lines).toContain("nodejs_eventloop_lag_seconds");
  });

  test("counts that are kept elsewhere are read anew each time", async () => {
    const { show, text } = createMetrics({ version: "1", process: false });
    const counts = { objectPuts: 1 };
    show("store", () => counts);
    expect(await text()).toContain("tidelog_store_object_puts_total 1");
    counts.objectPuts = 5;
    expect(await text()).toContain("tidelog_store_object_puts_total 5");
  });

  test("two servers in one process do not share counts", async () => {
    const first = createMetrics({ version: "1", process: false });
    const second = createMetrics({ version: "1", process: false });
    first.meter.count("log.commit");
    expect(await second.text()).not.toContain("log_commit");
  });

  test("a flood of names is bounded", async () => {
    const { meter, text } = createMetrics({ version: "1", process: false });
    for (let n = 0; n < 1500; n++) meter.count(`flood.n${n}`);
    expect((await text()).match(/^tidelog_flood_\w+ 1$/gm)).toHaveLength(1000);
  });
});
