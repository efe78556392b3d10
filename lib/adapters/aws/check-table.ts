import { DescribeTableCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Call } from "../../base/call.ts";
import type { Clock } from "../../base/clock.ts";
import { LogError } from "../../base/errors.ts";
import { PARTITION_KEY, SORT_KEY } from "./dynamo-attribute.ts";
import { withinCall } from "./within-call.ts";

/**
 * Refuses a table on which the log would not be safe, before anything is written: one with other keys, and a
 * global table whose replicas answer conditions from what they happen to know.
 */
export async function checkTable(client: DynamoDBClient, name: string, clock: Clock, call: Call): Promise<void> {
  const operation = { what: "look at the table", actions: ["dynamodb:DescribeTable"], resource: `table ${name}` };
  const { Table: table } = await withinCall(clock, call, operation, (signal) =>
    client.send(new DescribeTableCommand({ TableName: name }), { abortSignal: signal }),
  );
  const keys = (table?.KeySchema ?? []).map((key) => key.AttributeName);
  const areStrings = (table?.AttributeDefinitions ?? []).every(
    ({ AttributeName, AttributeType }) => !keys.includes(AttributeName) || AttributeType === "S",
  );
  if (keys[0] !== PARTITION_KEY || keys[1] !== SORT_KEY || !areStrings) {
    const found = `${keys.join(" and ")}${areStrings ? "" : " (not both strings)"}`;
    const expected = `the strings ${PARTITION_KEY} and ${SORT_KEY}`;
    throw new LogError("StoreFormat", `table ${name} has the keys ${found}, expected ${expected}`, {
      details: { table: name, keys, expected: [PARTITION_KEY, SORT_KEY] },
    });
  }
  const replicas = (table?.Replicas ?? []).map((replica) => replica.RegionName);
  if (replicas.length > 0 && table?.MultiRegionConsistency !== "STRONG") {
    const message = `table ${name} is a global table without strong consistency: two regions would give one offset twice`;
    throw new LogError("StoreFormat", message, { details: { table: name, replicas } });
  }
}
