import { listPrices, publishedPrices } from "../../../lib/adapters/wrappers/prices.ts";
import type { Table } from "../measure/table.ts";
import { HOURS_PER_MONTH } from "./assumptions.ts";
import type { MeasuredProduce } from "./produces.ts";
import { bytesText } from "./scale.ts";

const KIB = 1024;
const MIB = KIB * KIB;
const GIB = MIB * KIB;
const GB = 1e9;
const SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600;
const STORED_DAYS = 7;
const DAYS_PER_MONTH = HOURS_PER_MONTH / 24;

interface Flow {
  readonly measured: readonly MeasuredProduce[];
  /** Dollars per million requests of 1 KiB, by `lingerMs`, of one broker with many producers. */
  readonly grouped: ReadonlyMap<number, number>;
}

/** What a month of one MiB a second of 1 KiB records costs to write, here and elsewhere. */
export function besideOthers({ measured, grouped }: Flow): Table {
  const bytes = MIB * SECONDS_PER_MONTH;
  const rows: (readonly string[])[] = [];
  for (const { way, valueBytes, perMillion } of measured) {
    const how = valueBytes === KIB ? "a request for each record" : `batches of ${bytesText(valueBytes)}`;
    if (valueBytes >= KIB) rows.push([`Tidelog, ${way}, ${how}`, dollars((bytes / valueBytes / 1e6) * perMillion)]);
  }
  for (const [lingerMs, perMillion] of grouped) {
    if (lingerMs === 0) continue;
    const how = `a request for each record, brought together by one broker within ${lingerMs} ms`;
    rows.push([`Tidelog, in-process, ${how}`, dollars((bytes / KIB / 1e6) * perMillion)]);
  }
  const { kinesis, mskServerless, warpStream, sqs } = publishedPrices;
  rows.push(
    ["Kinesis, on demand, one stream", dollars(kinesis.streamMonth + (bytes / GB) * kinesis.gigabyteIn)],
    ["MSK Serverless", dollars(mskServerless.idleMonth + (bytes / GIB) * mskServerless.gibibyteIn)],
    ["WarpStream, without its agents and their requests", dollars((bytes / GIB) * warpStream.gibibyteIn)],
    ["SQS, a request for each record", dollars((bytes / KIB) * sqs.request)],
  );
  const stored = (bytes / GB / DAYS_PER_MONTH) * STORED_DAYS * listPrices.objectGbMonth;
  return {
    title: "One MiB a second of 1 KiB records, beside others",
    columns: ["what", "$ a month"],
    rows,
    note: `Writing alone: ${Math.round(bytes / GIB).toLocaleString("en")} GiB and ${Math.round(bytes / KIB / 1e6).toLocaleString("en")} million records a month. Tidelog's is counted by this bench, the others' are their published prices of ${listPrices.date} (${listPrices.region}). Storing the last ${STORED_DAYS} days in S3 adds $${stored.toFixed(2)} to Tidelog; others price storage, reading and transfer in their own ways.`,
  };
}

function dollars(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2);
}
