import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { onAnswerDates } from "../../../lib/adapters/aws/answer-dates.ts";
import { createDynamoClient, createS3Client } from "../../../lib/adapters/aws/aws-clients.ts";
import { boundedClock } from "../../../lib/aws/bounded-clock.ts";
import { clockAheadMsMax, clockAnswersKept } from "../../../lib/base/limits.ts";
import { type Logger, silentLogger } from "../../../lib/base/logger.ts";
import { InstantClock } from "../../support/instant-clock.ts";

const HOUR_MS = 3_600_000;

function watched() {
  const own = new InstantClock();
  const told: string[] = [];
  const logger: Logger = { ...silentLogger, error: (text) => told.push(text), info: (text) => told.push(text) };
  return { own, told, ...boundedClock(own, logger) };
}

describe("a broker's clock", () => {
  test("that agrees with the stores, or is behind them, is left alone", () => {
    const { own, told, clock, heard } = watched();
    for (const off of [0, -HOUR_MS, 10_000, clockAheadMsMax]) {
      heard(own.nowMs() - off);
      expect(clock.nowMs()).toBe(own.nowMs());
    }
    expect(told).toEqual([]);
  });

  test("that is far ahead of the stores shows the stores' time, and goes on with it; that is told once", () => {
    const { own, told, clock, heard } = watched();
    const storeMs = own.nowMs();
    own.advance(HOUR_MS);
    heard(storeMs);
    heard(storeMs);
    expect(clock.nowMs()).toBe(storeMs);
    own.advance(5000);
    expect(clock.nowMs()).toBe(storeMs + 5000);
    expect(clock.monotonicMs()).toBe(own.monotonicMs());
    expect(told).toEqual([expect.stringContaining("ahead")]);
  });

  test("is not taken for fast because of an answer that somebody on the way had kept for long", () => {
    const { own, clock, heard } = watched();
    heard(own.nowMs());
    heard(own.nowMs() - HOUR_MS);
    expect(clock.nowMs()).toBe(own.nowMs());
  });

  test("that jumps ahead is found out within a few answers, and believed again once it is right", () => {
    const { own, told, clock, heard } = watched();
    const storeMs = own.nowMs();
    heard(storeMs);
    own.advance(HOUR_MS);
    for (let answer = 0; answer < clockAnswersKept; answer++) heard(storeMs);
    expect(clock.nowMs()).toBe(storeMs);
    heard(own.nowMs());
    expect(clock.nowMs()).toBe(own.nowMs());
    expect(told).toHaveLength(2);
  });
});

describe("the date of an answer", () => {
  const date = "Fri, 20 Nov 2026 21:00:00 GMT";
  const answering = (statusCode: number, headers: Record<string, string>) => ({
    handle: () => Promise.resolve({ response: { statusCode, headers, body: new Uint8Array() } }),
  });
  const options = { region: "eu-central-1", credentials: { accessKeyId: "a", secretAccessKey: "b" } };

  test.each([200, 400, 503])("of status %i from DynamoDB and from S3 is heard", async (statusCode) => {
    const heard: number[] = [];
    const dynamodb = createDynamoClient(options);
    const s3 = createS3Client(options);
    dynamodb.config.requestHandler = answering(statusCode, { date }) as never;
    s3.config.requestHandler = answering(statusCode, { date }) as never;
    for (const client of [dynamodb, s3]) onAnswerDates(client, (dateMs) => heard.push(dateMs));
    await dynamodb.send(new GetItemCommand({ TableName: "t", Key: { pk: { S: "a" } } })).catch(() => undefined);
    await s3.send(new GetObjectCommand({ Bucket: "bucket", Key: "a" })).catch(() => undefined);
    expect(heard).toEqual([Date.parse(date), Date.parse(date)]);
  });

  test.each([{}, { date: "soon" }])("that is missing or none is not heard: %o", async (headers) => {
    const heard: number[] = [];
    const dynamodb = createDynamoClient(options);
    dynamodb.config.requestHandler = answering(200, headers as Record<string, string>) as never;
    onAnswerDates(dynamodb, (dateMs) => heard.push(dateMs));
    await dynamodb.send(new GetItemCommand({ TableName: "t", Key: { pk: { S: "a" } } })).catch(() => undefined);
    expect(heard).toEqual([]);
  });
});
